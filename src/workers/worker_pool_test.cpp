#include "workers/worker_pool.h"

#include <latch>
#include <set>
#include <stdexcept>

#include "workers/local_driver.h"
#include "workers/pool_test.h"

// What a run does over attempts, crashes and restarts is told in tests/scenarios; here is what
// cannot be said there.
namespace synap::workers {
namespace {

TEST_F(KilledPoolTest, ARunThatSawTheProcessEndWheneverItWasDoneAloneIsGivenUp) {
  testing::internal::CaptureStderr();
  die_of_the_first_run(4);  // made here, so nothing is known of it
  die_of_the_first_run();   // done beside others
  for (int alone = 1; alone <= 3; ++alone) die_of_the_first_run();
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  sync_wait(executor, [](events::EventLog& log) -> Task<void> {
    co_await log.end().wait_past(4);  // its .failed
  }(*own->log));
  EXPECT_TRUE(own->engine->pool->stop(std::chrono::seconds(30)));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("was given up"), std::string::npos);
  EXPECT_EQ(failed(), 1);
  EXPECT_EQ(left_to_do(), 0);
}

TEST_F(KilledPoolTest, ARunThatIsGivenUpLeavesNoStepThatIsUnderWay) {
  Watermark deadly;
  static auto& never = *new Watermark;
  const auto handler = [&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.sleep("a while", std::chrono::hours(1));
    deadly.raise(deadly.value() + 1);
    co_await never.wait_past(0);
    co_return Outcome::done();
  };
  start(handler);
  append(1);
  wait_for_delayed();
  EXPECT_EQ(count("SELECT count(*) FROM pending_steps_data"), 1);
  world.pass(std::chrono::hours(1));
  for (int i = 0; i < 5; ++i) {
    sync_wait(executor, [&]() -> Task<void> { co_await deadly.wait_past(i); }());
    own.reset();
    if (i < 4) start(handler);
  }
  start(handler);
  wait_for_jobs(0);
  EXPECT_EQ(failed(), 1);
  EXPECT_EQ(count("SELECT count(*) FROM pending_steps_data"), 0);
}

// Somebody kills the pod whenever it has started: no run has had its chance.
TEST_F(KilledPoolTest, ARunThatWasDoneAloneWaitsForAPodThatLasts) {
  for (int i = 0; i < 3; ++i) die_of_the_first_run(i == 0 ? 1 : 0);
  pause = std::chrono::seconds(2);
  std::atomic<int> calls = 0;
  const auto start_and_serve_others = [&] {
    start([&](const Event& event, Step&) -> Task<Outcome> {
      if (event.position == 1) ++calls;
      co_return Outcome::done();
    });
    append(1);
    wait_for_jobs(1);
    EXPECT_EQ(calls, 0);
  };
  for (int kills = 0; kills < 6; ++kills) {
    start_and_serve_others();
    world.pass(pause - std::chrono::milliseconds(1));
    append(1);  // behind what the time has brought about
    wait_for_jobs(1);
    own.reset();
    EXPECT_EQ(calls, 0);
  }
  start_and_serve_others();
  world.pass(pause);
  wait_for_jobs(0);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(failed(), 0);
}

TEST_F(KilledPoolTest, ARunThatHangsIsAloneForATimeAndNotToItsEnd) {
  die_of(2, [&] { append(2); });
  die_of(2);  // found, and done beside each other
  static auto& never = *new Watermark;
  std::vector<std::int64_t> begun;  // of the pool's thread
  Watermark begun_count;
  start([&](const Event& event, Step&) -> Task<Outcome> {
    begun.push_back(event.position);
    begun_count.raise(begun_count.value() + 1);
    if (event.position == 1) co_await never.wait_past(0);
    co_return Outcome::done();
  });
  wait(begun_count);
  test::settle(own->engine->pool->executor());  // it sleeps for the time that the run has
  world.pass(std::chrono::milliseconds(9'999));
  append(1);  // goes on meanwhile
  wait_for_jobs(2);
  world.pass(std::chrono::milliseconds(1));
  wait_for_jobs(1);
  EXPECT_EQ(begun, (std::vector<std::int64_t>{1, 3, 2}));
}

TEST_F(KilledPoolTest, WhoHasManyRunsThatHangHasThemBegunInTurnsWithOthers) {
  die_of(4, [&] {
    append(3, "ann");
    append(1, "ben");
  });
  die_of(4);
  static auto& never = *new Watermark;
  Watermark hangs;
  start([&](const Event& event, Step&) -> Task<Outcome> {
    if (event.user_id == "ann") {
      hangs.raise(hangs.value() + 1);
      co_await never.wait_past(0);
    }
    co_return Outcome::done();
  });
  wait(hangs);
  test::settle(own->engine->pool->executor());
  world.pass(std::chrono::seconds(10));
  wait_for_jobs(3);
  EXPECT_EQ(count("SELECT count(*) FROM jobs WHERE user_id = 'ben'"), 0);
}

// The pool looks at the clock of its world, not at the machine's.
TEST_F(KilledPoolTest, ARetryIsMadeWhenItsTimeHasCome) {
  std::atomic<int> calls = 0;
  start_to_succeed_second(calls, 3'600'000);
  world.pass(std::chrono::milliseconds(3'600'000));
  wait_for_jobs(0);
  EXPECT_EQ(calls, 2);
}

// A step of it that waited has been answered, say; the store or the app asked to be left alone.
TEST_F(KilledPoolTest, NothingThatHappensHasARetryMadeBeforeItsTime) {
  std::atomic<int> calls = 0;
  start_to_succeed_second(calls, 60'000);
  ASSERT_TRUE(test::run(executor, [&] {
    return own->database->write([&](db::Tx& tx) {
      bus::Job job;
      {
        auto rows = tx.query("SELECT line, position, run FROM parked_jobs");
        ASSERT_TRUE(rows.next());
        job.line = rows.uuid(0).value_or(Uuid{});
        job.position = rows.integer(1);
        job.run_id = rows.uuid(2).value_or(Uuid{});
      }
      EXPECT_TRUE(own->engine->jobs.wake(tx, job));
    });
  }));
  EXPECT_EQ(count("SELECT count(*) FROM parked_jobs"), 1);
  world.pass(std::chrono::milliseconds(60'000));
  wait_for_jobs(0);
  EXPECT_EQ(calls, 2);
}

// What it has done is done, whether or not there is room to say so.
TEST_F(KilledPoolTest, WhatACallHasComeToIsStoredWhenItCanBeAndNotDoneAgain) {
  testing::internal::CaptureStderr();
  std::atomic<int> calls = 0;
  start([&](const Event&, Step&) -> Task<Outcome> {
    ++calls;
    co_return Outcome::done();
  });
  const auto run_all = [&](const std::vector<std::string>& statements) {
    ASSERT_TRUE(test::run(executor, [&] {
      return own->database->write([&](db::Tx& tx) {
        for (const auto& sql : statements) tx.run(sql);
      });
    }));
  };
  run_all(store->refuse("UPDATE", "runs_data"));
  append(1);
  // Later and later.
  for (int seconds = 1; seconds <= 8; seconds *= 2) {
    ASSERT_TRUE(world.wait_for_sleeper(std::chrono::seconds(seconds)));
    EXPECT_EQ(left_to_do(), 1);
    if (seconds == 8) run_all(store->refuse_no_more("runs_data"));
    world.pass(std::chrono::seconds(seconds));
  }
  wait_for_jobs(0);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(count("SELECT count(*) FROM runs_data WHERE status = 'completed'"), 1);
}

TEST_F(KilledPoolTest, WhatACallHasComeToIsDoneAgainWhereTooMuchIsKept) {
  testing::internal::CaptureStderr();
  unstored_bytes_max = 2'000;
  std::atomic<int> calls = 0;
  start([&](const Event&, Step&) -> Task<Outcome> {
    ++calls;
    co_return Outcome::done('"' + std::string(2'000, 'x') + '"');
  });
  const auto run_all = [&](const std::vector<std::string>& statements) {
    ASSERT_TRUE(test::run(executor, [&] {
      return own->database->write([&](db::Tx& tx) {
        for (const auto& sql : statements) tx.run(sql);
      });
    }));
  };
  run_all(store->refuse("UPDATE", "runs_data"));
  append(1);
  ASSERT_TRUE(world.wait_for_sleeper(std::chrono::seconds(1)));
  EXPECT_EQ(calls, 1);
  run_all(store->refuse_no_more("runs_data"));
  world.pass(std::chrono::seconds(1));
  wait_for_jobs(0);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(calls, 2);
}

TEST_F(KilledPoolTest, ARunThatCannotGetAtItsOwnFileKeepsNoOtherWaiting) {
  std::atomic<int> calls = 0;
  start([&](const Event& event, Step&) -> Task<Outcome> {
    if (event.position > 1) co_return Outcome::done();
    ++calls;
    co_return Outcome::failed({Code::kServiceUnavailable, "", nullptr, Fault::kGone});
  });
  append(1);
  wait_for_delayed();
  append(5);
  wait_for_jobs(1);  // while no time passes
  EXPECT_EQ(calls, 1);
  // It waits longer each time, and spends no attempt.
  for (int seconds = 1; seconds <= 16; seconds *= 2) {
    world.pass(std::chrono::milliseconds(1'000 * seconds));
    ASSERT_TRUE(test::wait_until(executor, own->database->commits(), [&] {
      return calls > 1 && own->engine->jobs.parked_count() == 1;
    }));
    wait_for_delayed();
  }
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(count("SELECT sum(attempts) FROM runs_data WHERE event_position = 1"), 0);
  EXPECT_EQ(failed(), 0);
}

TEST_F(KilledPoolTest, AFunctionWhoseStoreIsGoneIsPausedAndGoesOnWhenOneGetsThrough) {
  std::atomic<bool> is_gone = true;
  std::atomic<int> calls = 0;
  start([&](const Event&, Step&) -> Task<Outcome> {
    ++calls;
    if (!is_gone) co_return Outcome::done();
    co_return Outcome::failed({Code::kServiceUnavailable, "", nullptr, Fault::kGone});
  });
  append(100);
  // All that were under way together say so; the others wait for one of them to get through.
  wait_for_answers([&] { return calls > 0 && own->engine->queue.running_count() == 0; });
  EXPECT_LE(calls, 16);
  const int before = calls;
  ASSERT_TRUE(world.wait_for_sleeper(std::chrono::milliseconds(1'000)));
  world.pass(std::chrono::milliseconds(1'000));
  wait_for_answers([&] { return calls > before && own->engine->queue.running_count() == 0; });
  EXPECT_EQ(calls, before + 1);
  is_gone = false;
  for (int i = 0; i < 100 && left_to_do() > 0; ++i) {
    world.pass(std::chrono::milliseconds(1'000));
    ASSERT_TRUE(test::run(own->engine->pool->executor(), [&] {
      return own->database->write(db::Lane::kBackground, [](db::Tx&) {});
    }));
  }
  wait_for_jobs(0);
  EXPECT_EQ(failed(), 0);
}

TEST_F(KilledPoolTest, AClockThatIsSetBackPutsOffNoRetry) {
  std::atomic<int> calls = 0;
  start_to_succeed_second(calls, 2'000);
  world.jump(-std::chrono::hours(24));
  world.pass(std::chrono::milliseconds(2'000));
  wait_for_jobs(0);
  EXPECT_EQ(calls, 2);
}

TEST_F(KilledPoolTest, AClockThatIsBehindAtTheStartPutsOffNothingByMoreThanItsOwnDelay) {
  std::atomic<int> calls = 0;
  const auto handler = [&](const Event& event, Step& step) -> Task<Outcome> {
    ++calls;
    if (event.position == 2) co_await step.sleep("a while", std::chrono::milliseconds(2'000));
    if (calls > 2) co_return Outcome::done();
    co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 2'000);
  };
  start(handler);
  append(2);
  wait_for_delayed(2);
  own.reset();
  world.jump(-std::chrono::hours(24));
  start(handler);
  wait_for_delayed(2);
  world.pass(std::chrono::milliseconds(1'999));
  EXPECT_EQ(own->engine->jobs.parked_count(), 2);
  world.pass(std::chrono::milliseconds(1));
  wait_for_jobs(0);
  EXPECT_EQ(calls, 4);
}

TEST_F(KilledPoolTest, RunsAreDoneAlsoWhileTheClockIsBefore1970) {
  world.jump(-std::chrono::years(60));
  std::atomic<int> calls = 0;
  start([&](const Event&, Step&) -> Task<Outcome> {
    if (++calls == 2) co_return Outcome::done();
    co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 2'000);
  });
  append(1);
  wait_for_delayed();
  world.pass(std::chrono::milliseconds(2'000));
  wait_for_jobs(0);
  EXPECT_EQ(calls, 2);
}

TEST_F(WorkerPoolTest, ADeadLetterOfAFunctionThatOnlyListensIsItsOwnAlone) {
  fulfills = false;
  start([](const Event&, Step&) -> Task<Outcome> {
    co_return Outcome::failed_for_good({Code::kNotFound, "gone", nullptr});
  });
  testing::internal::CaptureStderr();
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(text_of("SELECT status FROM runs_data"), "failed");
  // Nobody is told that the request has failed: this is not what carries it out.
  EXPECT_EQ(text_of("SELECT group_concat(name) FROM (SELECT name FROM " + store->named_events() +
                    " ORDER BY position) AS found"),
            "thing.making.requested,function.failed");
}

TEST_F(WorkerPoolTest, ARunThatIsCancelledWhileSomebodyElseSettlesItIsForgotten) {
  const auto done = [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); };
  start(done);
  append();
  wait_until_idle();
  pool->put({.id = "g"}, std::make_shared<LocalDriver>(
                             std::make_unique<FunctionHandler>("none", done), engine->runs));
  const auto event = *sync_wait(executor, log->at(1));
  bus::Job job{.position = 1,
               .run_id = time.new_id(),
               .function = engine->functions.find("g"),
               .user_id = "ann"};
  job.line = job.run_id;
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      const Judged judged{
          .function = job.function, .event = event, .due_at = engine->runs.clock().now() + 60'000};
      engine->maker.begin(tx, judged, {}, job.run_id, {});
      EXPECT_TRUE(engine->jobs.claim_unbegun(tx, job));
    });
  }));
  ASSERT_TRUE(sync_wait(executor, pool->cancel("ann", job.run_id, std::nullopt)));
  const auto settled = sync_wait(executor, pool->settle(job, *event, {}));
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().code, Code::kConflict);
  EXPECT_FALSE(engine->runs.take_cancelled(job.run_id));
}

TEST_F(WorkerPoolTest, HandlerThatThrowsHasFailedItsAttempt) {
  std::atomic<int> attempts = 0;
  start([&](const Event&, Step&) -> Task<Outcome> {
    if (++attempts == 1) throw std::runtime_error("no such luck");
    if (attempts == 2) throw 2;
    co_return Outcome::done();
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT status || ' ' || attempts FROM runs_data"), "completed 3");
}

TEST_F(WorkerPoolTest, HandlerThatAlwaysThrowsMakesADeadLetterThatSaysSo) {
  start([](const Event&, Step& step) -> Task<Outcome> {
    co_await step.run<void>("it", []() -> Task<Result<void>> {
      throw std::runtime_error("no such luck");
      co_return Result<void>{};
    });
    co_return Outcome::done();
  });
  testing::internal::CaptureStderr();
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(text_of("SELECT status || ' ' || attempts || ' ' || error FROM runs_data"),
            "failed 4 "
            R"({"name":"INTERNAL_SERVER_ERROR","message":"The handler threw: no such luck"})");
}

TEST_F(WorkerPoolTest, HandlersRunAtTheSameTimeAsManyAsAllowed) {
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  Watermark arrived;
  start(
      [&](const Event&, Step&) -> Task<Outcome> {
        most = std::max(most.load(), ++under_way);
        arrived.raise(under_way);
        co_await arrived.wait_past(2);  // until three are here at once
        --under_way;
        co_return Outcome::done();
      },
      4);
  append(50);
  wait_until_idle();
  EXPECT_EQ(most, 3) << "of the four places of the function, those that one user may have";
}

TEST_F(WorkerPoolTest, ManyRunsEndExactlyOnce) {
  ASSERT_TRUE(database->migrate({{"t", "CREATE TABLE marks(event INTEGER PRIMARY KEY)"}}));
  std::set<std::int64_t> failed_once;  // handlers share one thread
  start([&](const Event& event, Step& step) -> Task<Outcome> {
    auto first = co_await step.run<std::int64_t>("first", [&]() -> Task<Result<std::int64_t>> {
      if (event.position % 7 == 0 && failed_once.insert(event.position).second)
        co_return fail(Code::kServiceUnavailable, "now and then");
      co_return 1;
    });
    if (!first) co_return Outcome::failed(first.error());
    auto marked = co_await step.commit("mark", [&](db::Tx& tx) {
      tx.run("INSERT INTO marks(event) VALUES ($1)", event.position);
    });
    co_return marked ? Outcome::done() : Outcome::failed(marked.error());
  });
  for (int i = 0; i < 20; ++i) append(25);
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "500");
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE status = 'completed'"), "500");
}

TEST_F(WorkerPoolTest, EachOfManyFunctionsHasItsRunOfOneEvent) {
  add_first = [](WorkerPool& its) {
    for (int i = 0; i < 600; ++i) {
      its.add("more" + std::to_string(i),
              std::make_unique<FunctionHandler>(
                  "thing.making.requested",
                  [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); }),
              {});
    }
  };
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  append();
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "601");
  wait_until("SELECT count(*) FROM admissions", "0");
  EXPECT_EQ(text_of("SELECT count(DISTINCT function) FROM runs_data"), "601");
}

TEST_F(WorkerPoolTest, StopWaitsForWhatIsUnderWayAndTakesNoMore) {
  Watermark gate;
  std::latch entered{1};
  start(
      [&](const Event&, Step&) -> Task<Outcome> {
        entered.count_down();
        co_await gate.wait_past(0);
        co_return Outcome::done();
      },
      1);
  append(3);
  entered.wait();
  EXPECT_FALSE(pool->stop(std::chrono::milliseconds(0)));
  gate.raise(1);
  EXPECT_TRUE(pool->stop(std::chrono::seconds(30)));
  EXPECT_EQ(text_of("SELECT count(*) FROM jobs"), "2");
}

TEST_F(WorkerPoolTest, MayBeDestroyedWhileARunWaitsForTheDatabase) {
  std::latch entered{1};
  std::latch release{1};
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto done = co_await step.commit("hold", [&](db::Tx&) {
      entered.count_down();
      release.wait();
    });
    co_return done ? Outcome::done() : Outcome::failed(done.error());
  });
  append();
  entered.wait();
  engine->pool.reset();
  release.count_down();
  // Behind the commit: by now the run's coroutine has been handed to an executor.
  ASSERT_TRUE(test::run(executor, [&] { return database->write([](db::Tx&) {}); }));
  // What was committed is committed, and goes on from there after the next start.
  EXPECT_EQ(text_of("SELECT count(*) FROM run_steps_data"), "1");
  EXPECT_EQ(text_of("SELECT count(*) FROM jobs"), "1");
}

TEST_F(WorkerPoolTest, EveryAttemptIsCountedByHowItEnded) {
  testing::internal::CaptureStderr();
  // The first completes, the second sleeps once, the third fails at each of its four attempts.
  start([](const Event& event, Step& step) -> Task<Outcome> {
    if (event.position == 2) co_await step.sleep("nap", std::chrono::milliseconds(1));
    if (event.position == 3) co_return Outcome::failed({Code::kServiceUnavailable, "no"});
    co_return Outcome::done();
  });
  append(3);
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  const auto counts = engine->functions.own_meter("f");
  EXPECT_EQ(counts->completed.value(), 2u);
  EXPECT_EQ(counts->slept.value(), 1u);
  EXPECT_EQ(counts->retried.value(), 3u);
  EXPECT_EQ(counts->given_up.value(), 1u);
  EXPECT_EQ(counts->unstored.value(), 0u);
  EXPECT_EQ(counts->took.count(), 7u) << "calls of the handler";
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("of f was given up: no code="), std::string::npos);
  EXPECT_NE(told.find(" user=ann request="), std::string::npos) << told;
}

TEST_F(WorkerPoolTest, EveryAttemptAtAStepIsCountedAndEveryStartMeasured) {
  std::atomic<int> tries = 0;
  start([&](const Event& event, Step& step) -> Task<Outcome> {
    const auto work = [&]() -> Task<Result<int>> {
      if (event.position == 2 && ++tries == 1) co_return fail(Code::kTimeout, "not yet");
      if (event.position == 3) co_return fail(Code::kBadRequest, "never");
      co_return 1;
    };
    if (auto done = co_await step.run<int>("work", work); !done) {
      co_return Outcome::failed(done.error());
    }
    co_await step.sleep("nap", std::chrono::milliseconds(1));
    co_return co_await step.finish("end", [](db::Tx&) {});
  });
  append(3);
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  const auto meter = engine->functions.own_meter("f");
  EXPECT_EQ(meter->steps_completed.value(), 4u) << "sleeps are no work";
  EXPECT_EQ(meter->steps_retried.value(), 1u);
  EXPECT_EQ(meter->steps_failed.value(), 1u);
  EXPECT_EQ(meter->step_time.count(), 5u);
  EXPECT_EQ(meter->start_delay.count(), 3u) << "first calls alone";
  EXPECT_EQ(meter->lost_leases.value(), 0u);
}

TEST_F(WorkerPoolTest, AClaimThatAnotherHasTakenIsCountedAsLost) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    if (++calls == 1) {
      // As one who thinks that this process is dead.
      std::ignore =
          co_await database->write([](db::Tx& tx) { tx.run("UPDATE jobs SET fence = fence + 1"); });
    }
    co_return co_await step.finish("end", [](db::Tx&) {});
  });
  append(1);
  const auto meter = engine->functions.own_meter("f");
  for (int i = 0; i < 2'000 && meter->lost_leases.value() == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(meter->lost_leases.value(), 1u);
  EXPECT_EQ(meter->completed.value(), 0u);
}

// It goes first, and computes until the other one is through.
TEST_F(WorkerPoolTest, AFunctionThatComputesHasAThreadOfItsOwn) {
  std::latch is_through{1};
  std::atomic<bool> is_elsewhere = false;
  add_first = [&](WorkerPool& added_to) {
    const auto compute = [&](const Event&, Step& step) -> Task<Outcome> {
      is_elsewhere = Executor::current() != &pool->executor();
      is_through.wait();
      co_return co_await step.finish("end", [](db::Tx&) {});
    };
    added_to.add("a", std::make_unique<FunctionHandler>("thing.making.requested", compute),
                 {.computes = true});
  };
  start([&](const Event&, Step&) -> Task<Outcome> {
    is_through.count_down();
    co_return Outcome::done();
  });
  append();
  wait_until_idle();
  EXPECT_TRUE(is_elsewhere);
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE status = 'completed'"), "2");
}

}  // namespace

// Drivers that come and go while the pool works.
class CountingDriver final : public Driver {
 public:
  explicit CountingDriver(std::string name) : name_(std::move(name)) {}
  Task<Answer> call(Call) override {
    Answer answer;
    answer.kind = Answer::Kind::kDone;
    answer.output = R"(")" + name_ + R"(")";
    co_return answer;
  }

 private:
  std::string name_;
};

TEST_F(WorkerPoolTest, FunctionsComeAndAreReplacedWhileThePoolWorks) {
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  const auto put = [&](const char* name) {
    pool->put({.id = "of-ann", .triggers = {{"thing.making.requested"}}, .user_id = "ann"},
              std::make_shared<CountingDriver>(name));
  };
  const auto* outputs =
      "SELECT coalesce(group_concat(output), '') FROM (SELECT output FROM runs_data "
      "WHERE function = 'of-ann' ORDER BY event_position) AS found";
  append();
  put("first");
  append();
  wait_until(outputs, R"("first")");
  put("second");
  append();
  wait_until(outputs, R"("first","second")");
  EXPECT_NE(engine->functions.own_meter("of-ann"), nullptr);
}

// Or one call at a time would be made of it for ever.
TEST_F(WorkerPoolTest, AFunctionThatIsTakenAwayIsPausedNoMore) {
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  pool->put({.id = "g", .triggers = {{"thing.making.requested"}}},
            std::make_shared<LocalDriver>(
                std::make_unique<FunctionHandler>("thing.making.requested",
                                                  [](const Event&, Step&) -> Task<Outcome> {
                                                    co_return Outcome::failed(
                                                        {Code::kServiceUnavailable, "", nullptr,
                                                         Fault::kGone});
                                                  }),
                engine->runs));
  append(10);  // of fewer it is not paused
  wait_until("SELECT count(*) FROM runs_data WHERE function = 'f' AND status = 'completed'", "10");
  ASSERT_TRUE(test::wait_until(executor, database->commits(),
                               [this] { return engine->queue.next_end_of_pause().has_value(); }));
  EXPECT_GE(engine->queue.function_count(), 1U);
  pool->remove("g");
  for (int i = 0; i < 1'000 && engine->queue.function_count() > 0; ++i) {
    ASSERT_TRUE(test::run(pool->executor(),
                          [&] { return database->write(db::Lane::kBackground, [](db::Tx&) {}); }));
  }
  EXPECT_EQ(engine->queue.function_count(), 0U);
}

TEST_F(WorkerPoolTest, ARunWhoseFunctionIsTakenAwayWaitsForItsReturn) {
  std::latch entered(1);
  Watermark release;
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  class Failing final : public Driver {
   public:
    explicit Failing(std::latch& entered, Watermark& release)
        : entered_(entered), release_(release) {}
    Task<Answer> call(Call) override {
      entered_.count_down();
      co_await release_.wait_past(0);
      Answer answer;
      answer.kind = Answer::Kind::kFailed;
      answer.may_retry = true;
      answer.retry_delay_ms = 0;
      co_return answer;
    }

   private:
    std::latch& entered_;
    Watermark& release_;
  };
  const bus::Function function{
      .id = "of-ann", .triggers = {{"thing.making.requested"}}, .user_id = "ann"};
  pool->put(function, std::make_shared<Failing>(entered, release));
  append();
  entered.wait();
  pool->remove("of-ann");
  EXPECT_EQ(engine->functions.own_meter("of-ann"), nullptr);
  release.raise(1);
  wait_until("SELECT count(*) FROM parked_jobs WHERE function = 'of-ann'", "1");
  pool->put(function, std::make_shared<CountingDriver>("back"));
  wait_until("SELECT output FROM runs_data WHERE function = 'of-ann'", R"("back")");
}

}  // namespace synap::workers

// Runs that have to do with each other: one asks for another, waits for its end or for a signal, is
// cancelled while others wait.
#include <latch>

#include "bus/function_events.h"
#include "workers/pool_test.h"

namespace synap::workers {
namespace {

class RunsTogether : public WorkerPoolTest {
 protected:
  // A function that nothing triggers, beside "f".
  void add_child(FunctionHandler::Function function) {
    add_first = [function = std::move(function)](WorkerPool& pool) {
      pool.add("child", std::make_unique<FunctionHandler>("function.invoked.child", function),
               {.retry = {.retries_max = 1, .delay_ms = 1}});
    };
    types.add("thing.told", object("Told").field("n", optional(number())), "");
  }
  FunctionHandler::Function asking(std::chrono::milliseconds timeout = Step::kInvokeTimeout,
                                   std::string function = "child") {
    return [timeout, function](const Event&, Step& step) -> Task<Outcome> {
      auto answer =
          co_await step.invoke<std::string>("ask", {function, Json::object({{"n", 7}})}, timeout);
      co_return answer ? Outcome::done(Json(*answer).dump()) : Outcome::failed(answer.error());
    };
  }
  std::string run_of(std::string_view function) {
    return text_of(
        "SELECT status || ' ' || coalesce(output, error) FROM runs_data WHERE function = '" +
        std::string(function) + "' ORDER BY id");
  }
  std::string types_in_log() {
    return text_of("SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM " +
                   store->named_events() +
                   " WHERE name <> 'thing.making.requested' ORDER BY position) AS found");
  }
  Uuid id_of(std::string_view function) {
    return Uuid::from_bytes(
               text_of("SELECT id FROM runs_data WHERE function = '" + std::string(function) + "'"))
        .value_or(Uuid{});
  }
};

TEST_F(RunsTogether, AStepIsAnsweredWithWhatTheRunItAsksForComesTo) {
  std::string seen;
  add_child([&](const Event& event, Step&) -> Task<Outcome> {
    const auto asked = events::data_of(event, bus::kFunctionInvoked);
    seen = (*asked)->data.dump();
    co_return Outcome::done(R"("from the child")");
  });
  start(asking());
  append();
  wait_until_idle();
  EXPECT_EQ(seen, R"({"n":7})");
  EXPECT_EQ(run_of("f"), R"(completed "from the child")");
  // Nobody listens to ends.
  EXPECT_EQ(types_in_log(), "function.invoked");
}

TEST_F(RunsTogether, AStepFailsAsTheRunThatItAskedFor) {
  add_child([](const Event&, Step&) -> Task<Outcome> {
    co_return Outcome::failed_for_good({Code::kForbidden, "not you", nullptr});
  });
  testing::internal::CaptureStderr();
  start(asking());
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(run_of("f"), R"(failed {"name":"FORBIDDEN","message":"not you"})");
}

TEST_F(RunsTogether, AFunctionThatThereIsNotIsToldAtOnce) {
  add_child([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  testing::internal::CaptureStderr();
  start(asking(Step::kInvokeTimeout, "nobody"));
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(run_of("f"),
            R"(failed {"name":"NOT_FOUND","message":"could not find function with ID: nobody"})");
  EXPECT_EQ(types_in_log(), "thing.making.failed,function.failed");
}

TEST_F(RunsTogether, AFunctionOfAnotherUserCannotBeAskedFor) {
  add_child([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  testing::internal::CaptureStderr();
  start(asking(Step::kInvokeTimeout, "of-bob"));
  pool->put({.id = "of-bob", .triggers = {}, .user_id = "bob"}, nullptr);
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(run_of("f"), testing::HasSubstr("could not find function with ID: of-bob"));
}

TEST_F(RunsTogether, AFunctionThatInvokesItselfComesToAnEnd) {
  add_child(asking());
  testing::internal::CaptureStderr();
  start(asking());
  append();
  wait_until("SELECT status FROM runs_data WHERE function = 'f'", "failed");
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(run_of("f"), testing::HasSubstr("100 runs ask for each other one after another"));
  EXPECT_EQ(text_of("SELECT count(*) FROM runs_data WHERE function = 'child'"), "100");
}

TEST_F(RunsTogether, AnErrorOfAnySizeEndsItsRun) {
  add_child([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  testing::internal::CaptureStderr();
  start([](const Event&, Step&) -> Task<Outcome> {
    co_return Outcome::failed_for_good({Code::kForbidden, std::string(600'000, 'x'), nullptr});
  });
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(types_in_log(), "thing.making.failed,function.failed");
}

TEST_F(RunsTogether, WhoeverAskedHearsThatItTookTooLong) {
  Watermark release;
  add_child([&](const Event&, Step&) -> Task<Outcome> {
    co_await release.wait_past(0);
    co_return Outcome::done();
  });
  testing::internal::CaptureStderr();
  start(asking(std::chrono::milliseconds(1)));
  append();
  wait_until("SELECT status FROM runs_data WHERE function = 'f'", "failed");
  EXPECT_THAT(run_of("f"), testing::HasSubstr("has not ended in time"));
  release.raise(1);
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(run_of("child"), "completed null");
}

TEST_F(RunsTogether, AnEventIsSentOnceHoweverOftenItsStepIsReached) {
  types.add("thing.told", object("Told").field("n", optional(number())), "");
  appends = {"thing.told"};
  std::atomic<int> attempts = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto sent = co_await step.send_event("tell", "thing.told", Json::object({{"n", 7}}));
    if (!sent) co_return Outcome::failed(sent.error());
    if (++attempts < 3) co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
    co_return Outcome::done(Json(*sent).dump());
  });
  append();
  wait_until_idle();
  EXPECT_EQ(types_in_log(), "thing.told");
  EXPECT_EQ(text_of("SELECT causation = (SELECT id FROM events WHERE position = 1) FROM "
                    "events WHERE position = 2"),
            "1");
  EXPECT_EQ(run_of("f").size(), sizeof("completed") + 38);
}

TEST_F(RunsTogether, WhatAFunctionDoesNotSayThatItAppendsItCannotSend) {
  types.add("thing.told", object("Told"), "");
  types.add("other.told", object("Told"), "");
  appends = {"other.told"};
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::string codes;
    for (const auto* type :
         {"thing.told", "thing.making.failed", "signal.sent", "function.finished", "other.told"}) {
      auto sent = co_await step.send_event(type, type, Json::object());
      codes += sent ? "sent " : std::string(info(sent.error().code).name) + " ";
    }
    co_return Outcome::done(Json(codes).dump());
  });
  append();
  wait_until_idle();
  EXPECT_EQ(run_of("f"), R"(completed "FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN sent ")");
  EXPECT_EQ(types_in_log(), "other.told");
}

class Signals : public RunsTogether {
 protected:
  void start_waiting(bool replaces = false,
                     std::chrono::milliseconds timeout = std::chrono::hours(1)) {
    start([=](const Event&, Step& step) -> Task<Outcome> {
      auto got = co_await step.wait_for_signal("wait", {"go", replaces}, timeout);
      if (!got) co_return Outcome::failed_for_good(got.error());
      co_return Outcome::done(*got ? (*got)->dump() : "\"nothing\"");
    });
  }
  void send(std::string user = "ann") {
    events::Envelope envelope;
    envelope.user_id = std::move(user);
    ASSERT_TRUE(sync_wait(
        executor, log->append({.events = {*types.make(bus::kSignalSent, bus::Signal{"go", Json(7)},
                                                      std::move(envelope))}})));
  }
  void wait_until_waiting(int count = 1) {
    wait_until("SELECT count(*) FROM waits_data", std::to_string(count));
  }
};

TEST_F(Signals, ARunGoesOnWithWhatIsSent) {
  start_waiting();
  append();
  wait_until_waiting();
  send("bob");
  send();
  wait_until_idle();
  EXPECT_EQ(run_of("f"), R"(completed {"signal":"go","data":7})");
}

TEST_F(Signals, AStepSendsOneOnceToARunOfItsUser) {
  std::atomic<int> calls = 0;
  start([&](const Event& event, Step& step) -> Task<Outcome> {
    if (event.position == 1) {
      auto got = co_await step.wait_for_signal("wait", {"go"}, std::chrono::hours(1));
      co_return Outcome::done(got && *got ? (*got)->dump() : "\"nothing\"");
    }
    auto sent = co_await step.send_signal("send", "go", Json("from a step"));
    auto unheard = co_await step.send_signal("again", "go", Json(2));
    auto nameless = co_await step.send_signal("nameless", "", Json());
    if (++calls == 1) co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
    co_return Outcome::done(Json(sent && unheard && !nameless).dump());
  });
  append();
  wait_until_waiting();
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT output FROM runs_data WHERE event_position = 1"),
            R"({"signal":"go","data":"from a step"})");
  EXPECT_EQ(text_of("SELECT output FROM runs_data WHERE event_position = 2"), "true");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(types_in_log(), "signal.sent,signal.sent");
}

TEST_F(Signals, ASignalThatIsLateIsNothing) {
  start_waiting(false, std::chrono::milliseconds(1));
  append();
  wait_until_idle();
  EXPECT_EQ(run_of("f"), R"(completed "nothing")");
}

TEST_F(Signals, TheSecondThatWaitsForOneFails) {
  testing::internal::CaptureStderr();
  start_waiting();
  append();
  wait_until_waiting();
  append();
  wait_until("SELECT status FROM runs_data WHERE event_position = 2", "failed");
  testing::internal::GetCapturedStderr();
  send();
  wait_until_idle();
  EXPECT_EQ(run_of("f"), R"(completed {"signal":"go","data":7})");
}

TEST_F(Signals, OrTakesThePlaceOfTheFirst) {
  testing::internal::CaptureStderr();
  start_waiting(true);
  append();
  wait_until_waiting();
  append();
  wait_until("SELECT status FROM runs_data WHERE event_position = 1", "failed");
  testing::internal::GetCapturedStderr();
  wait_until_waiting();
  send();
  wait_until("SELECT status FROM runs_data WHERE event_position > 1", "completed");
}

class Ends : public RunsTogether {
 protected:
  // A function for ends, which keeps what it was told.
  void listen(std::string type) {
    add_first = [this, type](WorkerPool& the_pool) {
      the_pool.add(
          "listener",
          std::make_unique<FunctionHandler>(type,
                                            [this](const Event& event, Step&) -> Task<Outcome> {
                                              {
                                                std::lock_guard lock(mutex);
                                                heard += event.type + event.data;
                                              }
                                              co_return Outcome::done();
                                            }),
          {});
    };
  }
  std::mutex mutex;
  std::string heard;
};

TEST_F(Ends, ACompletedRunIsToldOfToThoseWhoListenAndItsListenerIsNot) {
  listen("function.finished");
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  append();
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "2");
  wait_until_idle();
  EXPECT_EQ(types_in_log(), "function.finished");
  EXPECT_THAT(heard, testing::HasSubstr(R"("function":"f")"));
  EXPECT_THAT(heard, testing::HasSubstr(R"("status":"completed")"));
}

TEST_F(Ends, ALastStepThatEndsTheRunTellsToo) {
  listen("function.*");
  start([](const Event&, Step& step) -> Task<Outcome> {
    co_return co_await step.finish("last", [](db::Tx&) {});
  });
  append();
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "2");
  EXPECT_EQ(types_in_log(), "function.finished");
}

TEST_F(Ends, ADeadLetterIsToldOfWithWhy) {
  listen("function.failed");
  fulfills = false;
  start([](const Event&, Step&) -> Task<Outcome> {
    co_return Outcome::failed_for_good({Code::kForbidden, "not you", nullptr});
  });
  testing::internal::CaptureStderr();
  append();
  wait_until("SELECT count(*) FROM runs_data WHERE status = 'completed'", "1");
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(heard, testing::HasSubstr(R"("name":"FORBIDDEN","message":"not you")"));
}

class Cancelling : public RunsTogether {
 protected:
  Result<> cancel(const Uuid& run, std::string user = "ann") {
    return sync_wait(executor, pool->cancel(std::move(user), run, events::Actor::key("k")));
  }
};

TEST_F(Cancelling, ASleepingRunGoesOnNoMore) {
  start([](const Event&, Step& step) -> Task<Outcome> {
    co_await step.sleep("long", std::chrono::hours(1));
    co_return Outcome::done();
  });
  append();
  wait_until("SELECT count(*) FROM parked_jobs", "1");
  EXPECT_EQ(cancel(id_of("f"), "bob").error().code, Code::kNotFound);
  ASSERT_TRUE(cancel(id_of("f")));
  EXPECT_EQ(text_of("SELECT count(*) FROM parked_jobs"), "0");
  EXPECT_EQ(text_of("SELECT count(*) FROM pending_steps_data"), "0");
  EXPECT_EQ(run_of("f"),
            R"(cancelled {"name":"CLIENT_CLOSED_REQUEST","message":"The run was cancelled"})");
  // Whoever waits for what it was to carry out is told.
  EXPECT_EQ(types_in_log(), "thing.making.failed,function.cancelled");
  EXPECT_EQ(cancel(id_of("f")).error().code, Code::kConflict);
  EXPECT_EQ(sync_wait(executor, engine->control.retry({.user_id = "ann"}, id_of("f"))).error().code,
            Code::kConflict);
}

TEST_F(Cancelling, ACallThatIsUnderWayStoresNothing) {
  std::latch entered(1);
  Watermark release;
  std::atomic<int> second = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::ignore = co_await step.run<void>("first", [&]() -> Task<Result<void>> {
      entered.count_down();
      co_await release.wait_past(0);
      co_return Result<void>{};
    });
    auto done = co_await step.run<void>("second", [&]() -> Task<Result<void>> {
      ++second;
      co_return Result<void>{};
    });
    co_return done ? Outcome::done() : Outcome::failed(done.error());
  });
  append();
  entered.wait();
  ASSERT_TRUE(cancel(id_of("f")));
  release.raise(1);
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  EXPECT_EQ(second, 0);
  EXPECT_EQ(text_of("SELECT count(*) FROM run_steps_data"), "0");
  EXPECT_THAT(run_of("f"), testing::StartsWith("cancelled"));
}

TEST_F(Cancelling, ARunThatWaitsForItsTurnIsNotCalled) {
  std::latch entered(1);
  Watermark release;
  std::atomic<int> calls = 0;
  start(
      [&](const Event&, Step&) -> Task<Outcome> {
        if (++calls == 1) entered.count_down();
        co_await release.wait_past(0);
        co_return Outcome::done();
      },
      1);
  append(2);
  entered.wait();
  const auto second =
      Uuid::from_bytes(text_of("SELECT id FROM runs_data WHERE event_position = 2"));
  ASSERT_TRUE(cancel(*second));
  release.raise(1);
  wait_until_idle();
  ASSERT_TRUE(pool->stop(std::chrono::seconds(10)));
  EXPECT_EQ(calls, 1);
}

TEST_F(Cancelling, WhoAskedForACancelledRunHearsIt) {
  add_child([](const Event&, Step& step) -> Task<Outcome> {
    co_await step.sleep("long", std::chrono::hours(1));
    co_return Outcome::done();
  });
  testing::internal::CaptureStderr();
  start(asking());
  append();
  wait_until("SELECT count(*) FROM runs_data WHERE function = 'child' AND status = 'sleeping'",
             "1");
  ASSERT_TRUE(cancel(id_of("child")));
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(run_of("f"), testing::HasSubstr("The run was cancelled"));
}

}  // namespace
}  // namespace synap::workers

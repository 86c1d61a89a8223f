#include "workers/admission.h"

#include <atomic>
#include <mutex>

#include "workers/admission_test.h"

namespace synap::workers {
namespace {

TEST_F(AdmissionTest, OnlyEventsForWhichTheConditionIsTrueHaveRuns) {
  put({}, expression("event.data.n > 1 && event.name == 'thing.told'"));
  for (int n : {1, 2, 3}) tell(n);
  settle();
  wait_for_outputs(R"("2" "3")");
  EXPECT_EQ(counts().filtered.value(), 1);
  EXPECT_EQ(counts().admitted.value(), 2);
}

TEST_F(AdmissionTest, AnExpressionThatFailsMakesADeadLetterAndHoldsUpNobody) {
  put({}, expression("event.data.key.startsWith(7)"));
  tell(1);
  settle();
  EXPECT_THAT(text_of("SELECT status || error FROM runs_data WHERE function = 'g'"),
              testing::StartsWith(R"(failed{"name":"UNPROCESSABLE_CONTENT")"));
  EXPECT_EQ(counts().dead.value(), 1);
  tell_other("thing.making.requested");
  wait_until("SELECT count(*) FROM runs_data WHERE function = 'f' AND status = 'completed'", "1");
}

TEST_F(AdmissionTest, AKeyRunsOnceInADay) {
  put({.idempotency = key()});
  tell(1);
  tell(2);
  tell(3, "b");
  settle();  // users take turns
  tell(4, "a", "bob");
  settle();
  wait_for_outputs(R"("1" "3" "4")");
  EXPECT_EQ(counts().repeated.value(), 1);
  world.pass(std::chrono::hours(24));
  tell(5);
  settle();
  wait_for_outputs(R"("1" "3" "4" "5")");
}

TEST_F(AdmissionTest, BeyondTheRateEventsAreDroppedAndCounted) {
  put({.rate_limit = bus::RateLimit{.limit = 2, .period = seconds(10), .key = key()}});
  tell(1);
  tell(2);
  tell(3, "b");
  settle();
  wait_for_outputs(R"("1" "3")");
  world.pass(seconds(5));
  tell(4);
  tell(5);
  settle();
  wait_for_outputs(R"("1" "3" "4")");
  EXPECT_EQ(counts().limited.value(), 2);
}

TEST_F(AdmissionTest, AKeyThatIsFalseIsNotLimited) {
  put({.rate_limit = bus::RateLimit{.period = seconds(10), .key = expression("event.data.n > 3")}});
  for (int n : {1, 2, 3, 4, 5}) tell(n);
  settle();
  wait_for_outputs(R"("1" "2" "3" "4")");
}

TEST_F(AdmissionTest, ThrottledRunsWaitInTheirOrderAndNoneIsLost) {
  put({.throttle = bus::Throttle{.limit = 1, .period = seconds(10), .burst = 1}});
  for (int n : {1, 2, 3, 4}) tell(n);
  settle();
  wait_for_outputs(R"("1" "2")");
  wait_until("SELECT count(*) FROM parked_jobs", "2");
  pass(seconds(10));
  wait_for_outputs(R"("1" "2" "3")");
  pass(seconds(10));
  wait_for_outputs(R"("1" "2" "3" "4")");
}

TEST_F(AdmissionTest, ARunWaitsForQuietAndIsForTheNewestEvent) {
  put({.debounce = bus::Debounce{.period = seconds(5), .key = key()}});
  const auto at = world.unix_ms();
  tell(1, "a", "ann", at);
  tell(3, "a", "ann", at + 2);
  tell(2, "a", "ann", at + 1);
  settle();
  EXPECT_EQ(counts().replaced.value(), 2);
  pass(seconds(4));
  tell(4, "b");
  settle();
  EXPECT_EQ(outputs(), "");
  pass(seconds(1));
  wait_for_outputs(R"("3")");
  pass(seconds(4));
  wait_for_outputs(R"("3" "4")");
}

// A machine that stops now and starts with a clock that was set back waits no longer for it.
TEST_F(AdmissionTest, ATimeToComeIsKeptWithTheClockItIsBy) {
  const std::vector<bus::Flow> flows = {
      {.debounce = bus::Debounce{.period = seconds(5)}},
      {.batch = bus::Batch{.size_max = 3, .timeout = seconds(5)}},
      {.rate_limit = bus::RateLimit{.limit = 1, .period = seconds(5)}},
      {.throttle = bus::Throttle{.limit = 1, .period = seconds(5)}},
      {.timeouts = {.finish = seconds(5)}}};
  for (const auto& flow : flows) {
    put(flow);
    world.jump(std::chrono::hours(24));
    tell(1);
    settle();
    EXPECT_EQ(text_of("SELECT max(at) - (SELECT now FROM job_clock) BETWEEN 0 AND 6000 FROM ("
                      "SELECT due_at AS at FROM flow_debounces UNION ALL "
                      "SELECT due_at FROM flow_batches UNION ALL "
                      "SELECT until / 1000 FROM flow_rates UNION ALL "
                      "SELECT due_at FROM run_deadlines) AS times"),
              "1")
        << &flow - flows.data();
  }
}

TEST_F(AdmissionTest, QuietIsWaitedForAtMostSoLong) {
  put({.debounce = bus::Debounce{.period = seconds(5), .timeout = seconds(7)}});
  tell(1);
  settle();
  pass(seconds(4));
  tell(2);
  settle();
  pass(seconds(3));
  wait_for_outputs(R"("2")");
}

TEST_F(AdmissionTest, ABatchBeginsWhenItIsFullOrItsTimeIsOver) {
  put({.batch = bus::Batch{.size_max = 3, .timeout = seconds(5), .key = key()}});
  for (int n : {1, 2, 3, 4}) tell(n);
  tell(5, "b");
  settle();
  wait_for_outputs(R"("1,2,3,")");
  pass(seconds(5));
  wait_for_outputs(R"("1,2,3," "4," "5,")");
  EXPECT_EQ(text_of("SELECT group_concat(event_position) FROM (SELECT event_position FROM "
                    "runs_data WHERE function = 'g' ORDER BY event_position) AS found"),
            "1,4,5");
}

TEST_F(AdmissionTest, AnEventThatIsNotForTheBatchRunsAtOnce) {
  put({.batch = bus::Batch{.size_max = 3,
                           .timeout = seconds(5),
                           .condition = expression("event.data.key != 'now'")}});
  tell(1);
  tell(2, "now");
  settle();
  wait_for_outputs(R"("2")");
}

TEST_F(SingletonTest, AnEventHasNoRunWhileThereIsOne) {
  put_waiting(bus::Singleton::Mode::kSkip);
  tell(1);
  wait_until_asleep("1");
  tell(2);
  tell(3, "b");
  settle();
  wait_until_asleep("2");
  EXPECT_EQ(counts().skipped.value(), 1);
  go(1);
  wait_for_outputs(R"("1")");
  tell(4);
  settle();
  wait_until_asleep("2");
}

TEST_F(SingletonTest, OrEndsTheOneThatIsThere) {
  put_waiting(bus::Singleton::Mode::kCancel);
  tell(1);
  wait_until_asleep("1");
  tell(2);
  settle();
  wait_until(
      "SELECT group_concat(status) FROM (SELECT status FROM runs_data WHERE function = 'g' "
      "ORDER BY id) AS found",
      "cancelled,sleeping");
  go(2);
  wait_for_outputs(R"("2")");
}

TEST_F(AdmissionTest, WhoeverAsksForALimitedFunctionHearsIt) {
  put({.rate_limit = bus::RateLimit{.period = seconds(10)}});
  pool->put({.id = "asks", .triggers = {{"thing.asked"}}},
            std::make_shared<LocalDriver>(
                std::make_unique<FunctionHandler>(
                    "thing.asked",
                    [](const Event&, Step& step) -> Task<Outcome> {
                      auto got = co_await step.invoke<Json>("ask", {"g", Json(nullptr)});
                      co_return got ? Outcome::done() : Outcome::failed_for_good(got.error());
                    }),
                engine->runs));
  types.add("thing.asked", object("Asked"), "");
  tell(1);
  settle();
  testing::internal::CaptureStderr();
  tell_other("thing.asked");
  wait_until("SELECT error FROM runs_data WHERE function = 'asks'",
             R"({"name":"TOO_MANY_REQUESTS","message":"invoked function is rate limited"})");
  testing::internal::GetCapturedStderr();
}

TEST_F(AdmissionTest, AnEventThatIsDatedAheadHasItsRunThen) {
  put({.idempotency = expression("event.data.n")});
  tell(1, "a", "ann", world.unix_ms() + 60'000);
  tell(2);
  settle();
  wait_for_outputs(R"("2")");
  wait_until("SELECT count(*) FROM parked_jobs", "1");
  pass(seconds(60));
  wait_until("SELECT count(*) FROM parked_jobs", "0");
}

TEST_F(AdmissionTest, WhatIsForAFunctionThatIsGoneWaitsForItsReturn) {
  put({.debounce = bus::Debounce{.period = seconds(5)}});
  tell(1);
  settle();
  ASSERT_TRUE(world.wait_for_sleeper(milliseconds(200)));
  pool->remove("g");
  world.pass(seconds(5));
  put({.debounce = bus::Debounce{.period = seconds(5)}});
  wait_for_outputs(R"("1")");
}

TEST_F(AdmissionTest, AnEventWhoseFunctionWentIsLookedAtWhenThatIsBack) {
  tell(1);
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write(
        [](db::Tx& tx) { tx.run("INSERT INTO admissions VALUES (0, 'ann', 1, 'g', 0)"); });
  }));
  pool->remove("f");  // whatever changes, all is looked at
  wait_until("SELECT sum(is_gone) FROM admissions", "1");
  put({.idempotency = key()});
  settle();
  wait_for_outputs(R"("1")");
}

TEST_F(AdmissionTest, AUserWithABacklogKeepsNoOtherWaiting) {
  std::vector<events::NewEvent> all;
  for (int n = 0; n < 200; ++n) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    all.push_back(*types.make("thing.told", R"({"n":1,"key":"a"})", std::move(envelope)));
  }
  ASSERT_TRUE(sync_wait(executor, log->append({.events = std::move(all)})));
  tell(1, "a", "bob");
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) {
      for (std::int64_t i = 1; i <= 201; ++i) {
        tx.run("INSERT INTO admissions VALUES (0, $1, $2, 'g', 0)",
               std::string_view(i <= 200 ? "ann" : "bob"), i);
      }
    });
  }));
  put({.priority = expression("0")});
  settle();
  EXPECT_EQ(text_of("SELECT count(*) < 60 FROM runs_data WHERE function = 'g' AND id < "
                    "(SELECT id FROM runs_data WHERE function = 'g' AND user_id = 'bob')"),
            "1");
}

TEST_F(AdmissionTest, SoManyCallsOfAKeyAreUnderWayAlsoBehindASleep) {
  std::mutex mutex;
  std::map<std::string, int> running;
  int most = 0;
  Watermark entered;
  int entries = 0;
  put({.concurrency = {{.limit = 1, .key = key()}}}, std::nullopt,
      [&](const Event& event, Step& step) -> Task<Outcome> {
        co_await step.sleep("first", milliseconds(0));
        const auto of = parse_json(event.data)->find("key")->as_string();
        std::ignore = co_await step.run<void>("work", [&]() -> Task<Result<void>> {
          {
            std::lock_guard lock(mutex);
            most = std::max(most, ++running[of]);
            entered.raise(++entries);
          }
          // Others could begin meanwhile.
          std::ignore = co_await database->write(db::Lane::kBackground, [](db::Tx&) {});
          std::lock_guard lock(mutex);
          --running[of];
          co_return Result<void>{};
        });
        co_return Outcome::done(Json(n_of(event)).dump());
      });
  for (int n = 1; n <= 6; ++n) tell(n, n < 5 ? "a" : "b");
  wait_until("SELECT count(*) FROM runs_data WHERE function = 'g' AND status = 'completed'", "6");
  EXPECT_EQ(most, 1);
}

TEST_F(CancelOnTest, AnEventEndsTheRunThatItsConditionIsAbout) {
  put_cancelled(expression("event.data.key == async.data.key"));
  tell(1, "a");
  tell(2, "b");
  tell(3, "a", "bob");
  settle();
  wait_until_asleep("6");
  end("b", "bob");
  end("a");
  wait_for_statuses("cancelled,sleeping,sleeping");
  EXPECT_EQ(text_of("SELECT count(*) FROM waits_data"), "4");
  // One that has ended leaves no wait.
  go(2);
  wait_until_asleep("2");
}

TEST_F(CancelOnTest, AConditionThatNoIndexAnswersIsEvaluated) {
  put_cancelled(expression("async.data.key != 'x' && event.data.n > 1"));
  tell(1);
  tell(2);
  settle();
  wait_until_asleep("4");
  end("x");
  end("y");
  wait_for_statuses("sleeping,cancelled");
}

TEST_F(CancelOnTest, WithoutAConditionAnyEventOfTheTypeDoes) {
  put_cancelled(std::nullopt);
  tell(1);
  settle();
  wait_until_asleep("2");
  end("whatever");
  wait_for_statuses("cancelled");
}

TEST_F(CancelOnTest, AnEventThatComesLateEndsNothing) {
  put_cancelled(std::nullopt, seconds(10));
  tell(1);
  settle();
  wait_until_asleep("2");
  world.pass(seconds(11));
  end("late");
  go(1);
  wait_for_outputs(R"("1")");
}

TEST_F(AdmissionTest, AWaitCanHaveAConditionBesideWhatTheIndexAnswers) {
  put({}, expression("event.data.n == 5"), [](const Event& event, Step& step) -> Task<Outcome> {
    auto wait = wait_for("thing.told",
                         expression("async.data.key == event.data.key && "
                                    "async.data.n > event.data.n"),
                         *bus::event_view(event));
    SYNAP_CHECK(wait->path == "data.key" && wait->condition, wait->path);
    auto got = co_await step.wait_for_event("more", *wait, std::chrono::hours(1));
    co_return Outcome::done((*got)->find("data")->dump());
  });
  tell(5);
  wait_until("SELECT count(*) FROM waits_data", "1");
  tell(7, "c");
  tell(4, "a");
  tell(6, "a");
  wait_for_outputs(R"({"n":6,"key":"a"})");
}

TEST_F(SingletonTest, AnEventBeyondTheRateEndsNoRun) {
  put({.rate_limit = bus::RateLimit{.period = std::chrono::hours(1)},
       .singleton = bus::Singleton{.mode = bus::Singleton::Mode::kCancel}},
      std::nullopt, [](const Event& event, Step& step) -> Task<Outcome> {
        std::ignore = co_await step.wait_for_signal("go", {"go"}, std::chrono::hours(1));
        co_return Outcome::done(Json(n_of(event)).dump());
      });
  tell(1);
  wait_until_asleep("1");
  tell(2);
  settle();
  EXPECT_EQ(counts().limited.value(), 1);
  EXPECT_EQ(counts().cancelled.value(), 0);
}

TEST_F(SingletonTest, ARunThatHasEndedLeavesNoRow) {
  put_waiting(bus::Singleton::Mode::kSkip);
  tell(1);
  wait_until_asleep("1");
  go(1);
  wait_for_outputs(R"("1")");
  EXPECT_EQ(text_of("SELECT count(*) FROM flow_singletons"), "0");
}

TEST_F(AdmissionTest, WhatWaitedBeginsThoughItsConditionIsTrueNoMore) {
  types.add("thing.ended", object("Ended"), "");
  put({.debounce = bus::Debounce{.period = seconds(5)}, .cancel_on = {{"thing.ended"}}},
      expression("now() < date('" + to_iso8601(world.unix_ms() + 3'000) + "')"));
  tell(1);
  settle();
  pass(seconds(5));
  wait_for_outputs(R"("1")");
}

TEST_F(AdmissionTest, RowsOfFunctionsThatAreGoneStandInNobodysWay) {
  put({.debounce = bus::Debounce{.period = seconds(5), .key = expression("event.data.n")}});
  for (int n = 0; n < 120; ++n) tell(n);
  settle();
  pool->remove("g");
  pool->put({.id = "h",
             .triggers = {{"thing.told"}},
             .flow = {.debounce = bus::Debounce{.period = seconds(6)}}},
            std::make_shared<LocalDriver>(
                std::make_unique<FunctionHandler>(
                    "thing.told",
                    [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); }),
                engine->runs));
  tell(1);
  settle();
  pass(seconds(6));
  wait_until("SELECT status FROM runs_data WHERE function = 'h'", "completed");
  put({.debounce = bus::Debounce{.period = seconds(5), .key = expression("event.data.n")}});
  wait_until("SELECT count(*) FROM runs_data WHERE function = 'g' AND status = 'completed'", "120");
}

// They may be of anybody, and many.
TEST_F(AdmissionTest, RowsOfFunctionsThatAreGoneAreTouchedForTheirReturnAlone) {
  // Seen to be back once: what is done for a function that comes is done some time after that.
  const auto due_at = (std::int64_t{1} << 52) + world.unix_ms() + 3'600'000;
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      tx.run(
          "INSERT INTO flow_debounces(function, user_id, key, position, timestamp, due_at, "
          "last_at) "
          "VALUES ('g', 'ann', 'x', 1, 0, $1, 0)",
          due_at);
    });
  }));
  put({.debounce = bus::Debounce{.period = seconds(5), .key = expression("event.data.n")}});
  wait_until("SELECT count(*) FROM flow_debounces WHERE due_at < 4503599627370496", "1");
  pool->remove("g");
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([this](db::Tx& tx) {
      tx.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) INSERT "
          "INTO flow_debounces(function, user_id, key, position, timestamp, due_at, last_at) "
          "SELECT function, user_id, i, position, timestamp, 4503599627370496 + due_at, last_at "
          "FROM flow_debounces, n");
      tx.run("DELETE FROM flow_debounces WHERE due_at < 4503599627370496");
      tx.run("CREATE TABLE touched(n INTEGER NOT NULL) STRICT");
      tx.run("INSERT INTO touched VALUES (0)");
      for (const auto& sql : store->trigger("touches", "AFTER UPDATE", "flow_debounces",
                                            "UPDATE touched SET n = n + 1")) {
        tx.run(sql);
      }
    });
  }));
  const auto put_other = [&](std::string id) {
    pool->put({.id = std::move(id),
               .triggers = {{"thing.told"}},
               .flow = {.debounce = bus::Debounce{.period = seconds(5)}}},
              std::make_shared<LocalDriver>(
                  std::make_unique<FunctionHandler>(
                      "thing.told",
                      [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); }),
                  engine->runs));
  };
  put_other("h");
  tell(1);
  settle();
  pass(seconds(5));
  wait_until("SELECT status FROM runs_data WHERE function = 'h'", "completed");
  EXPECT_EQ(text_of("SELECT n FROM touched"), "0");
  put({.debounce = bus::Debounce{.period = seconds(5), .key = expression("event.data.n")}});
  wait_until("SELECT n FROM touched", "1200");
  EXPECT_EQ(text_of("SELECT count(*) FROM flow_debounces WHERE due_at < 4503599627370496"), "1200");
}

TEST_F(AdmissionTest, AWaitIsFoundHoweverManyTypesAreWaitedFor) {
  for (int i = 0; i < 210; ++i) {
    types.add("type" + std::to_string(i), object("Type"), "");
  }
  put({}, expression("event.data.n == 0"), [](const Event&, Step& step) -> Task<Outcome> {
    std::vector<Task<Result<std::optional<Json>>>> waits;
    std::vector<std::string> names;
    for (int i = 0; i < 210; ++i) names.push_back("type" + std::to_string(i));
    for (const auto& name : names) {
      waits.push_back(step.wait_for_event(name, {.type = name}, std::chrono::hours(1)));
    }
    auto got = co_await when_all(std::move(waits));
    co_return Outcome::done("\"all\"");
  });
  tell(0);
  wait_until("SELECT count(*) FROM waits_data", "210");
  // At once: else the run is called for each of them, with all the steps that it has by then.
  events::Append all;
  for (int i = 0; i < 210; ++i) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    all.events.push_back(*types.make("type" + std::to_string(i), "{}", std::move(envelope)));
  }
  ASSERT_TRUE(sync_wait(executor, log->append(std::move(all))));
  wait_for_outputs(R"("all")");
}

TEST_F(AdmissionTest, OfEventsThatWaitForQuietTheNewestIsSoByTheFunctionsView) {
  pool->put({.id = "g",
             .triggers = {{"thing.told"}},
             .flow = {.debounce = bus::Debounce{.period = seconds(5)}},
             .view = [](const Event& event) -> Result<Json> {
               auto view = bus::event_view(event);
               view->set("ts", *parse_json(event.data)->find("n"));
               return view;
             }},
            std::make_shared<LocalDriver>(std::make_unique<FunctionHandler>(
                                              "thing.told",
                                              [](const Event& event, Step&) -> Task<Outcome> {
                                                co_return Outcome::done(Json(n_of(event)).dump());
                                              }),
                                          engine->runs));
  for (int n : {1, 3, 2}) tell(n);
  settle();
  pass(seconds(5));
  wait_for_outputs(R"("3")");
}

TEST_F(AdmissionTest, ABatchBeyondTheRateHasNoRun) {
  put({.rate_limit = bus::RateLimit{.period = std::chrono::hours(1)},
       .batch = bus::Batch{.size_max = 2, .timeout = seconds(5)}});
  for (int n : {1, 2, 3, 4}) tell(n);
  settle();
  wait_for_outputs(R"("1,2,")");
  tell_other("thing.making.requested");
  wait_until("SELECT count(*) FROM flow_batches", "0");
  EXPECT_EQ(counts().limited.value(), 2) << "each event that had to go";
  EXPECT_EQ(text_of("SELECT group_concat(position) FROM (SELECT position FROM run_events_data "
                    "ORDER BY position) AS found"),
            "1,2");
}

TEST_F(AdmissionTest, ABatchThatCannotBeJudgedIsADeadLetterWithAllItsEvents) {
  const bus::Flow flow{.batch = bus::Batch{.size_max = 5, .timeout = seconds(5)}};
  put(flow);
  for (int n : {1, 2, 3}) tell(n);
  settle();
  auto wrong = flow;
  wrong.concurrency = {{.limit = 1, .key = expression("event.data.key.startsWith(7)")}};
  put(wrong);
  pass(seconds(5));
  wait_until("SELECT count(*) FROM flow_batches", "0");
  EXPECT_EQ(text_of("SELECT group_concat(status || ' ' || event_position) FROM runs_data"),
            "failed 1");
  EXPECT_EQ(counts().dead.value(), 1);
  put(flow);
  const auto run_id = only_run();
  ASSERT_TRUE(sync_wait(executor, engine->control.retry({.user_id = "ann"}, run_id)));
  wait_for_outputs(R"("1,2,3,")");
}

TEST_F(AdmissionTest, ADeadLetterThatIsTriedAgainCountsToItsLimitsAsBefore) {
  std::atomic<int> attempts = 0;
  put({.concurrency = {{.limit = 1, .key = key()}}}, std::nullopt,
      [&](const Event&, Step& step) -> Task<Outcome> {
        if (++attempts == 1) co_return Outcome::failed_for_good({Code::kNotFound, "", nullptr});
        co_await step.sleep("long", std::chrono::hours(1));
        co_return Outcome::done();
      });
  testing::internal::CaptureStderr();
  tell(1, "k");
  wait_until("SELECT status FROM runs_data WHERE function = 'g'", "failed");
  testing::internal::GetCapturedStderr();
  const auto run = Uuid::from_bytes(text_of("SELECT id FROM runs_data WHERE function = 'g'"));
  ASSERT_TRUE(sync_wait(executor, engine->control.retry({.user_id = "ann"}, *run)));
  wait_until("SELECT coalesce(group_concat(limit_keys), '') FROM parked_jobs", R"(["\"k\""])");
}

TEST(FlowTest, WhatIsOutOfItsBoundsIsRefusedWithASentence) {
  const auto why = [](const bus::Flow& flow) {
    const auto checked = bus::check(flow);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(why({.rate_limit = bus::RateLimit{.period = std::chrono::hours(25)}}),
            "rateLimit.period is 90000000 ms; it may be 1000 to 86400000 ms");
  EXPECT_EQ(why({.throttle = bus::Throttle{.limit = 0}}),
            "throttle.limit is 0; it must be at least 1");
  EXPECT_EQ(why({.throttle = bus::Throttle{.limit = 1'000'000'001}}),
            "throttle.limit is 1000000001; it may be 1 to 1000000000");
  EXPECT_EQ(why({.throttle = bus::Throttle{.limit = 1, .burst = 1'000'001}}),
            "throttle.burst is 1000001; it may be 0 to 1000000");
  EXPECT_EQ(why({.throttle = bus::Throttle{.limit = 1'000'000'000, .burst = 1'000'000}}), "");
  EXPECT_EQ(why({.batch = bus::Batch{.size_max = 1}}),
            "batchEvents.maxSize is 1; it may be 2 to 100");
  EXPECT_EQ(why({.batch = bus::Batch{}, .singleton = bus::Singleton{}}),
            "batchEvents does not go together with debounce, singleton, priority or cancelOn");
  EXPECT_THAT(why({.cancel_on = {{.event = "a", .condition = expression("[1].exists(x, x > 0)")}}}),
              testing::Not(""));
  EXPECT_EQ(why({.throttle = bus::Throttle{}, .concurrency = {{.limit = 3}}}), "");
}

}  // namespace
}  // namespace synap::workers

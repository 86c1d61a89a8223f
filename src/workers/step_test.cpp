#include "workers/step.h"

#include "workers/pool_test.h"

namespace synap::workers {
namespace {

struct Point {
  std::int64_t x = 0;
  std::string name;
};
const ObjectSchema<Point>& describe(Type<Point>) {
  static const auto schema =
      object<Point>("Point").field("x", &Point::x).field("name", &Point::name);
  return schema;
}

TEST_F(WorkerPoolTest, StepsOfOneNameAreTold) {
  std::atomic<int> calls = 0;
  std::atomic<int> attempts = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::string seen;
    for (int i = 0; i < 3; ++i) {
      auto got = co_await step.run<std::int64_t>(
          "same", [&]() -> Task<Result<std::int64_t>> { co_return ++calls; });
      seen += std::to_string(*got);
    }
    if (++attempts < 3) co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
    co_return Outcome::done("\"" + seen + "\"");
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT output FROM runs_data"), "\"123\"");
  EXPECT_EQ(calls, 3);
}

TEST_F(WorkerPoolTest, ResultsComeBackAsTheyWereStored) {
  std::atomic<int> attempts = 0;
  std::atomic<bool> is_equal = false;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto point = co_await step.run<Point>(
        "point", []() -> Task<Result<Point>> { co_return Point{-7, "\"caf\xc3\xa9\"\n"}; });
    auto nothing = co_await step.run<void>(
        "nothing", []() -> Task<Result<void>> { co_return Result<void>{}; });
    auto number = co_await step.commit("number", [](db::Tx&) { return std::int64_t{42}; });
    if (++attempts == 1) co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
    is_equal = point && nothing && number && point->x == -7 && point->name == "\"caf\xc3\xa9\"\n" &&
               *number == 42;
    co_return Outcome::done();
  });
  append();
  wait_until_idle();
  EXPECT_TRUE(is_equal);
  EXPECT_EQ(attempts, 2);
}

TEST_F(WorkerPoolTest, CommitThatFailsLeavesNeitherEffectNorResult) {
  ASSERT_TRUE(database->migrate({{"t", "CREATE TABLE marks(attempt INTEGER)"}}));
  std::atomic<int> attempts = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    auto done = co_await step.commit("mark", [&](db::Tx& tx) {
      tx.run("INSERT INTO marks(attempt) VALUES ($1)", ++attempts);
      if (attempts < 3) tx.abort({Code::kServiceUnavailable, "", nullptr});
    });
    co_return done ? Outcome::done() : Outcome::failed(done.error());
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT group_concat(attempt) FROM marks"), "3");
  EXPECT_EQ(text_of("SELECT attempts FROM runs_data"), "3");
}

TEST_F(WorkerPoolTest, FinishStoresTheEndOfTheRunWithTheEffect) {
  ASSERT_TRUE(database->migrate({{"t", "CREATE TABLE marks(x INTEGER)"}}));
  start([&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.run<std::int64_t>("first", []() -> Task<Result<std::int64_t>> { co_return 1; });
    co_return co_await step.finish("last",
                                   [](db::Tx& tx) { tx.run("INSERT INTO marks VALUES(1)"); });
  });
  const auto before = database->statistics();
  append();
  wait_until_idle();
  // One commit of the event and its run, one of all that the run came to; and this one, behind
  // which they are counted.
  ASSERT_TRUE(test::run(executor, [&] { return database->write([](db::Tx&) {}); }));
  EXPECT_EQ(database->statistics().commits - before.commits, 3);
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "1");
  EXPECT_EQ(text_of("SELECT status || ' ' || attempts || ' ' || output FROM runs_data"),
            "completed 1 null");
  EXPECT_EQ(text_of("SELECT group_concat(place || name) FROM (SELECT * FROM run_steps_data "
                    "ORDER BY place) AS found"),
            "0first,1last");
}

TEST_F(WorkerPoolTest, FinishThatFailsLeavesTheRunToItsRetries) {
  ASSERT_TRUE(database->migrate({{"t", "CREATE TABLE marks(attempt INTEGER)"}}));
  std::atomic<int> attempts = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    ++attempts;
    co_return co_await step.finish("mark", [&](db::Tx& tx) {
      tx.run("INSERT INTO marks(attempt) VALUES ($1)", attempts.load());
      if (attempts < 3) tx.abort({Code::kServiceUnavailable, "", nullptr});
    });
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT group_concat(attempt) FROM marks"), "3");
  EXPECT_EQ(text_of("SELECT status || ' ' || attempts FROM runs_data"), "completed 3");
}

TEST_F(WorkerPoolTest, FinishThatCannotSucceedMakesADeadLetter) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    co_return co_await step.finish(
        "mark", [](db::Tx& tx) { tx.abort({Code::kNotFound, "gone", nullptr}); });
  });
  testing::internal::CaptureStderr();
  append();
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(text_of("SELECT status || ' ' || error FROM runs_data"),
            R"(failed {"name":"NOT_FOUND","message":"gone"})");
  EXPECT_EQ(text_of("SELECT count(*) FROM " + store->named_events() +
                    " WHERE name = 'thing.making.failed'"),
            "1");
}

TEST_F(WorkerPoolTest, StepThatParksWaitsForTheStepBesideIt) {
  std::atomic<int> first_calls = 0;
  std::atomic<int> second_calls = 0;
  Watermark go;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::vector<Task<Result<std::int64_t>>> both;
    both.push_back(step.run<std::int64_t>("first", [&]() -> Task<Result<std::int64_t>> {
      // It still waits when its neighbour parks.
      ++first_calls;
      co_await go.wait_past(0);
      co_return 1;
    }));
    both.push_back(step.run<std::int64_t>("second", [&]() -> Task<Result<std::int64_t>> {
      go.raise(1);
      if (++second_calls == 1) co_return fail(Code::kServiceUnavailable, "not yet");
      co_return 2;
    }));
    const auto results = co_await when_all(std::move(both));
    co_return Outcome::done(std::to_string(*results[0] + *results[1]));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT status || ' ' || attempts || ' ' || output FROM runs_data"),
            "completed 2 3");
  EXPECT_EQ(first_calls, 1) << "it was done, and is not done again";
  EXPECT_EQ(second_calls, 2);
}

TEST_F(WorkerPoolTest, CommitsBesideEachOtherHavePlacesOfTheirOwn) {
  start([](const Event&, Step& step) -> Task<Outcome> {
    std::vector<Task<Result<void>>> all;
    for (const auto* name : {"a", "b", "c"}) all.push_back(step.commit(name, [](db::Tx&) {}));
    co_await when_all(std::move(all));
    co_await step.commit("d", [](db::Tx&) {});
    co_return Outcome::done();
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT group_concat(place || name) FROM (SELECT place, name FROM "
                    "run_steps_data ORDER BY place) AS found"),
            "0a,1b,2c,3d");
}

TEST_F(WorkerPoolTest, SleepThatParksAtOnceWaitsForTheStepsBesideIt) {
  std::atomic<int> calls = 0;
  Watermark go;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::vector<Task<Result<std::int64_t>>> both;
    both.push_back([](Step& of) -> Task<Result<std::int64_t>> {
      co_await of.sleep("nap", std::chrono::milliseconds(1));
      co_return 1;
    }(step));
    both.push_back(step.run<std::int64_t>("other", [&]() -> Task<Result<std::int64_t>> {
      ++calls;
      co_return 2;
    }));
    const auto results = co_await when_all(std::move(both));
    co_return Outcome::done(std::to_string(*results[0] + *results[1]));
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT status || ' ' || output FROM runs_data"), "completed 3");
  EXPECT_EQ(calls, 1);
}

TEST_F(WorkerPoolTest, AStepThatIsDoneGivesTheHandlerAllItsAttemptsAgain) {
  std::atomic<int> done = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    for (int i = 0; i < 6; ++i) {
      const int before = done;
      auto result = co_await step.run<void>("step" + std::to_string(i), [&]() -> Task<Result<>> {
        ++done;
        co_return Result<>{};
      });
      if (done > before) co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
    }
    co_return Outcome::done();
  });
  append();
  wait_until_idle();
  EXPECT_EQ(text_of("SELECT status || ' ' || attempts FROM runs_data"), "completed 7");
}

// As when its code was changed meanwhile: the run is not called again and again for the sake of it.
TEST_F(WorkerPoolTest, AFailedStepThatTheCodeDoesNotReachAnyMoreIsNotWaitedFor) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    if (calls++ == 0) {
      std::vector<Task<bool>> both;
      both.push_back([](Step& its) -> Task<bool> {
        const auto done = co_await its.run<int>("a", []() -> Task<Result<int>> {
          co_return fail(Code::kServiceUnavailable, "not now");
        });
        co_return done.has_value();
      }(step));
      both.push_back([](Step& its) -> Task<bool> {
        co_await its.sleep("z", std::chrono::hours(24));
        co_return true;
      }(step));
      co_await when_all(std::move(both));
    }
    co_await step.sleep("z", std::chrono::hours(24));
    co_return Outcome::done();
  });
  append();
  const auto in_an_hour = engine->runs.clock().now() + 3'600'000;
  wait_until("SELECT count(*) FROM parked_jobs WHERE due_at > " + std::to_string(in_an_hour), "1");
  EXPECT_EQ(calls, 2);
}

TEST_F(WorkerPoolTest, ARunThatEndsLeavesNothingPending) {
  std::atomic<int> calls = 0;
  start([&](const Event&, Step& step) -> Task<Outcome> {
    if (++calls > 1) co_return Outcome::done();
    std::vector<Task<Result<std::optional<Json>>>> both;
    both.push_back(
        step.wait_for_event("wait", {.type = "thing.making.requested"}, std::chrono::hours(1)));
    both.push_back(step.wait_for_event("short", {.type = "thing.making.requested"},
                                       std::chrono::milliseconds(1)));
    co_await when_all(std::move(both));
    co_return Outcome::done();
  });
  append();
  wait_until_idle();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(text_of("SELECT (SELECT count(*) FROM pending_steps_data) || ' ' || "
                    "(SELECT count(*) FROM waits_data)"),
            "0 0");
}

class Limits : public WorkerPoolTest {
 protected:
  /// The error of a run that does so many steps, each with a result of so many bytes.
  std::string error_of(int steps, std::size_t bytes) {
    testing::internal::CaptureStderr();
    start([steps, bytes](const Event&, Step& step) -> Task<Outcome> {
      for (int i = 0; i < steps; ++i) {
        auto text = co_await step.run<std::string>(
            "step" + std::to_string(i),
            [bytes]() -> Task<Result<std::string>> { co_return std::string(bytes, 'x'); });
        if (!text) co_return Outcome::failed(text.error());
      }
      co_return Outcome::done();
    });
    append();
    wait_until_idle();
    testing::internal::GetCapturedStderr();
    return text_of("SELECT status || ' ' || coalesce(error, '') FROM runs_data");
  }
};

TEST_F(Limits, AResultOfFourMebibytesIsKeptAndALargerOneEndsTheRun) {
  EXPECT_THAT(error_of(1, kStepBytesMax),
              testing::HasSubstr(R"(failed {"name":"PAYLOAD_TOO_LARGE")"));
  EXPECT_THAT(text_of("SELECT error FROM runs_data"),
              testing::HasSubstr("The result of the step \\\"step0\\\" has 4194315 bytes"));
  EXPECT_EQ(text_of("SELECT count(*) FROM run_steps_data"), "0");
}

TEST_F(Limits, AResultBelowIsKept) {
  EXPECT_EQ(error_of(1, kStepBytesMax - 100), "completed ");
}

TEST_F(Limits, ARunKeepsThirtyTwoMebibytes) {
  EXPECT_THAT(error_of(9, kStepBytesMax - 100), testing::HasSubstr("the run would keep"));
  EXPECT_EQ(text_of("SELECT count(*) FROM run_steps_data"), "8");
}

TEST_F(Limits, ARunHasAThousandSteps) {
  EXPECT_THAT(error_of(kStepsMax + 1, 1),
              testing::HasSubstr("The function run exceeded the step limit of 1000 steps."));
  EXPECT_EQ(text_of("SELECT count(*) FROM run_steps_data"), "1000");
}

Task<Result<std::int64_t>> look_and_do(db::Database& database, Step& step) {
  co_await database.read([](db::Tx&) {});
  co_return co_await step.run<std::int64_t>("x",
                                            []() -> Task<Result<std::int64_t>> { co_return 1; });
}

Task<Result<std::int64_t>> look_and_do_within(db::Database& database, Step& step) {
  std::vector<Task<Result<std::int64_t>>> one;
  one.push_back(look_and_do(database, step));
  co_return (co_await when_all(std::move(one))).front();
}

Task<Result<std::int64_t>> nap(Step& step, std::chrono::milliseconds how_long) {
  co_await step.sleep("nap", how_long);
  co_return 0;
}

TEST_F(WorkerPoolTest, ACallIsNotOverWhileAPartOfItHasNotComeToAStep) {
  start([&](const Event&, Step& step) -> Task<Outcome> {
    std::vector<Task<Result<std::int64_t>>> both;
    both.push_back(nap(step, std::chrono::hours(1)));
    both.push_back(look_and_do_within(*database, step));
    co_await when_all(std::move(both));
    co_return Outcome::done();
  });
  append();
  wait_until("SELECT group_concat(name) FROM run_steps_data", "x");
}

}  // namespace
}  // namespace synap::workers

#include "workers/worker_pool.h"

#include <gtest/gtest.h>

#include <latch>
#include <set>
#include <stdexcept>

#include "base/clock.h"
#include "base/manual_world.h"
#include "base/test_support.h"
#include "bus/dispatcher.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "workers/step.h"

// What a run does over attempts, crashes and restarts is told in tests/scenarios; here is what
// cannot be said there.
namespace synap::workers {
namespace {

using events::Event;

class FunctionHandler final : public EventHandler {
 public:
  using Function = std::function<Task<Outcome>(const Event&, Step&)>;
  FunctionHandler(std::string type, Function function)
      : type_(std::move(type)), function_(std::move(function)) {}
  std::string_view event_type() const override { return type_; }
  Task<Outcome> handle(const Event& event, Step& step) override { return function_(event, step); }

 private:
  std::string type_;
  Function function_;
};

struct Point {
  std::int64_t x = 0;
  std::string name;
};
const ObjectSchema<Point>& describe(Type<Point>) {
  static const auto schema =
      object<Point>("Point").field("x", &Point::x).field("name", &Point::name);
  return schema;
}

class WorkerPoolTest : public testing::Test {
 protected:
  WorkerPoolTest() {
    types.add("thing.making.requested", object("Thing"), "");
    database =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/test.db"}));
    auto migrations = events::sqlite::SqliteEventLog::migrations();
    for (const auto& migration : bus::migrations()) migrations.push_back(migration);
    for (const auto& migration : RunStore::migrations()) migrations.push_back(migration);
    SYNAP_CHECK(database->migrate(migrations).has_value());
    log = std::move(*events::sqlite::SqliteEventLog::open(*database));
  }
  void start(FunctionHandler::Function function, int concurrency = 16) {
    queue.emplace(bus::QueueLimits{.running_of_function = concurrency});
    jobs = std::make_unique<bus::JobStore>(*database, functions, *queue);
    store = std::make_unique<RunStore>(*database, *jobs, *log, types);
    dispatcher = std::make_unique<bus::Dispatcher>(functions, *jobs);
    pool =
        std::make_unique<WorkerPool>(WorkerPoolOptions{}, functions, *queue, *store, *log, types);
    pool->add("f", std::make_unique<FunctionHandler>("thing.making.requested", std::move(function)),
              {.retry = {.retries_max = 3, .delay_ms = 1}, .fulfills = fulfills});
    dispatcher->observe(*log);
    ASSERT_TRUE(pool->start());
  }
  void append(int count = 1) {
    events::Append batch;
    for (int i = 0; i < count; ++i) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      batch.events.push_back(*types.make("thing.making.requested", "{}", std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, log->append(std::move(batch))));
  }
  std::string text_of(std::string_view sql) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : std::string();
      });
    });
  }
  /// Until the query gives this.
  void wait_until(std::string_view sql, std::string_view text) {
    ASSERT_TRUE(
        test::wait_until(executor, database->commits(), [&] { return text_of(sql) == text; }));
  }
  void wait_until_idle() {
    wait_until("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs)", "0");
  }

  bool fulfills = true;
  test::TempDirectory directory;
  events::EventTypes types;
  bus::Functions functions;
  std::optional<bus::Queue> queue;
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  std::unique_ptr<bus::JobStore> jobs;
  std::unique_ptr<RunStore> store;
  std::unique_ptr<bus::Dispatcher> dispatcher;
  std::unique_ptr<WorkerPool> pool;
};

// Processes with a pool in them, one after another over one database, each of them killed: what was
// under way is never settled.
class KilledPoolTest : public testing::Test {
 protected:
  struct Process {
    // What is queued is finished while the store is there, whose closures it is.
    ~Process() {
      pool.reset();
      database->close();
    }
    bus::Functions functions;
    bus::Queue queue{{.running_of_function = 16}};
    events::EventTypes types;
    std::unique_ptr<db::sqlite::SqliteDatabase> database;
    std::unique_ptr<events::sqlite::SqliteEventLog> log;
    std::unique_ptr<bus::JobStore> jobs;
    std::unique_ptr<RunStore> store;
    std::unique_ptr<bus::Dispatcher> dispatcher;
    std::unique_ptr<WorkerPool> pool;
  };

  void start(FunctionHandler::Function function) {
    own = std::make_unique<Process>();
    own->types.add("thing.making.requested", object("Thing"), "");
    own->database =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/test.db"}));
    auto migrations = events::sqlite::SqliteEventLog::migrations();
    for (const auto& migration : bus::migrations()) migrations.push_back(migration);
    for (const auto& migration : RunStore::migrations()) migrations.push_back(migration);
    SYNAP_CHECK(own->database->migrate(migrations).has_value());
    own->log = std::move(*events::sqlite::SqliteEventLog::open(*own->database));
    own->jobs = std::make_unique<bus::JobStore>(*own->database, own->functions, own->queue,
                                                bus::JobStoreOptions{.world = world});
    own->store =
        std::make_unique<RunStore>(*own->database, *own->jobs, *own->log, own->types, world);
    own->dispatcher = std::make_unique<bus::Dispatcher>(own->functions, *own->jobs, world);
    own->pool = std::make_unique<WorkerPool>(
        WorkerPoolOptions{.suspect_pause = pause, .world = world}, own->functions, own->queue,
        *own->store, *own->log, own->types);
    own->pool->add("f",
                   std::make_unique<FunctionHandler>("thing.making.requested", std::move(function)),
                   {.fulfills = true});
    own->dispatcher->observe(*own->log);
    ASSERT_TRUE(own->pool->start());
  }
  void append(int count) {
    events::Append batch;
    for (int i = 0; i < count; ++i) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      batch.events.push_back(*own->types.make("thing.making.requested", "{}", std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, own->log->append(std::move(batch))));
  }
  void wait(Watermark& mark) {
    sync_wait(executor, [](Watermark& it) -> Task<void> { co_await it.wait_past(0); }(mark));
  }
  /// Ends with the first event's run under way. Before that, everybody else's is done.
  void die_of_the_first_run(int new_events = 0) {
    Watermark deadly;
    // Of the whole process, so that the runs which wait for it, and are left where a kill leaves
    // them, are known to somebody.
    static auto& never = *new Watermark;
    start([&](const Event& event, Step&) -> Task<Outcome> {
      if (event.position > 1) co_return Outcome::done();
      deadly.raise(1);
      co_await never.wait_past(0);
      co_return Outcome::done();
    });
    if (new_events > 0) append(new_events);
    wait(deadly);
    own.reset();
  }
  std::int64_t count(std::string_view sql) {
    return *test::run(executor, [&] {
      return own->database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }
  /// Until no more than these are left.
  void wait_for_jobs(std::int64_t left) {
    ASSERT_TRUE(
        test::wait_until(executor, own->database->commits(), [&] { return left_to_do() <= left; }));
  }
  std::int64_t left_to_do() {
    return count("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs)");
  }
  /// Until so many runs are put off, and the pool sleeps until the first of them is due.
  void wait_for_delayed(std::int64_t delayed = 1) {
    ASSERT_TRUE(test::wait_until(executor, own->database->commits(), [&] {
      return count("SELECT count(*) FROM parked_jobs") == delayed;
    }));
    ASSERT_TRUE(world.wait_for_sleeper(std::chrono::seconds(1)));
  }
  /// Until it is so, with a commit of the pool's own between two looks.
  void wait_for_answers(const std::function<bool()>& is_so) {
    for (int i = 0; i < 10'000 && !is_so(); ++i) {
      ASSERT_TRUE(test::run(own->pool->executor(), [&] {
        return own->database->write(db::Lane::kBackground, [](db::Tx&) {});
      }));
    }
    ASSERT_TRUE(is_so());
  }
  // One run, whose first attempt has failed: the second is to be made so much later, and succeeds.
  void start_to_succeed_second(std::atomic<int>& calls, std::int64_t delay_ms) {
    start([&calls, delay_ms](const Event&, Step&) -> Task<Outcome> {
      if (++calls == 2) co_return Outcome::done();
      co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, delay_ms);
    });
    append(1);
    wait_for_delayed();
  }
  std::int64_t failed() { return count("SELECT count(*) FROM runs_data WHERE status = 'failed'"); }

  std::chrono::milliseconds pause{0};
  ManualWorld world;
  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<Process> own;
};

TEST_F(KilledPoolTest, ARunThatSawTheProcessEndWheneverItWasDoneAloneIsGivenUp) {
  testing::internal::CaptureStderr();
  die_of_the_first_run(4);  // made here, so nothing is known of it
  die_of_the_first_run();   // done beside others
  for (int alone = 1; alone <= 3; ++alone) die_of_the_first_run();
  start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  sync_wait(executor, [](events::EventLog& log) -> Task<void> {
    co_await log.end().wait_past(4);  // its .failed
  }(*own->log));
  EXPECT_TRUE(own->pool->stop(std::chrono::seconds(30)));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("was given up"), std::string::npos);
  EXPECT_EQ(failed(), 1);
  EXPECT_EQ(left_to_do(), 0);
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

// The pool looks at the clock of its world, not at the machine's.
TEST_F(KilledPoolTest, ARetryIsMadeWhenItsTimeHasCome) {
  std::atomic<int> calls = 0;
  start_to_succeed_second(calls, 3'600'000);
  world.pass(std::chrono::milliseconds(3'600'000));
  wait_for_jobs(0);
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
    ASSERT_TRUE(test::wait_until(executor, own->database->commits(),
                                 [&] { return calls > 1 && own->jobs->parked_count() == 1; }));
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
  wait_for_answers([&] { return calls > 0 && own->queue.running_count() == 0; });
  EXPECT_LE(calls, 16);
  const int before = calls;
  ASSERT_TRUE(world.wait_for_sleeper(std::chrono::milliseconds(1'000)));
  world.pass(std::chrono::milliseconds(1'000));
  wait_for_answers([&] { return calls > before && own->queue.running_count() == 0; });
  EXPECT_EQ(calls, before + 1);
  is_gone = false;
  for (int i = 0; i < 100 && left_to_do() > 0; ++i) {
    world.pass(std::chrono::milliseconds(1'000));
    ASSERT_TRUE(test::run(own->pool->executor(), [&] {
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
  EXPECT_EQ(own->jobs->parked_count(), 2);
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
                    "ORDER BY place)"),
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
  EXPECT_EQ(text_of("SELECT count(*) FROM events"), "2");
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
  EXPECT_EQ(text_of("SELECT count(*) FROM events"), "1");
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
  pool.reset();
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
  const auto& counts = pool->counts("f");
  EXPECT_EQ(counts.completed.value(), 2u);
  EXPECT_EQ(counts.slept.value(), 1u);
  EXPECT_EQ(counts.retried.value(), 3u);
  EXPECT_EQ(counts.given_up.value(), 1u);
  EXPECT_EQ(counts.unstored.value(), 0u);
  EXPECT_EQ(counts.took.count(), 7u) << "calls of the handler";
  EXPECT_NE(testing::internal::GetCapturedStderr().find("of f was given up: no code="),
            std::string::npos);
}

}  // namespace
}  // namespace synap::workers

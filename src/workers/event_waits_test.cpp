#include "workers/event_waits.h"

#include <gtest/gtest.h>

#include "base/background.h"
#include "base/test_support.h"
#include "bus/dispatcher.h"
#include "bus/function_events.h"
#include "db/sqlite/sqlite_database.h"
#include "events/passing_log_test.h"
#include "events/sqlite/sqlite_event_log.h"
#include "workers/pending_steps.h"
#include "workers/run_events.h"
#include "workers/run_store.h"

// What waits of whole runs come to is told in tests/scenarios; here is what happens between two
// lines.
namespace synap::workers {
namespace {

// A log that calls back once before a page of it is read.
class WatchedLog final : public events::PassingLog {
 public:
  using PassingLog::PassingLog;
  using PassingLog::read;
  std::function<Task<void>()> before_read;
  std::atomic<bool> is_gone = false;  // nothing is read any more

  Task<Result<events::Page>> read(events::Tenancy tenancy, events::Filter filter) override {
    if (auto call = std::exchange(before_read, nullptr)) co_await call();
    if (is_gone) co_return fail(Code::kServiceUnavailable, "The process ends");
    co_return co_await PassingLog::read(std::move(tenancy), std::move(filter));
  }
};

class EventWaitsTest : public testing::Test {
 protected:
  EventWaitsTest() {
    auto thing = object("Thing");
    thing.field("n", optional(number()));
    for (int i = 1; i < 200; ++i) thing.field("n" + std::to_string(i), optional(number()));
    for (const auto* type : {"a", "b", "nothing"}) types.add(type, thing, "");
    functions.add({.id = "f", .triggers = {{"nothing"}}});
    database =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/test.db"}));
    SYNAP_CHECK(database->migrate(migrations()).has_value());
    inner = std::move(*events::sqlite::SqliteEventLog::open(*database));
    log = std::make_unique<WatchedLog>(*inner);
    jobs.emplace(*database, functions, queue);
    waits.emplace(*database, *jobs, *log, real_world());
  }
  ~EventWaitsTest() override {
    following.reset();
    waits.reset();
  }

  static std::vector<db::Database::Migration> migrations() {
    auto tables = events::sqlite::SqliteEventLog::migrations();
    for (const auto& more : bus::migrations()) tables.push_back(more);
    for (const auto& more : RunStore::migrations()) tables.push_back(more);
    return tables;
  }
  void follow() {
    ASSERT_TRUE(sync_wait(executor, waits->load()));
    following.emplace(executor);
    following->begin(waits->follow(following->token()));
  }
  /// While a page is about to be read, until never.
  void crash() {
    log->is_gone = true;
    never.raise(1);
    testing::internal::CaptureStderr();
    following.reset();
    testing::internal::GetCapturedStderr();
    log->is_gone = false;
    log->before_read = nullptr;
    restart();
  }
  /// As after a crash.
  void restart() {
    following.reset();
    waits.emplace(*database, *jobs, *log, real_world());
  }

  Task<void> wait_for(std::string type, std::string path = "", Json value = {}) {
    bus::Job job;
    job.run_id = Uuid::v7();
    job.line = job.run_id;
    job.position = 1;
    job.function = functions.find("f");
    job.user_id = "ann";
    const auto step = step_hash("wait", 0);
    auto done = co_await database->write([&](db::Tx& tx) {
      tx.run(
          "INSERT INTO pending_steps_data(run, hash, name, op, attempts, due_at) "
          "VALUES ($1, $2, 'wait', 'WaitForEvent', 0, 0)",
          job.run_id, blob_of(step));
      waits->begin(tx, job, step, {.type = type, .path = path, .value = value});
    });
    EXPECT_TRUE(done);
  }
  void wait_for_type(int number) {
    const auto type = "type" + std::to_string(number);
    types.add(type, object("Type"), "");
    sync_wait(executor, wait_for(type));
  }
  Task<void> append(std::string type, std::string data = "{}", int count = 1) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    events::Append batch;
    for (int i = 0; i < count; ++i) batch.events.push_back(*types.make(type, data, envelope));
    auto done = co_await inner->append(std::move(batch));
    EXPECT_TRUE(done);
  }
  std::int64_t left() {
    return *test::run(executor, [&] {
      return database->read([](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM waits_data");
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }
  void wait_until_left(std::int64_t count) {
    ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return left() == count; }))
        << left();
  }

  test::TempDirectory directory;
  events::EventTypes types;
  bus::Functions functions;
  bus::Queue queue;
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> inner;
  std::unique_ptr<WatchedLog> log;
  std::optional<bus::JobStore> jobs;
  std::optional<EventWaits> waits;
  std::optional<Background> following;
  Watermark never;
};

// While a page is looked through for the types of before, a wait for another type begins, and its
// event comes.
TEST_F(EventWaitsTest, AnEventOfATypeThatIsNewlyWaitedForIsNotPassedOver) {
  sync_wait(executor, wait_for("a"));
  log->before_read = [&]() -> Task<void> {
    co_await wait_for("b");
    co_await append("b");
    co_await append("a");
  };
  follow();
  sync_wait(executor, append("a"));
  wait_until_left(0);
}

// The same, and the process ends when the page is done, of which the last event has ended a wait.
TEST_F(EventWaitsTest, NorIsItAfterACrash) {
  sync_wait(executor, wait_for("a", "data.n", Json(2)));
  log->before_read = [&]() -> Task<void> {
    co_await wait_for("b");
    co_await append("b");
    co_await append("a");
    co_await append("a", R"({"n":2})");
    // Nothing is read any more, once this page is.
    log->before_read = [&]() -> Task<void> { co_await never.wait_past(0); };
  };
  follow();
  sync_wait(executor, append("a"));
  wait_until_left(1);
  crash();
  follow();
  wait_until_left(0);
}

// As many as an app has runs, each with a name of its own.
TEST_F(EventWaitsTest, TypesBeyondAThousandAreFoundBeforeAndAfterACrash) {
  follow();
  for (int i = 0; i < 1'100; ++i) wait_for_type(i);
  sync_wait(executor, append("type1099"));
  sync_wait(executor, append("a"));
  sync_wait(executor, append("type5"));
  wait_until_left(1'098);
  following.reset();
  sync_wait(executor, append("type1098"));
  restart();
  types.add("late", object("Type"), "");
  sync_wait(executor, wait_for("late"));
  follow();
  sync_wait(executor, append("late"));
  sync_wait(executor, append("type7"));
  wait_until_left(1'096);
}

// As the first, where the page ends so far ahead that the position is stored behind it.
TEST_F(EventWaitsTest, APositionIsNotStoredPastATypeThatCameMeanwhile) {
  sync_wait(executor, wait_for("a", "data.n", Json(2)));
  for (int i = 0; i < 42; ++i) sync_wait(executor, append("nothing", "{}", 500));
  Watermark is_done;
  log->before_read = [&]() -> Task<void> {
    co_await wait_for("b");
    co_await append("b");
    log->before_read = [&]() -> Task<void> {
      is_done.raise(1);
      co_await never.wait_past(0);
    };
  };
  follow();
  sync_wait(executor, [](Watermark& it) -> Task<void> { co_await it.wait_past(0); }(is_done));
  crash();
  follow();
  wait_until_left(1);
}

// As after a crash, when the time of a wait is over before the follower has come to the event.
TEST_F(EventWaitsTest, AWaitIsNotOverBeforeWhatCameInTimeIsLookedAt) {
  sync_wait(executor, wait_for("a"));
  const auto run = *test::run(executor, [&] {
    return database->read([](db::Tx& tx) {
      auto rows = tx.query("SELECT run FROM waits_data");
      return rows.next() ? rows.uuid(0).value_or(Uuid{}) : Uuid{};
    });
  });
  Watermark may_look;
  log->before_read = [&]() -> Task<void> { co_await may_look.wait_past(0); };
  sync_wait(executor, append("a"));
  follow();
  Background ending(executor);
  std::atomic<bool> is_over = false;
  Watermark over;
  ending.begin([](auto& it, Uuid id, auto& flag, auto& mark) -> Task<void> {
    EXPECT_TRUE(co_await it.catch_up(id, step_hash("wait", 0)));
    flag = true;
    mark.raise(1);
  }(*waits, run, is_over, over));
  EXPECT_EQ(left(), 1);
  EXPECT_FALSE(is_over);
  may_look.raise(1);
  sync_wait(executor, [](Watermark& it) -> Task<void> { co_await it.wait_past(0); }(over));
  EXPECT_EQ(left(), 0);
}

TEST_F(EventWaitsTest, WhoWaitsForEndsIsKnownByUser) {
  sync_wait(executor, wait_for("a"));
  EXPECT_FALSE(waits->are_ends_waited_for("ann"));
  sync_wait(executor, wait_for(std::string(bus::kFunctionFinished.name)));
  EXPECT_TRUE(waits->are_ends_waited_for("ann"));
  EXPECT_FALSE(waits->are_ends_waited_for("bob"));
  restart();
  EXPECT_FALSE(waits->are_ends_waited_for("ann"));
  ASSERT_TRUE(sync_wait(executor, waits->load()));
  EXPECT_TRUE(waits->are_ends_waited_for("ann"));
  EXPECT_FALSE(waits->are_ends_waited_for("bob"));
}

// Between the making of an end and its transaction a run has begun to wait for it.
TEST_F(EventWaitsTest, AnEndIsToldToWhoBeganToWaitMeanwhile) {
  bus::add_function_events(types);
  const RunEvents ends(types, functions, *waits);
  bus::Job job;
  job.run_id = Uuid::v7();
  job.function = functions.find("f");
  job.user_id = "ann";
  events::EventFields fields;
  fields.type = "a";
  fields.user_id = "ann";
  const events::Event event(std::move(fields));
  const auto end = ends.completed(job, event, "null");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->events.empty());
  EXPECT_FALSE(ends.late_finish(job, *end, false)->has_value());
  EXPECT_TRUE(ends.late_finish(job, *end, true)->has_value()) << "by a run of another node";
  sync_wait(executor, wait_for(std::string(bus::kFunctionFinished.name)));
  const auto late = ends.late_finish(job, *end, false);
  ASSERT_TRUE(late && late->has_value());
  EXPECT_EQ((*late)->type(), bus::kFunctionFinished.name);
  // And not twice to those who were there before.
  const auto next = ends.completed(job, event, "null");
  ASSERT_EQ(next->events.size(), 1u);
  EXPECT_FALSE(ends.late_finish(job, *next, false)->has_value());
}

// Tables of before had a position for each type: the least that any wait of them needs is kept.
TEST_F(EventWaitsTest, PositionsOfTypesBecomeOne) {
  auto before = migrations();
  std::erase_if(before, [](const auto& one) { return one.name == "waits.3"; });
  auto old = std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/old.db"}));
  ASSERT_TRUE(old->migrate(before));
  ASSERT_TRUE(test::run(executor, [&] {
    return old->write([&](db::Tx& tx) {
      tx.run(
          "INSERT INTO waits_data(run, step, line, position, user_id, type, path, value, since) "
          "VALUES (x'01', x'', x'', 1, 'u', 'a', '', '', 5), "
          "(x'02', x'', x'', 1, 'u', 'a', '', '', 90), (x'03', x'', x'', 1, 'u', 'b', '', '', 40)");
      tx.run("INSERT INTO waits_looked_at VALUES ('a', 70), ('c', 1)");
    });
  }));
  ASSERT_TRUE(old->migrate(migrations()));
  const auto kept = *test::run(executor, [&] {
    return old->read([](db::Tx& tx) {
      auto rows = tx.query("SELECT position FROM waits_position");
      return rows.next() ? rows.integer(0) : -1;
    });
  });
  EXPECT_EQ(kept, 40);
  old->close();
}

TEST_F(EventWaitsTest, AfterACrashNoMoreOfTheLogIsLookedAtThanWasSinceTheFirstWait) {
  sync_wait(executor, append("a", "{}", 500));
  for (int i = 0; i < 1'001; ++i) wait_for_type(i);
  sync_wait(executor, wait_for("b"));
  restart();
  int pages = 0;
  std::function<Task<void>()> count = [&]() -> Task<void> {
    ++pages;
    log->before_read = count;
    co_return;
  };
  log->before_read = count;
  sync_wait(executor, append("b"));
  follow();
  wait_until_left(1'001);
  EXPECT_EQ(pages, 1);
  following.reset();
  log->before_read = nullptr;
}

TEST_F(EventWaitsTest, AnEventIsComparedAtEveryPlaceThatAWaitNames) {
  std::string data = "{\"n\":0";
  for (int i = 1; i < 200; ++i) data += ",\"n" + std::to_string(i) + "\":" + std::to_string(i);
  data += "}";
  for (int i = 1; i < 200; ++i) {
    sync_wait(executor, wait_for("a", "data.n" + std::to_string(i), Json(i)));
  }
  sync_wait(executor, wait_for("a", "data.n1", Json(2)));
  follow();
  sync_wait(executor, append("a", data));
  wait_until_left(1);
}

TEST_F(EventWaitsTest, OneEventEndsMoreWaitsThanOneCommitDoes) {
  for (int i = 0; i < 450; ++i) sync_wait(executor, wait_for("a", "data.n", Json(7)));
  follow();
  sync_wait(executor, append("a", R"({"n":7.0})"));
  wait_until_left(0);
}

}  // namespace
}  // namespace synap::workers

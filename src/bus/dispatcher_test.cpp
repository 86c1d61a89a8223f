#include "bus/dispatcher.h"

#include <gtest/gtest.h>

#include <set>

#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "events/types.h"

namespace synap::bus {
namespace {

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    for (const char* name : {"a.made", "a.changed", "b.made", "c.one", "c.two"}) {
      types.add(name, object("Thing").field("pad", optional(string())), "");
    }
    functions.add({.id = "on-a", .triggers = {{"a.*"}}, .in_aggregate_order = true});
    functions.add({.id = "on-made", .triggers = {{"a.made"}, {"b.made"}}});
    open();
  }
  ~DispatcherTest() override { close(); }

  void close() { parts.reset(); }
  void open() {
    close();
    parts.emplace();
    parts->database = std::move(*db::sqlite::SqliteDatabase::open({.path = place + "/test.db"}));
    auto tables = events::sqlite::SqliteEventLog::migrations();
    for (const auto& more : migrations()) tables.push_back(more);
    ASSERT_TRUE(parts->database->migrate(tables));
    parts->log = std::move(*events::sqlite::SqliteEventLog::open(*parts->database));
    parts->queue = std::make_unique<Queue>();
    parts->jobs = std::make_unique<JobStore>(*parts->database, functions, *parts->queue);
    parts->dispatcher = std::make_unique<Dispatcher>(functions, *parts->jobs);
  }
  void start() { parts->dispatcher->observe(*parts->log); }
  Queue& queue() { return *parts->queue; }

  Result<events::Appended> append(std::string_view type, std::size_t pad = 0,
                                  std::string user = "ann") {
    events::Envelope envelope;
    envelope.user_id = std::move(user);
    envelope.aggregate_id = Uuid::v7();
    auto data = pad == 0 ? std::string("{}") : R"({"pad":")" + std::string(pad, 'x') + "\"}";
    auto event = types.make(type, std::move(data), std::move(envelope));
    return sync_wait(executor, parts->log->append({.events = {std::move(*event)}}));
  }
  /// "function@position" of every run, in order.
  std::vector<std::string> runs() {
    return *test::run(executor, [&] {
      return parts->database->read([](db::Tx& tx) {
        std::vector<std::string> all;
        auto rows = tx.query(
            "SELECT runs_data.function, runs_data.event_position FROM runs_data "
            "JOIN jobs ON jobs.run = runs_data.id ORDER BY jobs.run");
        while (rows.next()) all.push_back(rows.text(0) + "@" + std::to_string(rows.integer(1)));
        return all;
      });
    });
  }
  using Runs = std::vector<std::string>;
  template <class F>
  auto write(F closure) {
    return test::run(executor, [&] { return parts->database->write(closure); });
  }

  struct Parts {
    std::unique_ptr<db::sqlite::SqliteDatabase> database;
    std::unique_ptr<events::sqlite::SqliteEventLog> log;
    std::unique_ptr<Queue> queue;
    std::unique_ptr<JobStore> jobs;
    std::unique_ptr<Dispatcher> dispatcher;
  };
  test::TempDirectory directory;
  test::SmallDisk disk{8 << 20};
  std::string place = directory.path();
  events::EventTypes types;
  Functions functions;
  ThreadExecutor executor{"test"};
  std::optional<Parts> parts;
};

TEST_F(DispatcherTest, MakesOneRunForEachFunctionAnEventTriggers) {
  start();
  ASSERT_TRUE(append("a.made"));
  ASSERT_TRUE(append("a.changed"));
  ASSERT_TRUE(append("b.made"));
  EXPECT_EQ(runs(), (Runs{"on-a@1", "on-made@1", "on-a@2", "on-made@3"}));
  // The queue has them, claimed; those that keep the aggregate's order are in its line.
  Runs queued;
  while (const auto job = queue().next()) {
    queued.push_back(job->function->id + "@" + std::to_string(job->position));
    EXPECT_EQ(job->line == job->run_id, job->function->id != "on-a");
    EXPECT_FALSE(job->may_have_results);
    EXPECT_EQ(job->fence, 1);
  }
  EXPECT_EQ(queued, (Runs{"on-a@1", "on-made@1", "on-a@2", "on-made@3"}));
}

// Where the pod's own code says what a run counts to, it is made at once and counts to that.
TEST_F(DispatcherTest, LimitsThatAreKnownAtOnceHoldBackNoRun) {
  auto key = cel::Expression::parse("event.type");
  ASSERT_TRUE(key);
  functions.add({.id = "limited",
                 .triggers = {{"c.*"}},
                 .flow = {.concurrency = {{.limit = 1, .key = *std::move(key)}}},
                 .limit_keys = [](const events::Event& event) {
                   return std::vector{Json(event.type).dump()};
                 }});
  start();
  for (const char* type : {"c.one", "c.one", "c.two"}) ASSERT_TRUE(append(type));
  const auto first = queue().next();
  EXPECT_EQ(first->position, 1);
  EXPECT_EQ(first->limit_keys, std::vector<std::string>{R"("c.one")"});
  EXPECT_EQ(queue().next()->position, 3);
  EXPECT_FALSE(queue().next());
}

// Two functions that keep the order, and one event that is the first of its aggregate.
TEST_F(DispatcherTest, FunctionsInOrderGoOneAfterAnotherForTheFirstEventToo) {
  functions.add({.id = "on-a-too", .triggers = {{"a.made"}}, .in_aggregate_order = true});
  start();
  ASSERT_TRUE(append("a.made"));
  const auto first = queue().next();
  EXPECT_EQ(first->function->id, "on-a");
  EXPECT_EQ(queue().next()->function->id, "on-made");
  EXPECT_FALSE(queue().next());
  ASSERT_TRUE(write([&](db::Tx& tx) { parts->jobs->finish(tx, *first); }));
  EXPECT_EQ(queue().next()->function->id, "on-a-too");
}

TEST_F(DispatcherTest, AFunctionThatIsReplacedOrTakenAwayIsSoForTheNextEvent) {
  start();
  ASSERT_TRUE(append("b.made"));
  functions.put({.id = "on-made", .triggers = {{"a.changed"}}});
  ASSERT_TRUE(append("b.made"));
  ASSERT_TRUE(append("a.changed"));
  functions.remove("on-made");
  ASSERT_TRUE(append("a.changed"));
  EXPECT_EQ(runs(), (Runs{"on-made@1", "on-a@3", "on-made@3", "on-a@4"}));
  // Who works with the one of before has it still.
  EXPECT_EQ(queue().next()->function->triggers.size(), 2u);
}

TEST_F(DispatcherTest, MakesNoRunTwiceOverRestarts) {
  for (std::size_t round = 1; round <= 3; ++round) {
    start();
    ASSERT_TRUE(append("b.made"));
    EXPECT_EQ(runs().size(), round);
    EXPECT_EQ(queue().waiting_count(), 1u);
    open();
  }
}

TEST_F(DispatcherTest, AUsersFunctionIsTriggeredByThatUsersEventsOnly) {
  functions.add({.id = "anns", .triggers = {{"a.made"}}, .user_id = "ann"});
  start();
  ASSERT_TRUE(append("a.made", 0, "bob"));
  ASSERT_TRUE(append("a.made", 0, "ann"));
  EXPECT_EQ(runs(), (Runs{"on-a@1", "on-made@1", "on-a@2", "on-made@2", "anns@2"}));
}

// An app may have a thousand functions of one event: nobody's write waits for all of their runs.
TEST_F(DispatcherTest, ManyRunsOfOneEventAreMadeBehindIt) {
  for (int i = 0; i < 300; ++i) {
    functions.add({.id = "f" + std::to_string(i), .triggers = {{"b.made"}}});
  }
  start();
  ASSERT_TRUE(append("b.made"));
  EXPECT_EQ(runs().size(), 256u);
  const auto behind = *write([](db::Tx& tx) {
    auto rows = tx.query("SELECT count(*) FROM admissions WHERE is_gone = 0 AND due_at = 0");
    return rows.next() ? rows.integer(0) : -1;
  });
  EXPECT_EQ(behind, 301 - 256);
}

TEST_F(DispatcherTest, FunctionThatIsNewGetsNoOldEvents) {
  start();
  ASSERT_TRUE(append("b.made"));
  open();
  functions.add({.id = "late", .triggers = {{"b.made"}}});
  start();
  ASSERT_TRUE(append("b.made"));
  EXPECT_EQ(runs(), (Runs{"on-made@1", "on-made@2", "late@2"}));
}

TEST_F(DispatcherTest, TransactionThatIsRolledBackMakesNoRun) {
  start();
  EXPECT_FALSE(write([&](db::Tx& tx) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    parts->log->append(tx, {.events = {*types.make("b.made", "{}", envelope)}});
    tx.abort({Code::kConflict, "", nullptr});
  }));
  EXPECT_TRUE(runs().empty());
  EXPECT_EQ(queue().waiting_count(), 0u);
  ASSERT_TRUE(append("b.made"));
  EXPECT_EQ(runs(), Runs{"on-made@1"});
}

TEST_F(DispatcherTest, FailingCommitsMakeEachRunExactlyOnceInTheEnd) {
  start();
  const auto limit = [&](int pages) {
    ASSERT_TRUE(
        write([pages](db::Tx& tx) { tx.run("PRAGMA max_page_count = " + std::to_string(pages)); }));
  };
  limit(80);
  testing::internal::CaptureStderr();
  int appended = 0;
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    const auto result = append("a.made", static_cast<std::size_t>(i % 5) * 4'000);
    ++(result ? appended : refused);
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(appended, 0);
  limit(100'000);
  ASSERT_TRUE(append("a.made"));
  testing::internal::GetCapturedStderr();
  const auto all = runs();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(2 * (appended + 1)));
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size());
  EXPECT_EQ(queue().waiting_count(), all.size());
}

TEST_F(DispatcherTest, CommitThatFailsAfterItHasDispatchedIsDispatchedAgain) {
  if (!disk.is_there())
    GTEST_FAIL()
        << "this test mounts a small disk, which needs the right to (root, or a user namespace)";
  place = disk.path();
  open();
  start();
  ASSERT_TRUE(append("b.made"));
  // Small writes stay in memory until the commit: it is the commit itself that finds no room.
  disk.fill();
  testing::internal::CaptureStderr();
  int appended = 1;
  int refused = 0;
  for (int i = 0; i < 200; ++i) ++(append("b.made") ? appended : refused);
  EXPECT_GT(refused, 0);
  disk.give_back();
  ASSERT_TRUE(append("b.made"));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(runs().size(), static_cast<std::size_t>(appended + 1));
  EXPECT_EQ(queue().waiting_count(), static_cast<std::size_t>(appended + 1));
  close();
}

}  // namespace
}  // namespace synap::bus

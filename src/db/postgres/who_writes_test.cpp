// Who may write to a database: one pod alone, or nodes; past a pooler or through it.
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/postgres/connection.h"
#include "db/postgres/nodes.h"
#include "db/postgres/postgres_database.h"
#include "db/postgres/test_database.h"

namespace synap::db::postgres {
namespace {

// What it remembers is of before the other's writes.
TEST(PostgresAlone, WhoLostTheDatabaseToAnotherWritesNoMore) {
  const TestDatabase place;
  const PostgresOptions options{.url = place.url(), .is_alone = true};
  auto first = std::move(*PostgresDatabase::open(options));
  ThreadExecutor executor{"test"};
  const auto write = [&](PostgresDatabase& database) {
    return test::run(executor, [&] {
      return database.write([](Tx& tx) { tx.run("CREATE TABLE IF NOT EXISTS a(b BIGINT)"); });
    });
  };
  Connection other({.url = place.direct_url()});
  ASSERT_FALSE(other.connect());
  const auto end_all = [&] {
    ASSERT_TRUE(
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                      "datname = current_database() AND pid <> pg_backend_pid()"));
  };
  end_all();
  EXPECT_TRUE(write(*first)) << "nobody has had it";
  EXPECT_FALSE(first->is_lost());
  end_all();
  auto second = PostgresDatabase::open(options);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(write(**second));
  second->reset();
  const auto refused = write(*first);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
  EXPECT_TRUE(refused.error().message.contains("Another pod has had")) << refused.error().message;
  EXPECT_TRUE(first->is_lost());
  EXPECT_TRUE(PostgresDatabase::open(options)) << "it does not keep the lock";
}

// Nobody can hold a lock there, so the row says who has it, and each commit looks at it.
TEST(PostgresAlone, BehindAPoolerWhoeverStartsLaterHasTheDatabase) {
  const TestDatabase place;
  const PostgresOptions options{.url = place.url(), .is_alone = true, .is_pooled = true};
  auto first = std::move(*PostgresDatabase::open(options));
  ThreadExecutor executor{"test"};
  const auto write = [&](PostgresDatabase& database) {
    return test::run(executor, [&] {
      return database.write([](Tx& tx) { tx.run("CREATE TABLE IF NOT EXISTS a(b BIGINT)"); });
    });
  };
  EXPECT_TRUE(write(*first));
  EXPECT_TRUE(write(*first));
  auto second = PostgresDatabase::open(options);
  ASSERT_TRUE(second) << second.error().message;
  for (int i = 0; i < 2; ++i) {
    const auto refused = write(*first);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("Another pod has had")) << refused.error().message;
    EXPECT_TRUE(first->is_lost());
    EXPECT_TRUE(write(**second));
  }
}

// Of a pod behind a pooler and one that goes to the server itself.
TEST(PostgresAlone, TwoWaysToOneDatabaseAreKeptApart) {
  const TestDatabase place;
  const PostgresOptions direct{.url = place.url(), .is_alone = true};
  const PostgresOptions pooled{.url = place.url(), .is_alone = true, .is_pooled = true};
  PostgresOptions node = pooled;
  node.is_alone = false;
  node.node = NodeName{"a", "1"};
  ThreadExecutor executor{"test"};
  const auto write = [&](PostgresDatabase& database) {
    return test::run(executor, [&] {
      return database.write([](Tx& tx) { tx.run("CREATE TABLE IF NOT EXISTS a(b BIGINT)"); });
    });
  };
  auto first = std::move(*PostgresDatabase::open(direct));
  EXPECT_TRUE(write(*first));
  for (const auto& other : {pooled, node}) {
    const auto refused = PostgresDatabase::open(other);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("not behind the pooler"))
        << refused.error().message;
  }
  EXPECT_TRUE(write(*first));
  first.reset();
  // Whoever comes later has it, from one that is alone and from nodes.
  for (const auto& before : {pooled, node}) {
    auto held = std::move(*PostgresDatabase::open(before));
    EXPECT_TRUE(write(*held));
    auto taken = std::move(*PostgresDatabase::open(direct));
    EXPECT_TRUE(write(*taken));
    EXPECT_FALSE(write(*held));
    EXPECT_TRUE(held->is_lost());
    EXPECT_TRUE(write(*taken));
  }
}

// No session of theirs is known there.
TEST(PostgresAlone, NodesBehindAPoolerAreConnectedWhileTheyCommit) {
  const TestDatabase place;
  PostgresOptions options{.url = place.url(), .is_pooled = true};
  options.node = NodeName{"a", "1"};
  auto first = std::move(*PostgresDatabase::open(options));
  ThreadExecutor executor{"test"};
  const auto nodes = [&] {
    return *test::run(
        executor, [&] { return first->read_at_start([](Tx& tx) { return read_nodes(tx).all; }); });
  };
  ASSERT_EQ(nodes().size(), 1u);
  EXPECT_TRUE(nodes()[0].is_connected);
  options.node = NodeName{"b", "2"};
  const auto refused = PostgresDatabase::open(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
  Connection other({.url = place.direct_url()});
  ASSERT_FALSE(other.connect());
  ASSERT_TRUE(other.execute("UPDATE pod_nodes SET seen_at = seen_at - interval '11 s'"));
  EXPECT_FALSE(nodes()[0].is_connected);
  EXPECT_TRUE(PostgresDatabase::open(options));
}

// By these numbers others know whether there is anything to look for.
TEST(PostgresAlone, ANodesRowSaysHowManyOfItsCommitsHaveChangedSomething) {
  const TestDatabase place;
  PostgresOptions options{.url = place.url(), .is_pooled = TestDatabase::is_pooled()};
  options.node = NodeName{"a", "1"};
  const auto database = std::move(*PostgresDatabase::open(options));
  ThreadExecutor executor{"test"};
  const auto write = [&](const std::function<void(Tx&)>& closure) {
    ASSERT_TRUE(test::run(executor, [&] { return database->write(closure); }));
  };
  const auto row = [&] {
    const auto all = *test::run(executor, [&] {
      return database->read_at_start([](Tx& tx) { return read_nodes(tx).all; });
    });
    return std::pair(all.at(0).commits, all.at(0).changes);
  };
  write([](Tx& tx) { tx.run("CREATE TABLE things(name TEXT)"); });
  EXPECT_EQ(row(), std::pair(1L, 1L));
  write([](Tx&) {});
  write([](Tx& tx) { EXPECT_TRUE(tx.query("SELECT count(*) FROM things").next()); });
  write([](Tx& tx) { tx.run("UPDATE things SET name = 'none is there'"); });
  EXPECT_EQ(row(), std::pair(4L, 1L));
  write([](Tx& tx) { tx.run("INSERT INTO things VALUES ('a')"); });
  EXPECT_EQ(row(), std::pair(5L, 2L));
  // What is given with the COMMIT comes behind the count.
  database->at_group_end([](Tx&) {
    return std::optional(LastStatement{.sql = "INSERT INTO things VALUES ('b') RETURNING 1",
                                       .values = {},
                                       .asked_later = "SELECT 1",
                                       .answer = [](Rows&) {}});
  });
  write([](Tx&) {});
  EXPECT_EQ(row(), std::pair(6L, 3L));
}

}  // namespace
}  // namespace synap::db::postgres

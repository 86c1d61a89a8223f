#include "db/sqlite/connection.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace synap::db::sqlite {
namespace {

TEST(Connection, PreparesAStatementOnceForAllUsers) {
  test::TempDirectory directory;
  const auto path = directory.path() + "/test.db";
  auto writer = std::move(*Connection::open(path, Connection::Mode::kWriter));
  ASSERT_TRUE(writer->execute(
      "CREATE TABLE items_data(id INTEGER, user_id TEXT);"
      "CREATE VIEW items AS SELECT * FROM items_data WHERE user_id = current_user_id();"));
  auto reader = std::move(*Connection::open(path, Connection::Mode::kReader));
  for (int i = 0; i < 10; ++i) {
    reader->begin_closure();
    reader->enter_tenancy(i % 2 == 0 ? "ann" : "bob");
    reader->run("SELECT id FROM items");
    reader->leave_tenancy();
    reader->run("SELECT id FROM items_data");
    EXPECT_TRUE(reader->ok());
  }
  int statements = 0;
  int again = 0;
  for (auto* one = sqlite3_next_stmt(reader->handle(), nullptr); one != nullptr;
       one = sqlite3_next_stmt(reader->handle(), one)) {
    // Not those by which the connection finds the listed views.
    if (!std::string_view(sqlite3_sql(one)).starts_with("SELECT id")) continue;
    ++statements;
    again += sqlite3_stmt_status(one, SQLITE_STMTSTATUS_REPREPARE, 0);
  }
  EXPECT_EQ(statements, 2);
  EXPECT_EQ(again, 0);
}

TEST(Connection, KeepsSoManyStatementsAndThoseInUse) {
  test::TempDirectory directory;
  auto writer =
      std::move(*Connection::open(directory.path() + "/test.db", Connection::Mode::kWriter));
  const auto prepared = [&] {
    int count = 0;
    for (auto* one = sqlite3_next_stmt(writer->handle(), nullptr); one != nullptr;
         one = sqlite3_next_stmt(writer->handle(), one)) {
      ++count;
    }
    return count;
  };
  writer->begin_closure();
  auto in_use = writer->query("SELECT 'first' UNION ALL SELECT 'second'");
  ASSERT_TRUE(in_use.next());
  for (int i = 0; i < 1'000; ++i) {
    writer->run("SELECT " + std::to_string(i));
    writer->run("SELECT 'often'");
    ASSERT_LE(prepared(), 256);
  }
  EXPECT_EQ(prepared(), 256);
  ASSERT_TRUE(in_use.next());
  EXPECT_EQ(in_use.view(0), "second");
  EXPECT_TRUE(writer->ok());
  // What is used often stays, whatever else comes and goes.
  int runs = 0;
  for (auto* one = sqlite3_next_stmt(writer->handle(), nullptr); one != nullptr;
       one = sqlite3_next_stmt(writer->handle(), one)) {
    if (std::string_view(sqlite3_sql(one)) != "SELECT 'often'") continue;
    runs = sqlite3_stmt_status(one, SQLITE_STMTSTATUS_RUN, 0);
  }
  EXPECT_EQ(runs, 1'000);
}

TEST(Connection, KeepsMoreStatementsThanItMayWhileAllAreInUse) {
  test::TempDirectory directory;
  auto writer =
      std::move(*Connection::open(directory.path() + "/test.db", Connection::Mode::kWriter));
  writer->begin_closure();
  std::vector<Rows> all;
  for (int i = 0; i < 400; ++i) {
    all.push_back(writer->query("SELECT 1 UNION ALL SELECT 2"));
    ASSERT_TRUE(all.back().next());
  }
  for (auto& rows : all) ASSERT_TRUE(rows.next());
  EXPECT_EQ(all.back().integer(0), 2);
}

TEST(Connection, GivesItsPagesBackWhenItRests) {
  test::TempDirectory directory;
  auto writer =
      std::move(*Connection::open(directory.path() + "/test.db", Connection::Mode::kWriter));
  const auto bytes = [&] {
    int used = 0;
    int most = 0;
    sqlite3_db_status(writer->handle(), SQLITE_DBSTATUS_CACHE_USED, &used, &most, 0);
    return used;
  };
  writer->begin_closure();
  writer->run("CREATE TABLE items_data(bytes BLOB)");
  for (int i = 0; i < 100; ++i) writer->run("INSERT INTO items_data VALUES (zeroblob(10000))");
  EXPECT_GT(bytes(), 900'000);
  EXPECT_FALSE(writer->is_rested());
  writer->rest();
  EXPECT_TRUE(writer->is_rested());
  EXPECT_LT(bytes(), 50'000);
  writer->run("SELECT count(*) FROM items_data");
  EXPECT_TRUE(writer->ok());
}

}  // namespace
}  // namespace synap::db::sqlite

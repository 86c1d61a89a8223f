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
    reader->enter_scope(i % 2 == 0 ? "ann" : "bob");
    reader->run("SELECT id FROM items");
    reader->leave_scope();
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

}  // namespace
}  // namespace synap::db::sqlite

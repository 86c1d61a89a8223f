#include "db/postgres/dialect.h"

#include <gtest/gtest.h>

namespace synap::db::postgres {
namespace {

TEST(PostgresDialect, SaysTypesAndOptionsOfTablesOtherwise) {
  EXPECT_EQ(in_postgres("CREATE TABLE a(n INTEGER NOT NULL, b BLOB DEFAULT x'', r REAL) STRICT"),
            "CREATE TABLE a(n BIGINT NOT NULL, b BYTEA DEFAULT '\\x'::bytea, r DOUBLE PRECISION) ");
  EXPECT_EQ(in_postgres("CREATE TABLE a(b BLOB)\n  STRICT, WITHOUT ROWID; SELECT 1"),
            "CREATE TABLE a(b BYTEA)\n   ; SELECT 1");
  EXPECT_EQ(in_postgres("CREATE TABLE a(b BLOB) WITHOUT  ROWID, STRICT;"),
            "CREATE TABLE a(b BYTEA)  ;");
  EXPECT_EQ(in_postgres("FROM a INDEXED BY a_by_n WHERE n = $1"), "FROM a  WHERE n = $1");
}

TEST(PostgresDialect, SaysFunctionsOtherwise) {
  EXPECT_EQ(in_postgres("SELECT max(a, f(b, c)), max(a), min(0, x), min(f(a, b))"),
            "SELECT greatest(a, f(b, c)), max(a), least(0, x), min(f(a, b))");
  EXPECT_EQ(in_postgres("length(CAST(coalesce(a, '') AS BLOB)) + CAST(a AS INTEGER)"),
            "length(convert_to(coalesce(a, '') , 'UTF8')) + CAST(a AS BIGINT)");
  EXPECT_EQ(in_postgres("memo GLOB '{\"a_b\":*'"), "memo LIKE '{\"a\\_b\":%'");
  EXPECT_EQ(in_postgres("group_concat(n), group_concat(f(a, b) || '(', ' ')"),
            "string_agg((n)::text, ','), string_agg((f(a, b) || '(')::text, ' ')");
  EXPECT_EQ(in_postgres("zeroblob(16)"), "decode(repeat('00', 16), 'hex')");
  EXPECT_EQ(in_postgres("step = X'0aFF'"), "step = '\\x0aFF'::bytea");
}

TEST(PostgresDialect, ComparesTextsByTheirBytes) {
  EXPECT_EQ(in_postgres("CREATE TABLE a(t TEXT NOT NULL); ALTER TABLE a ADD COLUMN u TEXT"),
            "CREATE TABLE a(t TEXT COLLATE \"C\" NOT NULL); "
            "ALTER TABLE a ADD COLUMN u TEXT COLLATE \"C\"");
  for (const char* sql : {"CREATE TABLE a(t TEXT COLLATE \"C\")", "SELECT CAST(a AS TEXT) FROM a",
                          "CREATE TABLE a AS SELECT CAST(b AS TEXT) FROM b",
                          "CREATE TABLE a(text BIGINT, PRIMARY KEY(text))"}) {
    EXPECT_EQ(in_postgres(sql), sql);
  }
}

TEST(PostgresDialect, FindsTheViewsThatAreMade) {
  const auto views = views_in(
      "CREATE TABLE a(b BIGINT); CREATE VIEW c AS\n SELECT * FROM a;\nCREATE VIEW d AS SELECT 1");
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0].name, "c");
  EXPECT_EQ(views[0].sql, "CREATE VIEW c AS\n SELECT * FROM a");
  EXPECT_EQ(views[1].name, "d");
}

TEST(PostgresDialect, LeavesTextsNamesCommentsAndBodiesAlone) {
  for (const char* sql : {
           "SELECT 'an INTEGER, it''s x''00'' STRICT', \"BLOB\" FROM prefix_x",
           "-- a BLOB\nSELECT interval 'x', fx'1', ax FROM integers WHERE a = $1 AND b < $12",
           "CREATE FUNCTION f() AS $$ DECLARE a INTEGER; SELECT max(1, 2) $$",
       }) {
    EXPECT_EQ(in_postgres(sql), sql);
  }
}

}  // namespace
}  // namespace synap::db::postgres

#include "db/sqlite/tenancy_rules.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/sqlite/connection.h"

namespace synap::db::sqlite {
namespace {

class TenancyRulesTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = directory.path() + "/test.db";
    writer = std::move(*Connection::open(path, Connection::Mode::kWriter));
    ASSERT_TRUE(writer->execute(
        "CREATE TABLE items_data(id INTEGER PRIMARY KEY, user_id TEXT, tags TEXT);"
        "INSERT INTO items_data VALUES (1, 'ann', '[\"a\",\"b\"]'), (2, 'bob', '[\"c\"]');"
        "CREATE VIEW items AS SELECT * FROM items_data WHERE user_id = current_user_id();"
        "CREATE VIEW tagged AS SELECT id FROM items WHERE tags <> '[]' "
        "  AND id IN (SELECT id FROM items_data WHERE user_id = current_user_id());"
        "CREATE VIRTUAL TABLE words USING fts5(text);"
        "INSERT INTO words(rowid, text) VALUES (1, 'fine words'), (2, 'other words');"
        "CREATE VIEW found AS SELECT words.text AS text, words.words AS query FROM words "
        "  JOIN items_data ON items_data.id = words.rowid WHERE user_id = current_user_id();"));
    reader = std::move(*Connection::open(path, Connection::Mode::kReader));
  }
  /// The rows of `sql` in ann's tenancy, or -1 if it is refused.
  int rows_of(std::string_view sql) {
    testing::internal::CaptureStderr();
    reader->begin_closure();
    reader->run("BEGIN");
    reader->enter_tenancy("ann");
    int count = 0;
    {
      auto rows = reader->query(sql);
      while (rows.next()) ++count;
    }
    if (!reader->ok()) count = -1;
    reader->leave_tenancy();
    EXPECT_TRUE(reader->execute("END"));
    testing::internal::GetCapturedStderr();
    return count;
  }

  test::TempDirectory directory;
  std::unique_ptr<Connection> writer;
  std::unique_ptr<Connection> reader;
};

TEST_F(TenancyRulesTest, OpensListedViewsAndWhatStandsOnThem) {
  EXPECT_EQ(rows_of("SELECT id FROM items"), 1);
  EXPECT_EQ(rows_of("SELECT count(*) FROM items"), 1);
  EXPECT_EQ(rows_of("SELECT id FROM tagged"), 1);
  EXPECT_EQ(rows_of("WITH mine AS (SELECT id FROM items) SELECT id FROM mine"), 1);
  EXPECT_EQ(rows_of("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
                    "SELECT i FROM n JOIN items"),
            3);
  EXPECT_EQ(rows_of("SELECT id FROM items AS items_data"), 1);
  EXPECT_EQ(rows_of("SELECT id FROM Items WHERE id = (SELECT max(id) FROM ITEMS)"), 1);
}

TEST_F(TenancyRulesTest, OpensJsonEachOverAColumnOfAView) {
  EXPECT_EQ(rows_of("SELECT value FROM items, json_each(items.tags)"), 2);
  EXPECT_EQ(rows_of("SELECT id FROM items WHERE EXISTS "
                    "(SELECT 1 FROM json_tree(items.tags) WHERE value = 'a')"),
            1);
  EXPECT_EQ(rows_of("SELECT value FROM items_data, json_each(items_data.tags)"), -1);
  EXPECT_EQ(rows_of("SELECT value FROM json_each((SELECT tags FROM items_data))"), -1);
}

TEST_F(TenancyRulesTest, OpensFullTextThroughAViewOnly) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(rows_of("SELECT text FROM found WHERE query MATCH 'words'"), 1);
    EXPECT_EQ(rows_of("SELECT text FROM found"), 1);
    for (const char* table :
         {"words", "words_content", "words_data", "words_idx", "words_docsize", "words_config"}) {
      EXPECT_EQ(rows_of("SELECT count(*) FROM " + std::string(table)), -1) << table;
      EXPECT_EQ(rows_of("SELECT * FROM " + std::string(table)), -1) << table;
    }
  }
  EXPECT_EQ(rows_of("SELECT text FROM words WHERE words MATCH 'words'"), -1);
}

TEST_F(TenancyRulesTest, ClosesWhatIsNoTable) {
  for (const char* sql : {
           "SELECT name FROM sqlite_master",
           "SELECT name FROM sqlite_schema",
           "SELECT name FROM sqlite_temp_master",
           "SELECT count(*) FROM sqlite_master",
           "SELECT name FROM pragma_table_list",
           "SELECT name FROM pragma_table_info('items')",
           "SELECT * FROM dbstat",
           "SELECT * FROM bytecode('SELECT 1')",
           "PRAGMA table_info(items)",
           "PRAGMA query_only = OFF",
           "PRAGMA data_version",
           "ATTACH ':memory:' AS other",
           "SELECT load_extension('x')",
           "SELECT fts3_tokenizer('simple')",
           "INSERT INTO items_data(id) VALUES (3)",
           "UPDATE items_data SET id = 4",
           "DELETE FROM items_data",
           "CREATE TEMP TABLE t(id)",
           "CREATE TEMP VIEW items AS SELECT 1",
           "SAVEPOINT s",
           "ANALYZE",
           "VACUUM",
       }) {
    EXPECT_EQ(rows_of(sql), -1) << sql;
  }
}

TEST_F(TenancyRulesTest, KnowsAViewThatIsListedNoLonger) {
  EXPECT_EQ(rows_of("SELECT id FROM items"), 1);
  ASSERT_TRUE(writer->execute("DROP VIEW items; CREATE VIEW items AS SELECT * FROM items_data"));
  EXPECT_EQ(rows_of("SELECT id FROM items"), -1);
}

TEST(TenancyRules, FindsCommonTableExpressionsHoweverTheyAreWritten) {
  TenancyRules rules;
  rules.set_names({"Items", "two words"}, {});
  for (const char* sql : {
           "WITH items AS (SELECT 1) SELECT 1",
           "with ITEMS(a, b) as (select 1, 2) select 1",
           "WITH x AS (SELECT 1), items AS(SELECT 1) SELECT 1",
           "WITH /* items */ [items] -- x\n AS NOT MATERIALIZED (SELECT 1) SELECT 1",
           "WITH 'items' AS MATERIALIZED (SELECT 1) SELECT 1",
           "WITH \"two words\" AS (SELECT 1) SELECT 1",
           "SELECT (WITH `items` AS (SELECT 1) SELECT 1)",
       }) {
    EXPECT_TRUE(rules.renames_a_view(sql)) << sql;
  }
  for (const char* sql : {
           "SELECT id FROM items AS i",
           "SELECT id FROM items",
           "WITH other AS (SELECT id FROM items) SELECT 1",
           "WITH other(items) AS (SELECT 1) SELECT items FROM other",
           "SELECT id AS items FROM items WHERE id IN (SELECT 1)",
           "SELECT 'WITH items AS (' FROM items",
           "SELECT 1 -- items AS (",
           "SELECT 1 /* items AS (",
           "SELECT \"items",
           "",
       }) {
    EXPECT_FALSE(rules.renames_a_view(sql)) << sql;
  }
}

}  // namespace
}  // namespace synap::db::sqlite

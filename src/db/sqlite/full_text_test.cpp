#include "db/sqlite/full_text.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/sqlite/connection.h"

namespace synap::db::sqlite {
namespace {

class FullText : public testing::Test {
 protected:
  FullText() {
    connection =
        std::move(*Connection::open(directory.path() + "/test.db", Connection::Mode::kWriter));
    EXPECT_TRUE(add_full_text(connection->handle()));
    EXPECT_TRUE(connection->execute(
        "CREATE VIRTUAL TABLE texts USING fts5(title, body, content='', tokenize='given_terms')"));
    connection->begin_closure();
  }
  void add(int row, std::string_view title, std::string_view body) {
    connection->run("INSERT INTO texts(rowid, title, body) VALUES ($1, $2, $3)", row, title, body);
  }
  std::string rows(Rows found) {
    std::string all;
    while (found.next()) all += (all.empty() ? "" : " ") + std::to_string(found.integer(0));
    return all;
  }
  std::string matching(std::string_view expression) {
    return rows(connection->query("SELECT rowid FROM texts WHERE texts MATCH $1", expression));
  }
  std::string ranked(std::string_view expression, const Relevance& relevance) {
    const auto bytes = relevance.bytes();
    return rows(
        connection->query("SELECT rowid FROM texts WHERE texts MATCH $1 "
                          "ORDER BY relevance(texts, $2, 'texts') DESC",
                          expression, Blob{bytes}));
  }
  static Relevance of_words(std::vector<double> rarities) {
    Relevance relevance{
        .columns = {{4, 2}, {1, 10}}, .groups = {}, .rarities = std::move(rarities)};
    for (int i = 0; i < static_cast<int>(relevance.rarities.size()); ++i) {
      relevance.groups.push_back(i);
    }
    return relevance;
  }

  test::TempDirectory directory;
  std::unique_ptr<Connection> connection;
};

TEST_F(FullText, TakesTermsAsTheyAreGiven) {
  add(1, "", "7:Ärger 7:don't");
  EXPECT_EQ(matching(R"("7:Ärger")"), "1");
  EXPECT_EQ(matching(R"("7:don't")"), "1");
  EXPECT_EQ(matching(R"("7:ärger" OR "don't" OR "7" OR "Ärger")"), "");
}

TEST_F(FullText, KeepsFormsOfAWordAtItsPlace) {
  add(1, "", "running /run shoes");
  EXPECT_EQ(matching(R"("running shoes")"), "1");
  EXPECT_EQ(matching(R"("run shoes")"), "1");
  EXPECT_EQ(matching(R"("running run")"), "");
  EXPECT_EQ(matching(R"("jogging /run shoes")"), "1");
}

TEST_F(FullText, RanksByLengthAndColumn) {
  add(1, "a", "x b c d e f g h");
  add(2, "a", "x");
  add(3, "x", "b");
  EXPECT_EQ(ranked(R"("x")", of_words({1})), "3 2 1");
}

TEST_F(FullText, PrefersRowsWithAllWordsAndThenRareOnes) {
  add(1, "", "x x x x");
  add(2, "", "y z z z");
  add(3, "", "x y z z");
  EXPECT_EQ(ranked(R"("x" OR "y")", of_words({1, 3})), "3 2 1");
  EXPECT_EQ(ranked(R"("x" OR "y")", of_words({3, 1})), "3 1 2");
}

TEST_F(FullText, CountsNoPhraseWithoutAGroup) {
  add(1, "", "x a a");
  add(2, "", "x y y");
  add(3, "", "x x x");
  auto relevance = of_words({1});
  relevance.groups = {-1, -1, 0};
  EXPECT_EQ(ranked(R"("x" AND ("x" OR "y"))", relevance).front(), '2');
}

// Of few rows FTS5 is asked for each, of many they are read at once, and then they are known.
TEST_F(FullText, KnowsHowLongEachOfManyRowsIs) {
  std::string long_text = "x";
  for (int i = 0; i < 200; ++i) long_text += " a";
  // More than is kept of one.
  constexpr int kHuge = 500;
  constexpr int kHugeSize = 70'000;
  std::string huge_text = "x";
  for (int i = 1; i < kHugeSize; ++i) huge_text += " a";
  for (int row = 1; row <= 1'000; ++row) {
    if (row == kHuge) {
      add(row, "", huge_text);
      continue;
    }
    add(row, row % 7 == 0 ? "a b c" : "", row % 3 == 0 ? long_text : "x b");
  }
  const auto bytes = of_words({1}).bytes();
  const auto all = [&](int most) {
    std::vector<double> relevances;
    auto found = connection->query(
        "SELECT relevance(texts, $1, 'texts') FROM texts WHERE texts MATCH '\"x\"' LIMIT $2",
        Blob{bytes}, most);
    while (found.next()) relevances.push_back(found.real(0));
    return relevances;
  };
  EXPECT_EQ(all(5).size(), 5U);
  const auto first = all(1'000);
  EXPECT_EQ(all(1'000), first);
  ASSERT_EQ(first.size(), 1'000U);
  const int sizes[] = {0, 2};
  const int long_sizes[] = {0, 201};
  const int huge_sizes[] = {0, kHugeSize};
  const int counts[] = {0, 1};
  const auto relevance = of_words({1});
  const Bm25f rule(relevance.columns, relevance.rarities);
  for (std::size_t row = 1; row <= first.size(); ++row) {
    const auto* all_sizes = row == kHuge ? &huge_sizes : row % 3 == 0 ? &long_sizes : &sizes;
    const auto expected = rule.relevance(*all_sizes, counts);
    ASSERT_EQ(first[row - 1], expected) << row;
  }
}

TEST_F(FullText, RefusesARelevanceOfAnotherQuery) {
  add(1, "", "x");
  for (const auto& bytes :
       {of_words({1, 1}).bytes(), std::string("abc"), std::string(24, '\xff')}) {
    connection->begin_closure();
    ASSERT_EQ(
        rows(connection->query(
            "SELECT relevance(texts, $1, 'texts') FROM texts WHERE texts MATCH 'x'", Blob{bytes})),
        "");
    EXPECT_FALSE(connection->ok());
    std::ignore = connection->take_error();
  }
}

}  // namespace
}  // namespace synap::db::sqlite

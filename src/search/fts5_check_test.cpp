#include "search/fts5_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "search/finder.h"
#include "search/index.h"

namespace synap::search {
namespace {

class Fts5CheckTest : public testing::Test {
 protected:
  Fts5CheckTest() {
    EXPECT_TRUE(test::run(executor, [&] { return index->load(); }));
  }

  void write(int first, int count, const std::string& text) {
    std::vector<Change> changes;
    for (int i = first; i < first + count; ++i) {
      if (static_cast<std::size_t>(i) == ids.size()) ids.push_back(Uuid::v7());
      const auto& id = ids[static_cast<std::size_t>(i)];
      changes.push_back({id,
                         {{.id = id,
                           .user_id = i % 9 == 0 ? "bob" : "ann",
                           .type = "note",
                           .title = fmt::format("title{}", i % 97),
                           .text = fmt::format("{} word{} and {}", text, i, i * 7'919 % 1'000)}}});
    }
    apply(std::move(changes));
  }
  void apply(std::vector<Change> changes) {
    EXPECT_TRUE(test::run(executor, [&] { return index->apply(std::move(changes), {}); }));
  }
  bool settle() {
    return *test::run(executor, [&] { return index->settle(); });
  }
  // A segment of many pages, in which lists have indexes, and some of few.
  void write_all() {
    std::string many;
    for (int i = 0; i < 24; ++i) many += "the ";
    for (int i = 0; i < 2; ++i) write(i * 1'000, 1'000, many);
    while (settle()) {
    }
    write(2'000, 100, "elm");
    write(0, 10, "elm");
  }
  Fts5Check::Seen seen(int pages = 1'000) {
    Fts5Check check;
    for (;;) {
      const auto step = *test::run(executor, [&] {
        return index->database().read([&](db::Tx& tx) { return check.step(tx, pages); });
      });
      if (step != Fts5Check::Seen::kMore) return step;
    }
  }
  void run(const std::string& sql) {
    const auto done = test::run(
        executor, [&] { return index->database().write([&](db::Tx& tx) { tx.run(sql); }); });
    ASSERT_TRUE(done) << done.error().message;
  }
  std::int64_t number_of(std::string_view sql) {
    return *test::run(executor, [&] {
      return index->read([&](IndexTx& in) {
        auto rows = in.tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }
  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<FileIndex> index =
      std::move(*FileIndex::open_file(directory.path() + "/index.db", real_world()));
  std::vector<Uuid> ids;
};

// Pages of a segment with many: not its first or last one.
constexpr std::string_view kInner =
    "(SELECT id FROM terms_data WHERE id >> 36 & 1 = 0 AND id > 10 AND id >> 37 = (SELECT segid "
    "FROM terms_idx GROUP BY segid ORDER BY count(*) DESC LIMIT 1) ORDER BY id LIMIT 1 OFFSET {})";

TEST(KnownLists, AreWhatThisSqliteWrites) {
  EXPECT_TRUE(writes_known_lists(real_world()));
}

TEST_F(Fts5CheckTest, FindsNothingInWhatFts5Writes) {
  EXPECT_EQ(seen(), Fts5Check::Seen::kAll);
  std::string long_text;
  for (int i = 0; i < 3'000; ++i) long_text += "garden ";
  for (int i = 0; i < 8; ++i) {
    write(i * 100, 100, "the the oak");
    write(i * 100, 2, long_text);
    EXPECT_EQ(seen(3), Fts5Check::Seen::kAll) << i;
    write(i * 50, 50, "elm");
    // Some pages of a merge each time.
    std::ignore = settle();
    EXPECT_EQ(seen(), Fts5Check::Seen::kAll) << i;
  }
  apply({{ids[5], std::nullopt}, {ids[6], std::nullopt}});
  EXPECT_EQ(seen(), Fts5Check::Seen::kAll);
  EXPECT_GT(number_of("SELECT count(*) FROM terms_data"), 20);
}

TEST_F(Fts5CheckTest, LooksThroughWhatIsMergedMeanwhile) {
  write_all();
  Fts5Check check;
  const auto step = [&] {
    return *test::run(executor, [&] {
      return index->database().read([&](db::Tx& tx) { return check.step(tx, 7); });
    });
  };
  auto last = step();
  for (int i = 0; last == Fts5Check::Seen::kMore; ++i) {
    ASSERT_LT(i, 10'000);
    if (i < 10) write(i * 50, 20, "ash");
    if (i % 3 == 0) std::ignore = settle();
    last = step();
  }
  EXPECT_EQ(last, Fts5Check::Seen::kAll);
}

TEST_F(Fts5CheckTest, SeesWhatIsAnotherThanItWasWritten) {
  write_all();
  ASSERT_EQ(seen(), Fts5Check::Seen::kAll);
  const auto page = [](int at) { return fmt::format(fmt::runtime(kInner), at); };
  const std::string harms[] = {
      "DELETE FROM terms_idx",
      "DELETE FROM terms_idx WHERE (segid, pgno) = (SELECT segid, pgno FROM terms_idx "
      "WHERE pgno > 20 LIMIT 1)",
      "UPDATE terms_data SET block = zeroblob(length(block)) WHERE id = " + page(3),
      "UPDATE terms_data SET block = CAST(substr(block, 1, 500) || zeroblob(length(block) - 500) "
      "AS BLOB) WHERE id = " +
          page(4),
      "DELETE FROM terms_data WHERE id = " + page(5),
      // Of another place, as a page that was written there by mistake.
      "UPDATE terms_data SET block = (SELECT block FROM terms_data WHERE id = " + page(7) +
          ") WHERE id = " + page(6),
      // The index of a list leads to a page behind the last.
      "UPDATE terms_data SET block = CAST(substr(block, 1, 1) || x'7f' || substr(block, 3) AS "
      "BLOB) "
      "WHERE id >> 36 & 1 = 1",
      "UPDATE terms_data SET block = zeroblob(7) WHERE id = 10",
      "UPDATE terms_data SET block = zeroblob(length(block)) WHERE id = 10",
  };
  for (const auto& harm : harms) {
    run("CREATE TABLE kept AS SELECT * FROM terms_data");
    run("CREATE TABLE kept_idx AS SELECT * FROM terms_idx");
    run(harm);
    EXPECT_EQ(seen(), Fts5Check::Seen::kStrange) << harm;
    run("DELETE FROM terms_data");
    run("INSERT INTO terms_data SELECT * FROM kept");
    run("DELETE FROM terms_idx");
    run("INSERT INTO terms_idx SELECT * FROM kept_idx");
    run("DROP TABLE kept");
    run("DROP TABLE kept_idx");
    ASSERT_EQ(seen(), Fts5Check::Seen::kAll);
  }
}

// By reading, on the way of a query.
TEST_F(Fts5CheckTest, IsAskedForByWhoeverMeetsWhatIsStrange) {
  write_all();
  const auto words = [&] {
    for (int i = 0; i < 60; ++i) {
      Ask ask{.items = *parse_query(fmt::format("word{}", i * 33), {})};
      std::ignore = test::run(
          executor, [&] { return index->read([&](IndexTx& in) { return find(in, "ann", ask); }); });
    }
    return index->doubts()->value();
  };
  EXPECT_EQ(words(), 0);
  const std::string harms[] = {
      "UPDATE terms_data SET block = zeroblob(length(block)) WHERE id >> 36 & 1 = 0 AND id > 10 "
      "AND id % 8 = 7",
      "UPDATE terms_data SET block = (SELECT block FROM terms_data AS other WHERE other.id = "
      "terms_data.id + 1) WHERE id >> 36 & 1 = 0 AND id > 10 AND id % 8 = 7 AND EXISTS (SELECT 1 "
      "FROM terms_data AS other WHERE other.id = terms_data.id + 1)",
      "DELETE FROM terms_idx WHERE pgno >> 1 > 1 AND pgno % 80 < 40",
      "DELETE FROM terms_idx",
  };
  for (const auto& harm : harms) {
    const auto before = index->doubts()->value();
    run("CREATE TABLE kept AS SELECT * FROM terms_data");
    run("CREATE TABLE kept_idx AS SELECT * FROM terms_idx");
    run(harm);
    EXPECT_GT(words(), before) << harm;
    run("DELETE FROM terms_data");
    run("INSERT INTO terms_data SELECT * FROM kept");
    run("DELETE FROM terms_idx");
    run("INSERT INTO terms_idx SELECT * FROM kept_idx");
    run("DROP TABLE kept");
    run("DROP TABLE kept_idx");
  }
}

}  // namespace
}  // namespace synap::search

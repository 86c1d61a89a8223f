// What an index in a database on PostgreSQL has of its own, and that it finds what a file does;
// what both are to do is in index_test.cpp.
#include "search/shared_index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/test_support.h"
#include "events/test_store.h"
#include "search/finder.h"
#include "search/gin_terms.h"

namespace synap::search {
namespace {

class SharedIndexTest : public testing::Test {
 protected:
  SharedIndexTest() {
    EXPECT_TRUE(test::run(executor, [&] { return index->load(); }));
  }

  static Document document(std::string_view title, std::string_view text,
                           std::string_view user = "ann") {
    return {.id = Uuid::v7(),
            .user_id = std::string(user),
            .type = "note",
            .title = std::string(title),
            .text = std::string(text)};
  }
  Result<> apply(Index& to, std::vector<Change> changes) {
    return test::run(executor, [&] { return to.apply(std::move(changes), {}); });
  }
  Uuid put(Document document) {
    const auto id = document.id;
    EXPECT_TRUE(apply(*index, {{id, std::move(document)}}));
    return id;
  }
  Result<Found> look(Index& in, std::string_view text, Ask ask = {},
                     std::string_view user = "ann") {
    ask.text = text;
    ask.items = *parse_query(text, fields);
    return test::run(executor,
                     [&] { return in.read([&](IndexTx& tx) { return find(tx, user, ask); }); });
  }
  std::string found(std::string_view text, Ask ask = {}) { return titles(look(*index, text, ask)); }
  static std::string titles(const Result<Found>& answer) {
    if (!answer) return answer.error().message;
    std::vector<std::string> all;
    for (const auto& hit : answer->hits) all.push_back(hit.title);
    return fmt::format("{}", fmt::join(all, ", "));
  }
  // By a statement about the index's tables.
  std::vector<std::string> rows_of(std::string_view sql) {
    return *test::run(executor, [&] {
      return index->read([&](IndexTx& in) {
        std::vector<std::string> all;
        auto rows = in.tx.query(sql);
        while (rows.next()) all.push_back(rows.text(0));
        return all;
      });
    });
  }
  Result<> run(std::string_view sql) {
    return test::run(executor, [&] { return engine->write([&](db::Tx& tx) { tx.run(sql); }); });
  }

  const std::string name = "search_1_test";
  ThreadExecutor executor{"test"};
  const std::unique_ptr<events::TestStore> store = events::TestStore::make();
  std::shared_ptr<db::Engine> engine = store->open_aside();
  std::unique_ptr<SharedIndex> index = std::make_unique<SharedIndex>(engine, name);
  const std::vector<std::string> fields = {"tag", "type", "status"};
};

// The same texts and queries, drawn at random, in both: what is found, its order and its scores.
TEST_F(SharedIndexTest, FindsWhatAFileDoes) {
  test::TempDirectory directory;
  const auto file = std::move(*FileIndex::open_file(directory.path() + "/i.db", real_world()));
  ASSERT_TRUE(test::run(executor, [&] { return file->load(); }));
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  const auto any = [&](int most) {
    return std::uniform_int_distribution<int>(0, most - 1)(random);
  };
  // Few are common and many are rare.
  const auto word = [&] { return fmt::format("w{}", any(1 + any(1 + any(60)))); };
  const auto text = [&](int words) {
    std::string all;
    for (int i = 0; i < words; ++i) all += word() + " ";
    return all;
  };
  std::vector<Change> changes;
  for (int i = 0; i < 300; ++i) {
    auto one = document(fmt::format("{} n{}", text(any(3)), i), text(any(i % 50 == 0 ? 700 : 40)),
                        i % 4 == 0 ? "bob" : "ann");
    if (any(3) == 0) one.tags = {word(), "home"};
    one.fields = {{"status", any(2) == 0 ? "open" : "done"}};
    changes.push_back({one.id, std::move(one)});
  }
  for (int i = 0; i < 40; ++i) {
    auto again = changes[static_cast<std::size_t>(any(300))];
    if (i % 4 == 0) {
      again.document.reset();
    } else {
      again.document->text = text(20);
    }
    changes.push_back(std::move(again));
  }
  ASSERT_TRUE(apply(*index, changes));
  ASSERT_TRUE(apply(*file, changes));
  int hits = 0;
  for (int i = 0; i < 300; ++i) {
    const auto phrase = [&] { return fmt::format("\"{} {}\"", word(), word()); };
    const auto query = std::vector<std::function<std::string()>>{
        [&] { return word(); },
        [&] { return word() + " " + word() + " " + word(); },
        [&] { return phrase() + " " + word(); },
        [&] { return phrase() + " " + phrase(); },
        [&] { return word() + " -" + word(); },
        [&] { return word() + " -" + phrase() + " -tag:home"; },
        [&] { return "tag:home status:open " + word(); },
        [&] { return "tag:home status:done"; },
        [&] { return "title:" + word(); },
        [&] { return word() + " status:open w1*"; }}[static_cast<std::size_t>(i % 10)]();
    const Ask ask{.limit = 15};
    for (const auto* user : {"ann", "bob"}) {
      const auto here = look(*index, query, ask, user);
      const auto there = look(*file, query, ask, user);
      ASSERT_EQ(titles(here), titles(there)) << query;
      ASSERT_EQ(here->total, there->total) << query;
      for (std::size_t k = 0; k < here->hits.size(); ++k) {
        ASSERT_NEAR(here->hits[k].place.relevance, there->hits[k].place.relevance, 1e-9) << query;
        ++hits;
      }
    }
  }
  EXPECT_GT(hits, 2'000);
}

// Each word is in few of them, and both together in more than are ranked.
TEST_F(SharedIndexTest, FindsEachOfTheWordsThatManyTextsHaveTogether) {
  std::vector<Change> changes;
  for (int i = 0; i < 2'400; ++i) {
    auto one = document(i < 1'000 ? "oak" : i < 2'200 ? "elm" : "ash", i == 1'500 ? "oak" : "tree");
    changes.push_back({one.id, std::move(one)});
  }
  ASSERT_TRUE(apply(*index, std::move(changes)));
  std::map<std::string, int> of;
  Ask ask{.limit = 700};
  do {
    const auto page = look(*index, "oak elm", ask);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_FALSE(page->total) << "not all were ranked";
    for (const auto& hit : page->hits) ++of[hit.title];
    ask.after = page->next;
  } while (ask.after);
  EXPECT_EQ(of["oak"], 1'000) << "the rarer";
  EXPECT_EQ(of["elm"], 1'000) << "and as many of the others as there is room for: the newest";
  EXPECT_EQ(of["ash"], 0);
  EXPECT_EQ(found("oak elm", {.limit = 1}), "elm") << "which has both";
}

// Longer than a tsvector has positions, with more different words than one has room for.
TEST_F(SharedIndexTest, FindsAllWordsOfLongTexts) {
  std::string text = "first ";
  for (int i = 0; i < 60'000; ++i) text += fmt::format("w{} ", i);
  text += "oak oak last";
  auto one = document("Long", text);
  one.tags = {"home"};
  const auto id = put(one);
  put(document("Short", "first words"));
  EXPECT_EQ(look(*index, "w59999")->total, 1);
  for (const auto* query :
       {"w0", "w17000", "w59999", "\"first w0\"", "\"w16382 w16383 w16384\"", "\"oak oak last\"",
        "\"w248 w249 w250\" \"w40000 w40001\"", "w9* tag:home last", "title:long text:oak",
        "type:note tag:home", "last -w60001"}) {
    EXPECT_EQ(found(query), "Long") << query;
  }
  EXPECT_EQ(found("\"w1 w3\""), "");
  EXPECT_EQ(found("first -oak"), "Short");
  EXPECT_EQ(found("first -\"w30000 w30001\""), "Short");
  EXPECT_EQ(found("\"first w0\" \"oak last\" -w31000"), "");
  // Two that are beside each other where a row ends are two, once each.
  EXPECT_EQ(look(*index, "oak")->total, 1);
  ASSERT_TRUE(apply(*index, {{id, std::nullopt}}));
  EXPECT_EQ(rows_of("SELECT count(*) FROM terms"), std::vector<std::string>{"1"});
  EXPECT_EQ(rows_of("SELECT rows FROM buckets"), std::vector<std::string>{"1"});
}

TEST_F(SharedIndexTest, CountsEachOccurrenceOnceWhereverRowsEnd) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += i % 10 == 0 ? "oak " : "elm ";
  const auto rows = [&] {
    Kept kept{.type = "note", .text = text, .tags = "[]", .fields = "{}"};
    analysis::Analyzer analyzer;
    return gin_rows(streams_of(analyzer, 7, kept), 3);
  }();
  EXPECT_EQ(rows.vectors.size(), 4U);
  put(document("A", text));
  const std::vector<Wanted> wanted = {{.places = {{.terms = {"oak"}}}},
                                      {.places = {{.terms = {"elm"}}, {.terms = {"oak"}}}}};
  const std::vector<std::size_t> both = {0, 1};
  Occurrences occurrences(wanted, both);
  for (const auto& row : rows_of("SELECT words::text FROM terms")) occurrences.add(row);
  EXPECT_EQ(occurrences.counts()[1], 100);
  EXPECT_EQ(occurrences.counts()[(kColumns + 1) + 1], 99);
}

// However often a user has a word: from the newest bucket on, as far as texts are ranked.
TEST_F(SharedIndexTest, LooksIntoBucketsOfSoManyRows) {
  std::vector<Change> changes;
  const auto add = [&](int count, std::string_view text) {
    for (int i = 0; i < count; ++i) {
      auto one = document(fmt::format("{} {}", text, i), text);
      changes.push_back({one.id, std::move(one)});
    }
    ASSERT_TRUE(apply(*index, std::exchange(changes, {})));
  };
  add(1, "rare common");
  add(static_cast<int>(kBucketRows) + 50, "common");
  EXPECT_EQ(rows_of("SELECT rows FROM buckets ORDER BY number"),
            (std::vector<std::string>{fmt::to_string(kBucketRows), "51"}));
  EXPECT_EQ(found("rare"), "rare common 0");
  EXPECT_EQ(found("rare common").substr(0, 13), "rare common 0");
  const auto many = look(*index, "common");
  EXPECT_EQ(many->hits.front().title, fmt::format("common {}", kBucketRows + 49));
  EXPECT_FALSE(many->total);
  EXPECT_EQ(look(*index, "common", {.limit = 5'000})->hits.size(), kGinTextsMax + 1U);
  EXPECT_EQ(look(*index, "common -rare", {.limit = 1})->hits.size(), 1U);
  // What is emptied is no bucket any more, and what is written again opens none.
  auto one = document("one", "elm");
  for (int i = 0; i < 20; ++i) {
    one.text += " elm";
    put(one);
  }
  EXPECT_EQ(rows_of("SELECT rows FROM buckets ORDER BY number"),
            (std::vector<std::string>{fmt::to_string(kBucketRows), "52"}));
}

TEST_F(SharedIndexTest, LooksWithTheIndex) {
  std::vector<Change> changes;
  for (int i = 0; i < 2'000; ++i) {
    auto one = document("A", fmt::format("oak w{}", i), i % 2 == 0 ? "ann" : "bob");
    changes.push_back({one.id, std::move(one)});
  }
  ASSERT_TRUE(apply(*index, std::move(changes)));
  auto sql = "EXPLAIN (COSTS OFF) " + GinTerms::statement("");
  const auto give = [&](std::string_view parameter, std::string_view value) {
    sql.replace(sql.find(parameter), parameter.size(), value);
  };
  give("$1", "'1,2'");
  give("$2", "'''\x01:oak'''");
  give("$3", "0");
  give("$4", "9999999999999");
  give("$5", "20");
  give("$6", "'\x01:oak'");
  const auto plan = fmt::format("{}", fmt::join(rows_of(sql), "\n"));
  EXPECT_THAT(plan, testing::HasSubstr("Bitmap Index Scan on terms_by_word_search_1_test")) << plan;
  EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Seq Scan"))) << plan;
}

TEST_F(SharedIndexTest, TakesWhatIsTypedForWordsAlone) {
  put(document("Mine", "oak it's 7:elm"));
  put(document("Other", "ash", "bob"));
  const auto bucket = rows_of("SELECT max(number) FROM buckets").at(0);
  for (const auto& query :
       {fmt::format("{}:ash", bucket), fmt::format("'{}:ash'", bucket), std::string("zz' | 'ash"),
        std::string("zz\\ | ash"), std::string("!zz ash"), std::string("ash:*"),
        fmt::format("tag:\"x' | '{}:ash\"", bucket)}) {
    EXPECT_EQ(found(query), "") << query;
  }
  EXPECT_EQ(found("it's \\"), "Mine");
  EXPECT_EQ(found("\"7:elm\""), "Mine");
  auto odd = document("Odd", "x");
  odd.tags = {std::string(600, 'a') + "'\\\x01 \xEF\xB7\xBA", "b' | 'c"};
  for (int i = 0; i < 400; ++i) odd.tags[0] += "\xEF\xB7\xBA";
  put(odd);
  EXPECT_EQ(found("tag:\"b' | 'c\""), "Odd");
}

// On behalf of a user nobody reads its tables.
TEST_F(SharedIndexTest, IsNotReadByUsers) {
  put(document("Mine", "oak"));
  for (const auto* table : {"documents", "terms", "vocabulary", "buckets", "users", "state"}) {
    const auto sql = fmt::format("SELECT count(*) FROM {}_{}", table, name);
    const auto read = test::run(executor, [&] {
      return engine->read_as("ann", [&](db::Tx& tx) { return tx.query(sql).next(); });
    });
    ASSERT_FALSE(read) << table;
    EXPECT_EQ(read.error().code, Code::kInternalServerError);
    const auto by_pod = test::run(
        executor, [&] { return engine->read([&](db::Tx& tx) { return tx.query(sql).next(); }); });
    EXPECT_TRUE(by_pod) << table;
  }
}

TEST_F(SharedIndexTest, IsWrittenByTheLastThatOpenedIt) {
  put(document("One", "oak"));
  SharedIndex other(engine, name);
  ASSERT_TRUE(test::run(executor, [&] { return other.load(); }));
  const auto two = document("Two", "oak");
  const auto refused = apply(*index, {{two.id, two}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Another node writes it now");
  EXPECT_EQ(found("oak"), "One");
  ASSERT_TRUE(apply(other, {{two.id, two}}));
  EXPECT_EQ(found("oak"), "Two, One");
}

TEST_F(SharedIndexTest, SaysThatItIsDamagedWhereTablesAreMissing) {
  put(document("One", "oak"));
  ASSERT_TRUE(run("DROP TABLE terms_search_1_test"));
  const auto read = look(*index, "oak");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().fault, Fault::kDamaged);
  const auto loaded = test::run(executor, [&] { return index->load(); });
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().fault, Fault::kDamaged);
}

TEST_F(SharedIndexTest, IsListedUntilItIsRemoved) {
  SharedPlace place({.engine = engine, .world = real_world(), .family = kSharedWords, .open = {}});
  const auto names = [&] { return *test::run(executor, [&] { return place.names(); }); };
  const auto has_checkpoint = [&] {
    return test::run(executor, [&] { return place.checkpoint_of(name); })->has_value();
  };
  EXPECT_EQ(names(), std::vector{name});
  EXPECT_TRUE(has_checkpoint());
  ASSERT_TRUE(test::run(executor, [&] { return place.retire(name); }));
  EXPECT_FALSE(has_checkpoint());
  EXPECT_EQ(names(), std::vector{name});  // somebody may still read it
  ASSERT_TRUE(test::run(executor, [&] { return place.remove(name); }));
  EXPECT_EQ(names(), std::vector<std::string>{});
}

}  // namespace
}  // namespace synap::search

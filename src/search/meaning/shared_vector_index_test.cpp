// What an index of meanings in a database on PostgreSQL has of its own; what search by meaning does
// with it is tested where things are searched (features/searching).
#include "search/meaning/shared_vector_index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/crypto.h"
#include "base/test_support.h"
#include "embedding/test_embedders.h"
#include "events/test_store.h"

namespace synap::search {
namespace {

using embedding::test::SubjectEmbedder;

class SharedVectorIndexTest : public testing::Test {
 protected:
  // A node, with a connection of its own.
  struct Node {
    std::shared_ptr<db::Engine> engine;
    std::unique_ptr<SharedVectorIndex> index;
  };
  SharedVectorIndexTest() {
    writer = node({.blocks_bytes_max = kBytes, .embedder = embedder, .kinds = "one"});
    EXPECT_TRUE(test::run(executor, [&] { return writer.index->load(); }));
    reader = node({.blocks_bytes_max = kBytes});
    EXPECT_TRUE(test::run(executor, [&] { return reader.index->load_to_read(); }));
  }
  Node node(VectorIndex::Options options) {
    Node one{.engine = store->open_aside(), .index = nullptr};
    one.index = std::make_unique<SharedVectorIndex>(one.engine, name, std::move(options));
    return one;
  }
  static Document document(std::string text, std::string user = "ann") {
    return {.id = Uuid::v7(), .user_id = std::move(user), .type = "note", .text = std::move(text)};
  }
  Result<> apply(SharedVectorIndex& to, std::vector<Change> changes) {
    return test::run(executor, [&] { return to.apply(std::move(changes), {}); });
  }
  void put(const Document& one) { ASSERT_TRUE(apply(*writer.index, {{one.id, one}})); }
  void remove(const Document& one) { ASSERT_TRUE(apply(*writer.index, {{one.id, std::nullopt}})); }
  Result<std::shared_ptr<const UserBlock>> block(const Node& of, std::string user = "ann") {
    return test::run(executor, [&] { return of.index->block(std::move(user)); });
  }
  // As "text (cosine), ...".
  std::string nearest(const Node& of, std::string_view text, std::string user = "ann",
                      UserBlock::Options options = {}) {
    const auto mine = block(of, std::move(user));
    if (!mine) return mine.error().message;
    const auto found = (*mine)->nearest(SubjectEmbedder::vector_of(text), options);
    if (!found) return found.error().message;
    std::string all;
    for (const auto& near : *found) {
      all += fmt::format("{}{} ({:.4f})", all.empty() ? "" : ", ", texts[near.entity], near.cosine);
    }
    return all;
  }
  Document noted(std::string text, std::string user = "ann") {
    auto one = document(text, std::move(user));
    texts[one.id] = std::move(text);
    return one;
  }
  std::vector<std::string> rows_of(const std::string& sql) {
    return *test::run(executor, [&] {
      return writer.index->read([&](db::Tx& tx) {
        std::vector<std::string> all;
        auto rows = tx.query(sql);
        while (rows.next()) all.push_back(rows.text(0));
        return all;
      });
    });
  }
  static std::string hex(const Uuid& id) {
    const auto raw = id.raw();
    return to_hex(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
  }
  Result<> run(std::string_view sql) {
    return test::run(executor,
                     [&] { return writer.engine->write([&](db::Tx& tx) { tx.run(sql); }); });
  }

  static constexpr std::size_t kBytes = 256 << 20;
  const std::string name = "meaning_1_test";
  ThreadExecutor executor{"test"};
  const std::shared_ptr<embedding::test::Behaviour> behaviour =
      std::make_shared<embedding::test::Behaviour>();
  const std::shared_ptr<SubjectEmbedder> embedder =
      std::make_shared<SubjectEmbedder>("subjects", behaviour);
  const std::unique_ptr<events::TestStore> store = events::TestStore::make();
  std::map<Uuid, std::string> texts;
  Node writer;
  Node reader;
};

TEST_F(SharedVectorIndexTest, IsReadByEachNodeAsOneWritesIt) {
  auto cat = noted("A cat");
  const auto bread = noted("Some bread");
  put(cat);
  EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("A cat"));
  put(bread);
  const auto both = nearest(reader, "kitty");
  EXPECT_THAT(both, testing::HasSubstr("Some bread"));
  EXPECT_EQ(both, nearest(writer, "kitty"));
  // Another text, a deletion, and one that comes again.
  cat.text = texts[cat.id] = "My garden";
  put(cat);
  EXPECT_THAT(nearest(reader, "flowers"), testing::StartsWith("My garden"));
  remove(bread);
  EXPECT_THAT(nearest(reader, "loaf"), testing::Not(testing::HasSubstr("bread")));
  put(bread);
  EXPECT_THAT(nearest(reader, "loaf"), testing::StartsWith("Some bread"));
  // Somebody else's now.
  auto moved = bread;
  moved.user_id = "bob";
  put(moved);
  EXPECT_THAT(nearest(reader, "loaf"), testing::Not(testing::HasSubstr("bread")));
  EXPECT_THAT(nearest(reader, "loaf", "bob"), testing::StartsWith("Some bread"));
  EXPECT_EQ(nearest(reader, "loaf"), nearest(writer, "loaf"));
  EXPECT_EQ(nearest(reader, "loaf", "eve"), "");
}

TEST_F(SharedVectorIndexTest, TellsWhenAThingWasChangedLast) {
  auto cat = noted("A cat");
  cat.updated_at = 5;
  put(cat);
  const auto since = [&](std::int64_t from) {
    return nearest(reader, "kitty", "ann", {.takes = [from](const Uuid&, std::int64_t updated_at) {
                     return updated_at >= from;
                   }});
  };
  EXPECT_EQ(since(6), "");
  const int before = behaviour->embedded;
  cat.updated_at = 6;
  put(cat);
  EXPECT_THAT(since(6), testing::StartsWith("A cat"));
  EXPECT_EQ(behaviour->embedded, before);
}

// What is near to a query and how near usual things are depends on nothing of theirs.
TEST_F(SharedVectorIndexTest, FindsAllOfASmallUserAmongLargeOnes) {
  std::vector<Change> mine;
  for (int i = 0; i < 10; ++i) {
    auto one = noted(fmt::format("My kitty number {}", i), "small");
    mine.push_back({one.id, std::move(one)});
  }
  ASSERT_TRUE(apply(*writer.index, mine));
  const auto seen = [&] {
    vectors::Background background;
    auto found = nearest(reader, "cat", "small", {.background = &background});
    return fmt::format("{} of {}: {:.6f} {:.6f}", found, background.count, background.mean,
                       background.deviation);
  };
  const auto alone = seen();
  EXPECT_THAT(alone, testing::HasSubstr(" of 10: "));
  std::vector<Change> theirs;
  for (int i = 0; i < 1'200; ++i) {
    auto one = document("cat", fmt::format("large {}", i % 100));
    theirs.push_back({one.id, std::move(one)});
  }
  ASSERT_TRUE(apply(*writer.index, std::move(theirs)));
  EXPECT_EQ(seen(), alone);
  // And where he is read for the first time.
  reader = node({.blocks_bytes_max = kBytes});
  ASSERT_TRUE(test::run(executor, [&] { return reader.index->load_to_read(); }));
  EXPECT_EQ(seen(), alone);
  EXPECT_EQ((*block(reader, "small"))->size(), 10U);
}

TEST_F(SharedVectorIndexTest, IsReadInPages) {
  const auto cat = noted("A cat");
  put(cat);
  // As if so many more had been written like it.
  constexpr auto kMore = kThingsPerPage + 100;
  for (const auto& sql :
       {"INSERT INTO documents_{0}(number, \"user\", entity, updated_at, passages, revision) "
        "SELECT number + i, \"user\", decode(md5(i::text), 'hex'), 0, passages, revision + i "
        "FROM documents_{0}, generate_series(1, {1}) AS i",
        "INSERT INTO passages_{0}(id, \"user\", part, begin_at, end_at, hash, vector) "
        "SELECT id + (i << 16), \"user\", part, begin_at, end_at, hash, vector "
        "FROM passages_{0}, generate_series(1, {1}) AS i",
        "UPDATE users_{0} SET documents = documents + {1}, passages = passages + {1}, "
        "revision = revision + {1}",
        "ALTER TABLE documents_{0} ALTER number RESTART WITH 100000"}) {
    ASSERT_TRUE(run(fmt::format(fmt::runtime(sql), name, kMore)));
  }
  const auto bread = noted("Some bread");
  put(bread);
  EXPECT_EQ((*block(reader))->size(), kMore + 2U);
  EXPECT_THAT(nearest(reader, "loaf", "ann", {.count = 1}), testing::StartsWith("Some bread"));
  remove(cat);
  EXPECT_EQ((*block(reader))->size(), kMore + 1U);
}

TEST_F(SharedVectorIndexTest, IsReadAgainByWhoHasSeenTooLittle) {
  const auto cat = noted("A cat");
  const auto bread = noted("Some bread");
  put(cat);
  put(bread);
  const auto had = *block(reader);
  EXPECT_EQ(had->size(), 2U);
  // As after so many other changes.
  remove(cat);
  ASSERT_TRUE(
      run(fmt::format("UPDATE users_{} SET revision = revision + {}", name, kRevisionsKept)));
  const auto pear = noted("A pear");
  put(pear);
  remove(pear);
  EXPECT_EQ(rows_of(fmt::format("SELECT count(*) FROM gone_{}", name)),
            std::vector<std::string>{"1"});
  EXPECT_EQ((*block(reader))->size(), 1U);
  EXPECT_NE(*block(reader), had);
  EXPECT_EQ(nearest(reader, "kitty"), nearest(writer, "kitty"));
}

TEST_F(SharedVectorIndexTest, IsReadAgainWhereItWasMadeAnew) {
  put(noted("A cat"));
  put(noted("A bicycle"));
  EXPECT_EQ((*block(reader))->size(), 2U);
  SharedPlace place(
      {.engine = writer.engine, .world = real_world(), .family = kSharedMeanings, .open = {}});
  ASSERT_TRUE(test::run(executor, [&] { return place.remove(name); }));
  const auto missing = block(reader, "eve");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().fault, Fault::kDamaged);
  writer = node({.blocks_bytes_max = kBytes, .embedder = embedder, .kinds = "one"});
  ASSERT_TRUE(test::run(executor, [&] { return writer.index->load(); }));
  // Of the same numbers as before.
  put(noted("Some bread"));
  put(noted("My garden"));
  const auto found = nearest(reader, "kitty");
  EXPECT_THAT(found, testing::HasSubstr("Some bread"));
  EXPECT_THAT(found, testing::Not(testing::HasSubstr("cat")));
}

// A number is another user's then.
TEST_F(SharedVectorIndexTest, GivesNoPageOfTablesThatWereMadeSince) {
  put(noted("A cat"));
  const std::string ann = "ann";
  const std::string bob = "bob";
  const auto owner = *test::run(executor, [&] { return reader.index->owner(ann); });
  ASSERT_TRUE(owner);
  ASSERT_TRUE(test::run(executor, [&] { return reader.index->page(*owner, 0); }));
  SharedPlace place(
      {.engine = writer.engine, .world = real_world(), .family = kSharedMeanings, .open = {}});
  ASSERT_TRUE(test::run(executor, [&] { return place.remove(name); }));
  writer = node({.blocks_bytes_max = kBytes, .embedder = embedder, .kinds = "one"});
  ASSERT_TRUE(test::run(executor, [&] { return writer.index->load(); }));
  put(noted("Some bread", bob));
  EXPECT_EQ((*test::run(executor, [&] { return reader.index->owner(bob); }))->number,
            owner->number);
  const auto page = test::run(executor, [&] { return reader.index->page(*owner, 0); });
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::kServiceUnavailable);
}

TEST_F(SharedVectorIndexTest, IsWrittenByTheLastThatOpenedIt) {
  const auto cat = noted("A cat");
  put(cat);
  auto other = node({.blocks_bytes_max = kBytes, .embedder = embedder, .kinds = "one"});
  ASSERT_TRUE(test::run(executor, [&] { return other.index->load(); }));
  const auto bread = noted("Some bread");
  const auto refused = apply(*writer.index, {{bread.id, bread}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Another node writes it now");
  EXPECT_THAT(nearest(reader, "loaf"), testing::Not(testing::HasSubstr("bread")));
  ASSERT_TRUE(apply(*other.index, {{bread.id, bread}}));
  EXPECT_THAT(nearest(reader, "loaf"), testing::StartsWith("Some bread"));
}

TEST_F(SharedVectorIndexTest, LeavesOutAThingThatIsDamagedAndMakesItAgain) {
  const auto cat = noted("A cat");
  put(cat);
  put(noted("Some bread"));
  put(noted("My garden", "bob"));
  const auto all_damaged = [&] {
    return *test::run(executor, [&] { return writer.index->to_mend(); });
  };
  const std::vector<std::string> harms = {
      "UPDATE passages_{0} SET vector = '\\x00' WHERE id >> 16 = {1}",
      "DELETE FROM passages_{0} WHERE id >> 16 = {1}",
      // Of another length: no vector of a text.
      "UPDATE passages_{0} SET vector = '\\x0000803f' || substring(vector FROM 5) "
      "WHERE id >> 16 = {1}",
      "UPDATE passages_{0} SET vector = '\\x0000c07f' || substring(vector FROM 5) "
      "WHERE id >> 16 = {1}",
      "INSERT INTO passages_{0} SELECT id + 1, \"user\", part, begin_at, end_at, hash, vector "
      "FROM passages_{0} WHERE id >> 16 = {1}",
      "UPDATE documents_{0} SET passages = 9000000000000000000 WHERE number = {1}"};
  for (const auto& harm : harms) {
    const auto number = rows_of(fmt::format(
        "SELECT CAST(number AS text) FROM documents_{} WHERE entity = '\\x{}'", name, hex(cat.id)));
    ASSERT_EQ(number.size(), 1U);
    ASSERT_TRUE(run(fmt::format(fmt::runtime(harm), name, number[0]))) << harm;
    reader = node({.blocks_bytes_max = kBytes});
    ASSERT_TRUE(test::run(executor, [&] { return reader.index->load_to_read(); }));
    EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("Some bread")) << harm;
    EXPECT_THAT(nearest(reader, "flowers", "bob"), testing::StartsWith("My garden")) << harm;
    EXPECT_EQ(all_damaged(), std::vector{cat.id}) << harm;
    // The same text, and no other is embedded; whoever has read the rest finds it.
    const int before = behaviour->embedded;
    put(cat);
    EXPECT_LE(behaviour->embedded, before + 1) << harm;
    ASSERT_TRUE(test::run(executor, [&] { return writer.index->mended({cat.id}); }));
    EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("A cat (1.0")) << harm;
    EXPECT_TRUE(all_damaged().empty()) << harm;
    reader = node({.blocks_bytes_max = kBytes});
    ASSERT_TRUE(test::run(executor, [&] { return reader.index->load_to_read(); }));
    EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("A cat (1.0")) << harm;
    EXPECT_TRUE(all_damaged().empty()) << harm;
  }
  // How much a user has is what decides who compares it.
  EXPECT_EQ(rows_of(fmt::format(
                "SELECT CAST(\"passages\" AS text) FROM users_{} WHERE user_id = 'ann'", name)),
            std::vector<std::string>{"2"});
}

// Which thing it was nobody knows: it cannot be made again, and is not told of for ever.
TEST_F(SharedVectorIndexTest, TakesAwayAThingWhoseIdIsDamaged) {
  put(noted("A cat"));
  put(noted("A kitty"));
  put(noted("Some bread"));
  put(noted("My garden", "bob"));
  const auto all_damaged = [&] {
    return *test::run(executor, [&] { return writer.index->to_mend(); });
  };
  ASSERT_TRUE(run(fmt::format(
      "UPDATE documents_{} SET entity = entity || entity WHERE number IN (1, 2)", name)));
  // One of them cannot be read at all.
  ASSERT_TRUE(run(fmt::format("UPDATE passages_{} SET vector = '' WHERE id >> 16 = 2", name)));
  reader = node({.blocks_bytes_max = kBytes});
  ASSERT_TRUE(test::run(executor, [&] { return reader.index->load_to_read(); }));
  EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("Some bread"));
  const auto ids = all_damaged();
  EXPECT_EQ(ids.size(), 2U);
  for (const auto& id : ids) ASSERT_TRUE(apply(*writer.index, {{id, std::nullopt}}));
  ASSERT_TRUE(test::run(executor, [&] { return writer.index->mended(ids); }));
  EXPECT_TRUE(all_damaged().empty());
  EXPECT_EQ(rows_of(fmt::format("SELECT CAST(number AS text) FROM documents_{0} UNION "
                                "SELECT CAST(id >> 16 AS text) FROM passages_{0} ORDER BY 1",
                                name)),
            (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(rows_of(fmt::format(
                "SELECT \"documents\" || ' ' || \"passages\" FROM users_{} ORDER BY number", name)),
            (std::vector<std::string>{"1 1", "1 1"}));
  EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("Some bread"));
  reader = node({.blocks_bytes_max = kBytes});
  ASSERT_TRUE(test::run(executor, [&] { return reader.index->load_to_read(); }));
  EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("Some bread"));
  EXPECT_TRUE(all_damaged().empty());
  // And where what was told is damaged.
  ASSERT_TRUE(run(fmt::format("INSERT INTO damaged_{} VALUES ('\\x00', 1, 3)", name)));
  const auto told = all_damaged();
  EXPECT_EQ(told.size(), 1U);
  ASSERT_TRUE(test::run(executor, [&] { return writer.index->mended(told); }));
  EXPECT_TRUE(all_damaged().empty());
  EXPECT_THAT(nearest(reader, "loaf"), testing::StartsWith("Some bread"));
}

// Until a node of this version writes it.
TEST_F(SharedVectorIndexTest, LeavesOutAThingThatIsDamagedWhereNobodyCanBeTold) {
  put(noted("A cat"));
  put(noted("Some bread"));
  ASSERT_TRUE(run("DROP TABLE damaged_" + name));
  ASSERT_TRUE(run(fmt::format("UPDATE passages_{} SET vector = '' WHERE id >> 16 = 1", name)));
  EXPECT_THAT(nearest(reader, "kitty"), testing::StartsWith("Some bread"));
}

TEST_F(SharedVectorIndexTest, IsNotReadByUsers) {
  put(noted("A cat"));
  for (const auto* table :
       {"documents", "passages", "made", "users", "gone", "about", "state", "damaged"}) {
    const auto sql = fmt::format("SELECT count(*) FROM {}_{}", table, name);
    const auto read = test::run(executor, [&] {
      return writer.engine->read_as("ann", [&](db::Tx& tx) { return tx.query(sql).next(); });
    });
    ASSERT_FALSE(read) << table;
    EXPECT_EQ(read.error().code, Code::kInternalServerError);
    EXPECT_EQ(rows_of(sql).size(), 1U);
  }
}

TEST_F(SharedVectorIndexTest, ReadsWithItsIndexes) {
  std::vector<Change> changes;
  for (int i = 0; i < 600; ++i) {
    auto one = document(fmt::format("Cat {}", i), i % 3 == 0 ? "ann" : "bob");
    changes.push_back({one.id, std::move(one)});
  }
  ASSERT_TRUE(apply(*writer.index, std::move(changes)));
  auto sql = "EXPLAIN (COSTS OFF) " + std::string(SharedVectorIndex::page_statement());
  for (const auto& [parameter, value] :
       {std::pair("$1", "1"), std::pair("$2", "0"), std::pair("$3", "100")}) {
    sql.replace(sql.find(parameter), 2, value);
  }
  const auto plan = fmt::format("{}", fmt::join(rows_of(sql), "\n"));
  EXPECT_THAT(plan, testing::HasSubstr("documents_by_revision_" + name)) << plan;
  EXPECT_THAT(plan, testing::HasSubstr("passages_" + name + "_pkey")) << plan;
  EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Seq Scan"))) << plan;
}

}  // namespace
}  // namespace synap::search

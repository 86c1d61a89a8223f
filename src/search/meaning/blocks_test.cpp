#include "search/meaning/blocks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "embedding/test_embedders.h"
#include "search/meaning/vector_index.h"

namespace synap::search {
namespace {

using embedding::test::SubjectEmbedder;

class BlocksTest : public testing::Test {
 protected:
  explicit BlocksTest(std::size_t bytes_max = 256 << 20) : bytes_max_(bytes_max) { open(); }

  void open() {
    index.reset();
    index = std::move(*FileVectorIndex::open_file(
        directory.path() + "/meaning.db", real_world(),
        {.blocks_bytes_max = bytes_max_, .embedder = embedder, .kinds = kinds}));
    ASSERT_TRUE(test::run(executor, [&] { return index->load(); }));
  }
  static Document document(std::string text, std::string user = "ann") {
    return {.id = Uuid::v7(), .user_id = std::move(user), .type = "note", .text = std::move(text)};
  }
  void apply(std::vector<Change> changes, Checkpoint checkpoint = {}) {
    ASSERT_TRUE(test::run(executor, [&] { return index->apply(std::move(changes), checkpoint); }));
  }
  void put(const Document& one) { apply({{one.id, one}}); }
  Result<std::shared_ptr<const UserBlock>> block(std::string user = "ann") {
    return test::run(executor, [&] { return index->block(std::move(user)); });
  }
  // The ids of the nearest, as the numbers that `known` gives them.
  static std::vector<Uuid> nearest(const UserBlock& block, std::string_view text,
                                   UserBlock::Options options = {}) {
    std::vector<Uuid> ids;
    const auto found = block.nearest(SubjectEmbedder::vector_of(text), options);
    EXPECT_TRUE(found);
    for (const auto& near : *found) ids.push_back(near.entity);
    return ids;
  }

  const std::size_t bytes_max_;
  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  const std::shared_ptr<embedding::test::Behaviour> behaviour =
      std::make_shared<embedding::test::Behaviour>();
  const std::shared_ptr<SubjectEmbedder> embedder =
      std::make_shared<SubjectEmbedder>("subjects", behaviour);
  std::string kinds = "one";
  std::unique_ptr<VectorIndex> index;
};

TEST_F(BlocksTest, HasWhatWasWrittenBeforeAndBehindItsLoading) {
  auto cat = document("A cat");
  const auto bread = document("Some bread");
  put(cat);
  put(bread);
  const auto mine = *block();
  EXPECT_EQ(nearest(*mine, "kitty").front(), cat.id);
  const auto bike = document("A bicycle");
  put(bike);
  EXPECT_EQ(nearest(*mine, "bike").front(), bike.id);
  cat.text = "My garden";
  put(cat);
  EXPECT_EQ(nearest(*mine, "flowers").front(), cat.id);
  EXPECT_LT(mine->nearness(cat.id, SubjectEmbedder::vector_of("kitty"))->cosine, 0.5);
  apply({{bread.id, std::nullopt}});
  EXPECT_EQ(nearest(*mine, "loaf").size(), 2U);
  EXPECT_FALSE(mine->nearness(bread.id, SubjectEmbedder::vector_of("loaf")));
  // And so has one that is loaded now.
  open();
  EXPECT_EQ(nearest(**block(), "flowers"), nearest(*mine, "flowers"));
}

TEST_F(BlocksTest, FindsThingsAndNotPassages) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += fmt::format(
        "## Cat\n\nThe cat number {} is a kitty, and this "
        "sentence is long enough for one.\n\n",
        i);
  const auto book = document(text);
  const auto bread = document("Some bread");
  put(book);
  put(bread);
  const auto mine = *block();
  EXPECT_GT(mine->size(), 100U);
  EXPECT_EQ(nearest(*mine, "kitty", {.count = 2}), (std::vector{book.id, bread.id}));
  const auto only_bread = [&](const Uuid& entity, std::int64_t) { return entity == bread.id; };
  EXPECT_EQ(nearest(*mine, "kitty", {.count = 2, .takes = only_bread}), std::vector{bread.id});
}

TEST_F(BlocksTest, LooksAtAllAgainWhereKindsAreOthers) {
  const Checkpoint checkpoint{.position = 7, .event = Uuid::v7(), .is_complete = true};
  const auto cat = document("A cat");
  apply({{cat.id, cat}}, checkpoint);
  open();
  EXPECT_EQ(index->checkpoint(), checkpoint);
  const int before = behaviour->embedded;
  kinds = "another";
  open();
  EXPECT_EQ(index->checkpoint().position, 0);
  put(cat);
  EXPECT_EQ(behaviour->embedded, before);  // the text is the same
  EXPECT_EQ(nearest(**block(), "kitty"), std::vector{cat.id});
}

TEST_F(BlocksTest, RefusesAFileOfAnotherModel) {
  put(document("A cat"));
  index.reset();
  auto other = std::move(*FileVectorIndex::open_file(
      directory.path() + "/meaning.db", real_world(),
      {.blocks_bytes_max = bytes_max_,
       .embedder = std::make_shared<SubjectEmbedder>("others", behaviour)}));
  const auto loaded = test::run(executor, [&] { return other->load(); });
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().fault, Fault::kDamaged);
}

// Room for two: a block takes some 3 KB at least.
class FewBlocksTest : public BlocksTest {
 protected:
  FewBlocksTest() : BlocksTest(7'000) {}
};

TEST_F(FewBlocksTest, PutsAwayWhoWasLookedForLeastRecently) {
  for (const auto* user : {"ann", "bob", "eve"}) put(document("A cat", user));
  const auto anns = *block("ann");
  const auto one = index->blocks().bytes();
  ASSERT_LT(2 * one, bytes_max_);
  ASSERT_GT(3 * one, bytes_max_);
  ASSERT_TRUE(block("bob"));
  EXPECT_EQ(*block("ann"), anns);
  ASSERT_TRUE(block("eve"));
  EXPECT_EQ(index->blocks().count(), 2U);
  EXPECT_LE(index->blocks().bytes(), bytes_max_);
  EXPECT_EQ(*block("ann"), anns);  // bob has gone
  // Whoever has one goes on with it, and another one finds the same.
  ASSERT_TRUE(block("bob"));
  ASSERT_TRUE(block("eve"));
  EXPECT_EQ(nearest(*anns, "kitty").size(), 1U);
  EXPECT_NE(*block("ann"), anns);
  EXPECT_EQ(nearest(**block("ann"), "kitty"), nearest(*anns, "kitty"));
}

TEST_F(FewBlocksTest, RefusesOneThatIsLargerThanItsLimit) {
  std::vector<Change> changes;
  for (int i = 0; i < 3'000; ++i) {
    auto one = document(fmt::format("Cat number {}", i));
    changes.push_back({one.id, std::move(one)});
  }
  put(document("A cat", "bob"));
  ASSERT_TRUE(block("ann"));
  apply(std::move(changes));
  EXPECT_LE(index->blocks().bytes(), bytes_max_);
  const auto refused = block("ann");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPayloadTooLarge);
  EXPECT_TRUE(block("bob"));
  EXPECT_EQ(index->blocks().count(), 1U);
}

}  // namespace
}  // namespace synap::search

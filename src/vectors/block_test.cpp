#include "vectors/block.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <thread>

#include "vectors/quantise.h"
#include "vectors/test_vectors.h"

namespace synap::vectors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Vectors = std::map<Id, std::vector<float>>;

std::unique_ptr<Block> block_of(std::size_t dimension) {
  return std::move(*Block::make(dimension));
}
std::vector<Id> ids_of(const std::vector<Hit>& hits) {
  std::vector<Id> ids;
  for (const auto& hit : hits) ids.push_back(hit.id);
  return ids;
}
std::vector<Hit> exactly(const Vectors& vectors, const std::vector<float>& query,
                         std::size_t count) {
  std::vector<Hit> hits;
  for (const auto& [id, vector] : vectors) {
    double sum = 0;
    for (std::size_t i = 0; i < query.size(); ++i) sum += double{query[i]} * vector[i];
    hits.push_back({id, static_cast<float>(sum)});
  }
  std::ranges::sort(hits, std::greater(), &Hit::score);
  hits.resize(std::min(count, hits.size()));
  return hits;
}
// Near a few centres, as texts are: by chance alone all would be equally far from each other.
std::vector<float> clustered(std::size_t dimension, unsigned seed) {
  auto values = test::unit_vector(dimension, seed % 7);
  const auto noise = test::unit_vector(dimension, 1000 + seed);
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    values[i] += noise[i];
    sum += values[i] * values[i];
  }
  for (auto& value : values) value /= std::sqrt(sum);
  return values;
}

TEST(Block, FindsWhatTheVectorsThemselvesSay) {
  for (const auto& dots : Dots::all()) {
    auto block = std::move(*Block::make(100, dots));
    Vectors vectors;
    for (unsigned i = 0; i < 3000; ++i) {
      vectors[i] = clustered(100, i);
      ASSERT_TRUE(block->put(i, vectors[i]));
    }
    for (unsigned i = 0; i < 20; ++i) {
      const auto query = clustered(100, 100000 + i);
      const auto hits = *block->search(query, {.count = 10});
      const auto wanted = exactly(vectors, query, 10);
      ASSERT_THAT(hits, SizeIs(10));
      for (std::size_t j = 0; j < 10; ++j) {
        // Which of two that are as near comes first is not said.
        const auto& found = vectors.at(hits[j].id);
        const float score = std::inner_product(found.begin(), found.end(), query.begin(), 0.F);
        EXPECT_NEAR(hits[j].score, score, 1e-5) << dots.name;
        EXPECT_NEAR(score, wanted[j].score, 1e-5) << dots.name;
      }
    }
  }
}

// Most users have few: some hundred of them were as many MB.
TEST(Block, TakesLittleForFewAndNotMuchMoreForMany) {
  auto block = block_of(384);
  ASSERT_TRUE(block->put(0, test::unit_vector(384, 0)));
  EXPECT_LT(block->bytes(), 16U * (2 * 384 + 12) + 1000);
  for (unsigned i = 1; i < 1'200; ++i) ASSERT_TRUE(block->put(i, test::unit_vector(384, i)));
  EXPECT_LT(block->bytes(), 2U * 1'200 * (2 * 384 + 80));
  for (unsigned i = 0; i < 1'200; ++i) {
    EXPECT_NEAR(*block->score(i, test::unit_vector(384, i)), 1, 1e-3) << i;
  }
}

TEST(Block, FollowsChangesAcrossItsSegments) {
  auto block = block_of(32);
  Vectors vectors;
  std::mt19937 random(5);
  for (unsigned i = 0; i < 6000; ++i) {
    const Id id = random() % 2500;
    if (random() % 3 == 0) {
      EXPECT_EQ(block->remove(id), vectors.erase(id) == 1);
    } else {
      vectors[id] = test::unit_vector(32, i);
      ASSERT_TRUE(block->put(id, vectors[id]));
    }
  }
  ASSERT_THAT(vectors, SizeIs(testing::Gt(1100)));  // more than one segment
  EXPECT_EQ(block->size(), vectors.size());
  for (unsigned i = 0; i < 20; ++i) {
    const auto query = test::unit_vector(32, 100000 + i);
    EXPECT_EQ(ids_of(*block->search(query, {.count = 10})), ids_of(exactly(vectors, query, 10)));
  }
  while (!vectors.empty()) {
    EXPECT_TRUE(block->remove(vectors.begin()->first));
    vectors.erase(vectors.begin());
  }
  EXPECT_EQ(block->size(), 0U);
  EXPECT_THAT(*block->search(test::unit_vector(32, 1), {}), IsEmpty());
}

TEST(Block, FiltersWithoutLosingHits) {
  auto block = block_of(32);
  Vectors rare;
  for (unsigned i = 0; i < 5000; ++i) {
    const auto vector = test::unit_vector(32, i);
    if (i % 500 == 3) rare[i] = vector;
    ASSERT_TRUE(block->put(i, vector));
  }
  const auto query = test::unit_vector(32, 77777);
  const auto hits =
      *block->search(query, {.count = 20, .takes = [](Id id) { return id % 500 == 3; }});
  EXPECT_THAT(hits, SizeIs(10));
  EXPECT_EQ(ids_of(hits), ids_of(exactly(rare, query, 20)));
}

TEST(Block, OrdersEqualVectorsByTheirIds) {
  auto block = block_of(8);
  for (const Id id : {9, 2, 5}) ASSERT_TRUE(block->put(id, test::unit_vector(8, 1)));
  EXPECT_THAT(ids_of(*block->search(test::unit_vector(8, 1), {.count = 2})), ElementsAre(2, 5));
}

TEST(Block, RefusesWhatIsNoVectorOfIts) {
  auto block = block_of(8);
  auto good = test::unit_vector(8, 1);
  ASSERT_TRUE(block->put(1, good));
  const auto refused = [&](std::vector<float> vector, std::string_view why) {
    const auto put = block->put(1, vector);
    ASSERT_FALSE(put);
    EXPECT_THAT(put.error().message, HasSubstr(why));
    EXPECT_FALSE(block->search(vector, {}));
  };
  refused({}, "the vector has 0 values, where 8 are meant");
  refused(test::unit_vector(9, 1), "has 9 values");
  refused(std::vector<float>(8, 0), "length is 0.0000");
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30F}) {
    auto vector = good;
    vector[3] = wrong;
    refused(vector, "no number");
  }
  EXPECT_FALSE(block->search(good, {.count = Block::kCountMax + 1}));
  EXPECT_FALSE(Block::make(0));
  EXPECT_FALSE(Block::make(Block::kDimensionMax + 1));
  EXPECT_THAT(ids_of(*block->search(good, {})), ElementsAre(1));  // it is as it was
}

TEST(Block, SaysWhatItTakes) {
  auto block = block_of(384);
  const auto empty = block->bytes();
  EXPECT_LT(empty, 1024U);
  for (unsigned i = 0; i < 2048; ++i) ASSERT_TRUE(block->put(i, test::unit_vector(384, i % 9)));
  // Two bytes a value, and some 50 a vector.
  EXPECT_GT(block->bytes(), 2048U * 2 * 384);
  EXPECT_LT(block->bytes(), 2048U * (2 * 384 + 80));
  for (unsigned i = 0; i < 2048; ++i) block->remove(i);
  EXPECT_LT(block->bytes(), empty + 2048 * 16);
}

TEST(Block, IsSearchedWhileItChanges) {
  auto block = block_of(16);
  std::atomic<bool> is_over{false};
  std::thread reader([&] {
    while (!is_over) {
      const auto hits = block->search(test::unit_vector(16, 3), {.count = 5});
      ASSERT_TRUE(hits);
      ASSERT_TRUE(std::ranges::is_sorted(*hits, std::greater(), &Hit::score));
    }
  });
  for (unsigned i = 0; i < 5000; ++i) {
    ASSERT_TRUE(block->put(i % 1500, test::unit_vector(16, i)));
    if (i % 3 == 0) block->remove(i / 2);
  }
  is_over = true;
  reader.join();
}

TEST(Block, TellsWhatIsUsualForAQuery) {
  const auto block = block_of(32);
  Vectors vectors;
  for (unsigned i = 0; i < 2'500; ++i) {
    vectors[i] = clustered(32, i);
    ASSERT_TRUE(block->put(i, vectors[i]));
  }
  const auto query = clustered(32, 9'000);
  double sum = 0;
  double squares = 0;
  for (const auto& hit : exactly(vectors, query, vectors.size())) {
    sum += hit.score;
    squares += double{hit.score} * hit.score;
  }
  const double mean = sum / 2'500;
  Background background;
  // Of all, whatever may be found.
  const auto takes = [](Id id) { return id == 3; };
  ASSERT_TRUE(block->search(query, {.takes = takes, .background = &background}));
  EXPECT_EQ(background.count, 2'500U);
  EXPECT_NEAR(background.mean, mean, 1e-3);
  EXPECT_NEAR(background.deviation, std::sqrt(squares / 2'500 - mean * mean), 1e-3);
  EXPECT_NEAR(*block->score(3, query), exactly({{3, vectors[3]}}, query, 1).front().score, 1e-4);
  EXPECT_FALSE(block->score(2'500, query));
  EXPECT_FALSE(block->score(3, std::vector<float>(31, 0)));
}

TEST(Quantise, PacksAVectorForAFile) {
  const auto vector = test::unit_vector(100, 5);
  const auto packed = pack(vector);
  EXPECT_EQ(packed.size(), 204U);
  const auto again = unpack(packed, 100);
  ASSERT_TRUE(again);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_NEAR((*again)[i], vector[i], 2e-5);
  EXPECT_FALSE(unpack(packed, 99));
  EXPECT_FALSE(unpack("", 100));
}

TEST(Quantise, LeavesTheRestForTheSecondByte) {
  const auto values = test::floats(100, 8);
  std::vector<std::int8_t> bytes(100);
  std::vector<std::int8_t> rests(100);
  const float scale = quantise(values, bytes.data());
  quantise_rest(values, scale, bytes.data(), rests.data());
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_NEAR(scale * bytes[i], values[i], scale * 0.501);
    EXPECT_NEAR(scale * (bytes[i] + rests[i] / kFiner), values[i], scale * 0.51 / kFiner);
  }
  EXPECT_THAT(bytes, testing::Contains(testing::AnyOf(127, -127)));
  EXPECT_EQ(quantise(std::vector<float>(4, 0), bytes.data()), 0);
}

}  // namespace
}  // namespace synap::vectors

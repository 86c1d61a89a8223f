// Who has more vectors than a node has room for: on servers that have pgvector of 0.8 or later an
// index of neighbours answers; where a server has none, nothing is made of it and it is said so.
#include "search/meaning/neighbours.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <future>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <unordered_set>

#include "base/recent_lines.h"
#include "base/test_support.h"
#include "embedding/test_embedders.h"
#include "events/test_store.h"
#include "search/meaning/shared_vector_index.h"

namespace synap::search {
namespace {

// A text is a number: what it means is a direction that is drawn by it.
class NumberEmbedder final : public embedding::Embedder {
 public:
  explicit NumberEmbedder(std::size_t dimension) : dimension_(dimension) {}
  const std::string& model() const override { return model_; }
  std::size_t dimension() const override { return dimension_; }
  std::size_t tokens_max() const override { return 64; }
  std::size_t count_tokens(std::string_view) const override { return 3; }
  Task<Result<embedding::Embedded>> embed(embedding::Ask ask) override {
    embedding::Embedded embedded;
    auto& vectors = embedded.vectors;
    for (const auto& text : ask.texts) vectors.push_back(vector_of(text));
    co_return embedded;
  }
  // In a few directions, as of real texts.
  embedding::Vector vector_of(std::string_view text) const {
    constexpr std::size_t kDirections = 24;
    std::mt19937 random(static_cast<unsigned>(std::hash<std::string_view>{}(text)));
    std::normal_distribution<float> normal;
    embedding::Vector vector(dimension_, 0.02F);
    for (std::size_t i = 0; i < kDirections; ++i) vector[i * 2] += normal(random);
    float square = 0;
    for (const float value : vector) square += value * value;
    for (auto& value : vector) value /= std::sqrt(square);
    return vector;
  }

 private:
  const std::string model_ = "numbers";
  const std::size_t dimension_;
};

class NeighboursTest : public testing::Test {
 protected:
  explicit NeighboursTest(std::size_t dimension = 64)
      : embedder(std::make_shared<NumberEmbedder>(dimension)) {
    open();
    const auto asked = test::run(executor, [&] {
      return engine->read([](db::Tx& tx) {
        auto rows = tx.query(
            "SELECT count(*) FROM pg_extension WHERE extname = 'vector' AND extversion >= '0.8'");
        return rows.next() && rows.integer(0) != 0;
      });
    });
    has_neighbours = asked.value();
  }
  void open() {
    index = std::make_unique<SharedVectorIndex>(
        engine, name,
        VectorIndex::Options{.blocks_bytes_max = kBytes,
                             .embedder = embedder,
                             .kinds = "one",
                             .open_another = [this]() -> Result<std::shared_ptr<db::Engine>> {
                               return store->open_aside();
                             },
                             .listed_at_once_max = 20});
    ASSERT_TRUE(test::run(executor, [&] { return index->load(); }));
  }
  // With room for all.
  std::shared_ptr<const UserBlock> block(std::string user) {
    roomy = std::make_unique<SharedVectorIndex>(
        engine, name, VectorIndex::Options{.blocks_bytes_max = 256 << 20});
    EXPECT_TRUE(test::run(executor, [&] { return roomy->load_to_read(); }));
    return *test::run(executor, [&] { return roomy->block(std::move(user)); });
  }
  void apply(std::vector<Change> changes) {
    ASSERT_TRUE(test::run(executor, [&] { return index->apply(std::move(changes), {}); }));
  }
  std::vector<Uuid> add(int count, const std::string& user) {
    std::vector<Uuid> ids;
    std::vector<Change> changes;
    for (int i = 0; i < count; ++i) {
      Document one{.id = Uuid::v7(), .user_id = user, .type = "note"};
      one.text = fmt::format("{} of {}", made++, user);
      one.updated_at = i;
      ids.push_back(one.id);
      changes.push_back({one.id, std::move(one)});
    }
    apply(std::move(changes));
    return ids;
  }
  void remove(const std::vector<Uuid>& ids) {
    std::vector<Change> changes;
    for (const auto& id : ids) changes.push_back({id, std::nullopt});
    apply(std::move(changes));
  }
  // How many steps it took.
  int keep(int most = 1'000) {
    int steps = 0;
    while (steps < most) {
      const auto kept = test::run(executor, [&] { return index->keep_neighbours(now); });
      EXPECT_TRUE(kept) << kept.error().message;
      if (!kept || !*kept) break;
      ++steps;
    }
    return steps;
  }
  BlockOwner owner(const std::string& user) {
    return test::run(executor, [&] { return index->owner(user); })->value_or(BlockOwner{});
  }
  template <class F>
  auto with_types(F closure) {
    auto found = test::run(executor, [&] {
      return index->read([&](db::Tx& tx) { return closure(tx, *vector_types_in(tx)); });
    });
    EXPECT_TRUE(found) << found.error().message;
    return std::move(*found);
  }
  std::vector<Near> nearest(const std::string& user, std::span<const float> query,
                            Neighbours::Asked asked = {}) {
    const auto whose = owner(user);
    asked.query = query;
    asked.to = asked.to == 0 ? 1'000'000 : asked.to;
    asked.count = asked.count == 0 ? 10 : asked.count;
    return with_types([&](db::Tx& tx, const VectorTypes& types) {
      return index->neighbours()->nearest(tx, types, whose, asked);
    });
  }
  std::string why_not(const std::optional<BlockOwner>& whose) {
    return *test::run(executor, [&] {
      return index->read([&](db::Tx& tx) { return index->why_no_neighbours(tx, whose); });
    });
  }
  std::string why_not(const std::string& user) { return why_not(owner(user)); }
  std::string why_not_anybody() { return why_not(std::nullopt); }
  void run(const std::string& sql) {
    ASSERT_TRUE(test::run(executor, [&] {
      return engine->write([&](db::Tx& tx) { tx.run(sql); });
    })) << sql;
  }
  std::int64_t count(const std::string& sql) {
    return *test::run(executor, [&] {
      return engine->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }

  static constexpr std::size_t kBytes = 100'000;
  static constexpr int kLarge = 400;  // things that are more than that
  const std::string name = "meaning_1_test";
  ThreadExecutor executor{"test"};
  const std::shared_ptr<NumberEmbedder> embedder;
  const std::unique_ptr<events::TestStore> store = events::TestStore::make();
  std::shared_ptr<db::Engine> engine = store->open_aside();
  std::unique_ptr<SharedVectorIndex> index;
  std::unique_ptr<SharedVectorIndex> roomy;
  bool has_neighbours = false;
  SteadyClock::time_point now = SteadyClock::now();
  int made = 0;
};

// Loudly: which of the two it is the server says, and not what is tested.
TEST_F(NeighboursTest, IsThereWhereTheServerHasPgvector) {
  const auto why = *test::run(executor, [&] {
    return engine->read(
        [&](db::Tx& tx) { return index->neighbours()->why_not(vector_types_in(tx)); });
  });
  // Those of tests/postgres/versions.sh have it.
  if (std::getenv("SYNAP_TEST_HAS_PGVECTOR") != nullptr) EXPECT_TRUE(has_neighbours);
  add(kLarge, "large");
  const auto refused = test::run(executor, [&] { return index->block("large"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPayloadTooLarge);
  if (has_neighbours) {
    EXPECT_EQ(why, "");
    EXPECT_GT(keep(), 1);
    EXPECT_TRUE(owner("large").is_listed);
    std::cerr << "this server has pgvector: large users are answered by its index\n";
    return;
  }
  EXPECT_EQ(why, "the database has no pgvector");
  EXPECT_EQ(keep(), 0);
  EXPECT_FALSE(owner("large").is_listed);
  std::cerr << "this server has no pgvector: large users are answered by words\n";
}

TEST_F(NeighboursTest, FindsWhatABlockDoes) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  add(kLarge, "other");
  keep();
  const auto mine = block("large");
  const auto whose = owner("large");
  int same = 0;
  for (int i = 0; i < 20; ++i) {
    const auto query = embedder->vector_of(fmt::format("query {}", i));
    const auto exact = *mine->nearest(query, {.count = 10});
    const auto found = nearest("large", query);
    ASSERT_EQ(found.size(), 10U);
    for (std::size_t k = 0; k < found.size(); ++k) {
      same += found[k].passage == exact[k].passage && found[k].entity == exact[k].entity ? 1 : 0;
    }
    EXPECT_NEAR(found[0].cosine, exact[0].cosine, 1e-4);
    vectors::Background background;
    std::ignore = mine->nearest(query, {.count = 1, .background = &background});
    const auto sample = with_types([&](db::Tx& tx, const VectorTypes& types) {
      return index->neighbours()->background(tx, types, whose, query);
    });
    EXPECT_EQ(sample.count, background.count);
    EXPECT_NEAR(sample.mean, background.mean, 1e-3);
    EXPECT_NEAR(sample.deviation, background.deviation, 1e-3);
  }
  EXPECT_GE(same, 195);
}

// Nobody who has room has any there, and what others have is in no way of what is found.
TEST_F(NeighboursTest, IsOfLargeUsersAlone) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(10, "small");
  add(kLarge, "large");
  keep();
  EXPECT_EQ(owner("small").listed, 0);
  EXPECT_EQ(count("SELECT count(DISTINCT \"user\") FROM neighbours_" + name), 1);
  const auto query = embedder->vector_of("query");
  const auto passages = [&] {
    std::vector<std::int64_t> ids;
    for (const auto& near : nearest("large", query)) ids.push_back(near.passage);
    return ids;
  };
  const auto alone = passages();
  EXPECT_EQ(alone.size(), 10U);
  for (int i = 0; i < 3; ++i) add(kLarge, fmt::format("other {}", i));
  keep();
  EXPECT_EQ(count("SELECT count(DISTINCT \"user\") FROM neighbours_" + name), 4);
  EXPECT_EQ(passages(), alone);
  EXPECT_EQ((*test::run(executor, [&] { return index->block("small"); }))->size(), 10U);
}

// As a pod of many is: some are large, of different sizes, and most are not.
TEST_F(NeighboursTest, FindsAllOfEachAmongAHundredUsersOfWhomSomeAreLarge) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  constexpr int kUsers = 100;
  constexpr int kLargeUsers = 4;
  constexpr int kSmall = 12;
  std::vector<Change> all;
  std::map<std::string, std::set<Uuid>> things;
  for (int user = 0; user < kUsers; ++user) {
    const auto who = fmt::format("user {}", user);
    const int size = user < kLargeUsers ? kLarge + 50 * user : kSmall;
    for (int i = 0; i < size; ++i) {
      // Everybody has the same texts: so there are nearer ones of others for each of the nearest.
      Document one{.id = Uuid::v7(), .user_id = who, .type = "note"};
      one.text = fmt::format("text {}", i);
      things[who].insert(one.id);
      all.push_back({one.id, std::move(one)});
    }
  }
  apply(std::move(all));
  keep();
  EXPECT_EQ(count("SELECT count(DISTINCT \"user\") FROM neighbours_" + name), kLargeUsers);
  const auto query = embedder->vector_of("query");
  const auto expect_ten = [&](const std::string& user, const std::vector<Near>& found) {
    const auto exact = *block(user)->nearest(query, {.count = 10});
    ASSERT_EQ(found.size(), 10U) << user;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_TRUE(things[user].contains(found[i].entity)) << user;
      EXPECT_NEAR(found[i].cosine, exact[i].cosine, 1e-4) << user << " " << i;
    }
  };
  for (const int user : {kLargeUsers, kUsers / 2, kUsers - 1}) {
    const auto who = fmt::format("user {}", user);
    const auto small = test::run(executor, [&] { return index->block(who); });
    ASSERT_TRUE(small) << small.error().message;
    expect_ten(who, *(*small)->nearest(query, {.count = 10}));
  }
  // By pgvector, also of the one who is barely large.
  for (int user = 0; user < kLargeUsers; ++user) {
    const auto who = fmt::format("user {}", user);
    EXPECT_EQ(test::run(executor, [&] { return index->block(who); }).error().code,
              Code::kPayloadTooLarge);
    EXPECT_EQ(why_not(who), "");
    expect_ten(who, nearest(who, query));
  }
}

TEST_F(NeighboursTest, FollowsChangesAndDeletions) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  const auto ids = add(kLarge, "large");
  keep();
  const auto query = embedder->vector_of("query");
  const auto best = nearest("large", query).front();
  remove({best.entity});
  EXPECT_EQ(keep(), 1);
  for (const auto& near : nearest("large", query)) EXPECT_NE(near.entity, best.entity);
  Document nearer{.id = ids.back(), .user_id = "large", .type = "note", .text = "query"};
  apply({{nearer.id, nearer}});
  keep();
  EXPECT_EQ(nearest("large", query).front().entity, nearer.id);
  EXPECT_NEAR(nearest("large", query).front().cosine, 1, 1e-3);
  // One who has room again is not asked there, and keeps nothing there that is gone.
  remove(ids);
  keep();
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), 0);
}

TEST_F(NeighboursTest, TakesRulesForAllThatIsNear) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  const auto ids = add(kLarge, "large");
  keep();
  const auto query = embedder->vector_of("query");
  // The furthest of all, which no look at those that are near comes to.
  const auto all = nearest("large", query, {.count = kLarge});
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kLarge));
  const std::unordered_set<Uuid> furthest = {all[kLarge - 1].entity, all[kLarge - 2].entity};
  const auto only = nearest("large", query, {.only = &furthest});
  ASSERT_EQ(only.size(), 2U);
  EXPECT_EQ(only[0].entity, all[kLarge - 2].entity);
  const std::unordered_set<Uuid> first = {all[0].entity, all[1].entity};
  EXPECT_EQ(nearest("large", query, {.never = &first}).front().entity, all[2].entity);
  // By when they were changed, which is their number here: the scan goes on until there are ten.
  const auto late = nearest("large", query, {.from = kLarge - 12, .to = kLarge - 2});
  EXPECT_EQ(late.size(), 10U);
  for (const auto& near : late) {
    const auto number = std::ranges::find(ids, near.entity) - ids.begin();
    EXPECT_GE(number, kLarge - 12);
    EXPECT_LT(number, kLarge - 2);
  }
  const std::vector<Uuid> asked = {all[7].entity, all[300].entity};
  const auto whose = owner("large");
  const auto near = with_types([&](db::Tx& tx, const VectorTypes& types) {
    return index->neighbours()->nearness(tx, types, whose, query, asked);
  });
  ASSERT_EQ(near.size(), 2U);
  for (const auto& one : near) {
    const auto& same = one.entity == asked[0] ? all[7] : all[300];
    EXPECT_EQ(one.passage, same.passage);
    EXPECT_NEAR(one.cosine, same.cosine, 1e-6);
  }
}

// The connection is others', too.
TEST_F(NeighboursTest, TakesLongThingsInParts) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  const auto ids = add(kLarge, "large");
  // As if the first and the eleventh were long.
  constexpr int kMore = 100;
  for (const auto number : {1, 11}) {
    run(fmt::format("UPDATE documents_{} SET passages = {} WHERE number = {}", name, kMore + 1,
                    number));
    run(
        fmt::format("INSERT INTO passages_{0} SELECT id + i, \"user\", part, begin_at, end_at, "
                    "hash, vector FROM passages_{0}, generate_series(1, {1}) AS i "
                    "WHERE id >> 16 = {2}",
                    name, kMore, number));
  }
  run(fmt::format("UPDATE users_{} SET passages = passages + {}", name, 2 * kMore));
  const auto rows = [&] { return count("SELECT count(*) FROM neighbours_" + name); };
  // Gives how many parts there were.
  const auto keep_all = [&](std::int64_t before) {
    int steps = 0;
    for (; keep(1) == 1; ++steps) {
      EXPECT_LE(rows(), before + 20);
      before = rows();
    }
    return steps;
  };
  EXPECT_LE(keep_all(0), (kLarge + 2 * kMore) / 20 + 6);
  EXPECT_TRUE(owner("large").is_listed);
  EXPECT_EQ(rows(), kLarge + 2 * kMore);
  EXPECT_EQ(count(fmt::format("SELECT count(DISTINCT id) FROM neighbours_{}", name)),
            kLarge + 2 * kMore);
  // Of another time now, behind one that is gone; and gone while a part of it is there.
  remove({ids[30]});
  run(
      fmt::format("UPDATE documents_{0} SET updated_at = 5000, revision = revision + {1} "
                  "WHERE number = 11",
                  name, kLarge));
  run(fmt::format("UPDATE users_{} SET revision = revision + {}", name, kLarge));
  EXPECT_EQ(keep(3), 3);
  EXPECT_EQ(rows(), kLarge - 1 + kMore - 1 + 40);
  EXPECT_TRUE(owner("large").is_listed);
  remove({ids[10]});
  keep();
  EXPECT_EQ(rows(), kLarge - 2 + kMore);
}

// As where a node is killed: another one goes on behind what is stored.
TEST_F(NeighboursTest, GoesOnWhereItWas) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  EXPECT_EQ(keep(3), 3);
  const auto before = owner("large");
  EXPECT_FALSE(before.is_listed);
  EXPECT_GT(before.listed, 0);
  const auto rows = count("SELECT count(*) FROM neighbours_" + name);
  EXPECT_LT(rows, kLarge);
  auto former = std::move(index);
  open();
  const auto refused = test::run(executor, [&] { return former->keep_neighbours(now); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Another node writes it now");
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), rows);
  keep();
  EXPECT_TRUE(owner("large").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge);
}

// While it is made more changes may come than are kept for others.
TEST_F(NeighboursTest, MissesNoDeletionHoweverManyChangesCome) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  const auto ids = add(kLarge, "large");
  EXPECT_EQ(keep(3), 3);
  remove({ids[0]});
  ASSERT_TRUE(test::run(executor, [&] {
    return engine->write([&](db::Tx& tx) {
      tx.run(fmt::format("UPDATE users_{} SET revision = revision + {}", name, kRevisionsKept));
    });
  }));
  remove({ids[1]});
  keep();
  EXPECT_TRUE(owner("large").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge - 2);
}

// Each row that is put into one costs more than all else of it.
TEST_F(NeighboursTest, IsFilledBeforeItIsMade) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  const auto indexes = "SELECT count(*) FROM pg_class WHERE relname LIKE '%_nearest'";
  EXPECT_EQ(keep(kLarge / 20), kLarge / 20);
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge);
  EXPECT_EQ(count(indexes), 0);
  EXPECT_EQ(why_not("large"), "the database has no index of their neighbours yet");
  // What comes meanwhile is in it, too.
  now += std::chrono::seconds(10);
  add(1, "large");
  EXPECT_EQ(keep(), 2);
  EXPECT_EQ(count(indexes), 1);
  EXPECT_EQ(why_not("large"), "");
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge + 1);
}

TEST_F(NeighboursTest, IsMadeWhileOthersWriteAndUntilItIsToStop) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  keep(kLarge / 20);
  // It takes long: somebody has the table.
  const auto other = store->open_aside();
  ThreadExecutor others("others");
  std::promise<void> has_it;
  std::promise<void> is_over;
  const auto remove = fmt::format("DELETE FROM neighbours_{} WHERE \"user\" = {} AND id < 0", name,
                                  owner("large").number);
  std::jthread holder([&] {
    std::ignore = test::run(others, [&] {
      return other->write([&](db::Tx& tx) {
        tx.run(remove);
        std::ignore = tx.query("SELECT 1").next();  // what has no rows is sent with what has
        has_it.set_value();
        is_over.get_future().wait_for(std::chrono::seconds(3));
      });
    });
  });
  has_it.get_future().wait();
  std::stop_source stop;
  Result<bool> kept = true;
  std::jthread keeper([&] {
    kept = test::run(executor, [&] { return index->keep_neighbours(now, stop.get_token()); });
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto begin = SteadyClock::now();
  add(1, "other");
  EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds(1));
  stop.request_stop();
  keeper.join();
  EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds(2));
  EXPECT_FALSE(owner("large").is_listed);
  is_over.set_value();
  holder.join();
  now += std::chrono::seconds(10);
  keep();
  EXPECT_TRUE(owner("large").is_listed);
}

// And is made again where it is there again.
TEST_F(NeighboursTest, GoesWherePgvectorGoes) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  const auto schema = with_types([](db::Tx&, const VectorTypes& types) { return types.schema; });
  add(kLarge, "large");
  keep();
  run("DROP EXTENSION vector CASCADE");
  EXPECT_EQ(keep(), 1);
  EXPECT_EQ(owner("large").listed, 0);
  EXPECT_FALSE(owner("large").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM pg_class WHERE relname LIKE 'neighbours%'"), 0);
  run("CREATE EXTENSION vector SCHEMA " + schema);
  EXPECT_GT(keep(), 1);
  EXPECT_TRUE(owner("large").is_listed);
}

// Not by the next who asks, who has no right to do it, but by whoever writes.
TEST_F(NeighboursTest, IsMadeAgainWhereItIsNotWhole) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  add(kLarge, "other");
  keep();
  const auto part = fmt::format("neighbours_{}_{}", name, owner("large").number);
  const auto schema = with_types([](db::Tx&, const VectorTypes& types) { return types.schema; });
  for (const auto& harm :
       {"DROP TABLE " + part, fmt::format("DROP INDEX {}_nearest", part),
        "DROP TABLE neighbours_" + name,
        fmt::format("ALTER TABLE neighbours_{} DROP COLUMN level", name),
        fmt::format("DROP EXTENSION vector CASCADE; CREATE EXTENSION vector SCHEMA {}", schema)}) {
    ASSERT_EQ(why_not("large"), "") << harm;
    ASSERT_EQ(why_not_anybody(), "") << harm;
    const auto end = harm.find(';');
    run(harm.substr(0, end));
    if (end != harm.npos) run(harm.substr(end + 1));
    EXPECT_THAT(why_not("large"), testing::HasSubstr("is made again")) << harm;
    if (harm.contains("_nearest") || harm.ends_with(part)) EXPECT_EQ(why_not("other"), "") << harm;
    EXPECT_THAT(why_not_anybody(), testing::HasSubstr("is made again")) << harm;
    now += std::chrono::seconds(10);
    EXPECT_GT(keep(), 1) << harm;
    EXPECT_EQ(why_not("large"), "") << harm;
    EXPECT_EQ(why_not_anybody(), "") << harm;
    EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), 2 * kLarge) << harm;
  }
}

TEST_F(NeighboursTest, GoesOnWithOthersWhereOneFails) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  for (const auto* user : {"first", "second", "third"}) add(kLarge, user);
  // In turn.
  EXPECT_EQ(keep(3), 3);
  for (const auto* user : {"first", "second", "third"}) EXPECT_GT(owner(user).listed, 0) << user;
  const auto number = owner("second").number;
  run(fmt::format("ALTER TABLE neighbours_{0}_{1} ADD CONSTRAINT none CHECK (id < 0) NOT VALID",
                  name, number));
  EXPECT_GT(keep(), 1);
  EXPECT_TRUE(owner("first").is_listed);
  EXPECT_TRUE(owner("third").is_listed);
  EXPECT_FALSE(owner("second").is_listed);
  // It is tried again after a time, which grows.
  EXPECT_EQ(keep(), 0);
  now += std::chrono::milliseconds(1'100);
  EXPECT_EQ(keep(), 1);
  now += std::chrono::milliseconds(1'100);
  EXPECT_EQ(keep(), 0);
  run(fmt::format("ALTER TABLE neighbours_{0}_{1} DROP CONSTRAINT none", name, number));
  now += std::chrono::seconds(1);
  EXPECT_GT(keep(), 1);
  EXPECT_TRUE(owner("second").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), 3 * kLarge);
}

TEST_F(NeighboursTest, SaysWhyItHasNoConnectionOfItsOwn) {
  add(1, "small");
  index = std::make_unique<SharedVectorIndex>(
      engine, name,
      VectorIndex::Options{.blocks_bytes_max = kBytes,
                           .embedder = embedder,
                           .kinds = "one",
                           .open_another = []() -> Result<std::shared_ptr<db::Engine>> {
                             return fail(Code::kServiceUnavailable, "There are too many");
                           }});
  ASSERT_TRUE(test::run(executor, [&] { return index->load(); }));
  // As if it were listed in what is not there.
  run(fmt::format("UPDATE users_{} SET listed = 1", name));
  const auto before = recent_lines().find({}).end;
  EXPECT_EQ(keep(), 1);
  flush_log();
  std::vector<std::string> lines;
  for (const auto& line : recent_lines().find({.after = before}).lines) {
    if (line.level == LogLevel::kWarn) lines.push_back(line.message);
  }
  EXPECT_THAT(lines, testing::ElementsAre(testing::EndsWith(": There are too many")));
  EXPECT_EQ(owner("small").listed, 0);
}

// One that cannot be read is left out, and listed when it is there again.
TEST_F(NeighboursTest, ListsAllButWhatIsDamaged) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  run(fmt::format("UPDATE passages_{} SET vector = '' WHERE id >> 16 = 7", name));
  // A long one, of which a part is.
  run(fmt::format("UPDATE documents_{} SET passages = 41 WHERE number = 9", name));
  run(
      fmt::format("INSERT INTO passages_{0} SELECT id + i, \"user\", part, begin_at, end_at, hash, "
                  "CASE WHEN i = 30 THEN '' ELSE vector END "
                  "FROM passages_{0}, generate_series(1, 40) AS i WHERE id >> 16 = 9",
                  name));
  // And two that nobody knows any more, one of them as long.
  run(
      fmt::format("UPDATE documents_{} SET entity = entity || entity, "
                  "passages = CASE number WHEN 13 THEN 41 ELSE 1 END WHERE number IN (11, 13)",
                  name));
  keep();
  EXPECT_TRUE(owner("large").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge - 4);
  const auto damaged = *test::run(executor, [&] { return index->to_mend(); });
  EXPECT_EQ(damaged.size(), 4U);
  std::vector<Change> changes;
  for (const auto& id : damaged) {
    if (id.unix_ms() == 0) continue;
    changes.push_back({id, Document{.id = id, .user_id = "large", .type = "note", .text = "1"}});
  }
  EXPECT_EQ(changes.size(), 2U);
  apply(std::move(changes));
  ASSERT_TRUE(test::run(executor, [&] { return index->mended(damaged); }));
  keep();
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge - 2);
  EXPECT_EQ(count("SELECT count(*) FROM documents_" + name), kLarge - 2);
}

// What is gone is not kept for it without an end: then it begins again, and has nothing of that.
TEST_F(NeighboursTest, BeginsAgainWhereItIsTooFarBehind) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  const auto ids = add(kLarge, "large");
  EXPECT_EQ(keep(3), 3);
  remove({ids[0]});
  run(fmt::format("UPDATE users_{} SET revision = revision + {}", name,
                  kRevisionsUnlisted + kLarge));
  remove({ids[1]});
  EXPECT_EQ(count("SELECT count(*) FROM gone_" + name), 1);
  EXPECT_EQ(owner("large").listed, 0);
  now += std::chrono::seconds(10);
  keep();
  EXPECT_TRUE(owner("large").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM neighbours_" + name), kLarge - 2);
}

// As where an index is made again between two looks of a search: a number is another user's then.
TEST_F(NeighboursTest, AnswersNobodyWithWhatHasBecomeOfHisNumber) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  keep();
  const auto former = owner("large");
  SharedPlace place(
      {.engine = engine, .world = real_world(), .family = kSharedMeanings, .open = {}});
  ASSERT_TRUE(test::run(executor, [&] { return place.remove(name); }));
  open();
  add(kLarge, "other");
  keep();
  ASSERT_EQ(owner("other").number, former.number);
  EXPECT_EQ(why_not("other"), "");
  EXPECT_EQ(why_not(former), "the database has no index of their neighbours yet");
}

TEST_F(NeighboursTest, LooksWithTheIndex) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(kLarge, "large");
  keep();
  auto sql =
      "EXPLAIN (COSTS OFF) " +
      index->neighbours()->statement(
          *test::run(executor,
                     [&] { return engine->read([](db::Tx& tx) { return *vector_types_in(tx); }); }),
          "AND updated_at >= 0");
  std::string query = "'[1";
  for (std::size_t i = 1; i < embedder->dimension(); ++i) query += ",0";
  query += "]'";
  const auto give = [&](std::string_view parameter, std::string_view value) {
    for (auto at = sql.find(parameter); at != sql.npos; at = sql.find(parameter)) {
      sql.replace(at, parameter.size(), value);
    }
  };
  give("$1", query);
  give("$2", fmt::to_string(owner("large").number));
  give("$3", "400");
  const auto plan = *test::run(executor, [&] {
    return index->read([&](db::Tx& tx) {
      std::string all;
      auto rows = tx.query(sql);
      while (rows.next()) all += rows.text(0) + "\n";
      return all;
    });
  });
  EXPECT_THAT(plan, testing::HasSubstr("_nearest on neighbours_" + name)) << plan;
  EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Seq Scan"))) << plan;
  EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Sort"))) << plan;
}

class WideNeighboursTest : public NeighboursTest {
 protected:
  WideNeighboursTest() : NeighboursTest(2'100) {}
};

TEST_F(WideNeighboursTest, HasHalvesAboveTwoThousandDimensions) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector: IsThereWhereTheServerHasPgvector";
  add(60, "large");
  keep();
  EXPECT_TRUE(owner("large").is_listed);
  EXPECT_EQ(count("SELECT count(*) FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid "
                  "WHERE attrelid = 'neighbours_" +
                  name +
                  "'::regclass AND attname = 'vector' "
                  "AND typname = 'halfvec'"),
            1);
  const auto mine = block("large");
  const auto query = embedder->vector_of("query");
  const auto exact = *mine->nearest(query, {.count = 10});
  const auto found = nearest("large", query);
  ASSERT_EQ(found.size(), 10U);
  EXPECT_EQ(found[0].passage, exact[0].passage);
  EXPECT_NEAR(found[0].cosine, exact[0].cosine, 2e-3);
}

}  // namespace
}  // namespace synap::search

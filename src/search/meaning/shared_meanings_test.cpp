// Search by meaning at several nodes, whose index is in the database, on each version of the server
// (tests/postgres/versions.sh).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "base/test_support.h"
#include "content/local/local_store.h"
#include "embedding/test_embedders.h"
#include "events/test_store.h"
#include "events/types.h"
#include "search/search.h"

namespace synap::search {
namespace {

using namespace std::chrono_literals;
using embedding::test::SubjectEmbedders;

struct ThingMade {
  std::string name;
};
const ObjectSchema<ThingMade>& describe(Type<ThingMade>) {
  static const auto schema = object<ThingMade>("ThingMade").field("name", &ThingMade::name);
  return schema;
}
constexpr events::EventType<ThingMade> kThingMade{"thing.making.completed"};

class SharedMeaningsTest : public testing::Test {
 protected:
  struct Node {
    std::shared_ptr<SubjectEmbedders> embedders = std::make_shared<SubjectEmbedders>();
    std::unique_ptr<Search> search;
  };
  SharedMeaningsTest() {
    types.add(kThingMade, "");
    const auto asked = sync_wait(executor, [&]() -> Task<Result<bool>> {
      co_return co_await tables->open_aside()->read([](db::Tx& tx) {
        auto rows = tx.query(
            "SELECT count(*) FROM pg_extension WHERE extname = 'vector' AND extversion >= '0.8'");
        return rows.next() && rows.integer(0) != 0;
      });
    }());
    has_neighbours = asked.value();
  }
  std::unique_ptr<Node> node(const std::string& name) {
    auto one = std::make_unique<Node>();
    one->search = std::make_unique<Search>(
        Rooms{*store.database, *store.log, *content, real_world()}, directory.path() + "/" + name,
        MeaningOptions{.embedders = one->embedders,
                       .blocks_bytes_max = kBytes,
                       .patience = 10s,
                       .look_interval = 20ms},
        tables->open_aside());
    one->search->add({.name = "thing",
                      .version = "1",
                      .read = [this](db::Tx&, const Uuid& id) -> std::optional<Document> {
                        std::lock_guard lock(mutex);
                        const auto at = things.find(id);
                        return at == things.end() ? std::nullopt : std::optional(at->second);
                      }});
    one->search->start();
    return one;
  }
  void append(const std::vector<Uuid>& ids) {
    std::vector<events::NewEvent> many;
    for (const auto& id : ids) {
      events::Envelope envelope{.user_id = "ann", .aggregate_id = id};
      many.push_back(*types.make(kThingMade, ThingMade{"a"}, std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, store.log->append({.events = std::move(many)})));
  }
  std::vector<Uuid> put(const std::vector<std::string>& titles, const std::string& user,
                        std::vector<std::string> tags = {}) {
    std::vector<Uuid> ids;
    for (const auto& title : titles) {
      ids.push_back(Uuid::v7());
      std::lock_guard lock(mutex);
      things[ids.back()] = {.id = ids.back(), .user_id = user, .title = title, .tags = tags};
    }
    append(ids);
    return ids;
  }
  void remove(const Uuid& id) {
    {
      std::lock_guard lock(mutex);
      things.erase(id);
    }
    append({id});
  }
  // Of the nearest few: "title, title", or why it was not answered by meaning.
  std::string found(Node& at, std::string_view query, const std::string& user,
                    Mode mode = Mode::kSemantic) {
    const Ask ask{.text = std::string(query),
                  .mode = mode,
                  .items = *parse_query(query, at.search->fields()),
                  .limit = 3};
    const auto answer = sync_wait(executor, at.search->find(user, ask));
    if (!answer) return answer.error().message;
    if (answer->mode == Mode::kText) return answer->mode_reason;
    std::string all;
    for (const auto& hit : answer->hits) all += (all.empty() ? "" : ", ") + hit.title;
    return answer->mode_reason + all;
  }
  std::optional<ComparedBy> compared_by(Node& at, const std::string& user) {
    const auto status = sync_wait(executor, at.search->status(user));
    if (!status || !status->meaning) return std::nullopt;
    EXPECT_TRUE(status->meaning->is_shared);
    return status->meaning->compared_by;
  }
  static bool wait_until(const std::function<bool()>& holds) {
    const auto end = SteadyClock::now() + 30s;
    while (!holds() && SteadyClock::now() < end) std::this_thread::sleep_for(5ms);
    return holds();
  }
  void expect(Node& at, std::string_view query, const std::string& user, std::string_view first) {
    EXPECT_TRUE(wait_until([&] { return found(at, query, user).starts_with(first); }))
        << query << " of " << user << ": " << found(at, query, user);
  }

  static constexpr std::size_t kBytes = 20'000;
  static constexpr int kLarge = 120;  // things that have more
  ThreadExecutor executor{"test"};
  test::TempDirectory directory;
  std::unique_ptr<events::TestStore> tables = events::TestStore::make();
  events::Store store = tables->open({});
  std::unique_ptr<content::LocalStore> content =
      std::move(*content::LocalStore::open(directory.path() + "/content"));
  events::EventTypes types;
  std::mutex mutex;
  std::map<Uuid, Document> things;
  bool has_neighbours = false;
};

TEST_F(SharedMeaningsTest, FindsAtEachNodeWhatOneHasMade) {
  const auto first = node("first");
  const auto second = node("second");
  first->search->lead();
  const auto cat = put({"A cat", "Some bread"}, "ann").at(0);
  put({"His cat"}, "bob");
  expect(*second, "kitty", "ann", "A cat, Some bread");
  expect(*second, "kitty", "bob", "His cat");
  remove(cat);
  expect(*second, "kitty", "ann", "Some bread");
  // Another model: what there is answers until all is made by it.
  first->embedders->behaviour->hold("bread");
  for (auto* one : {first.get(), second.get()}) one->embedders->set({"others", "subjects"});
  ASSERT_TRUE(wait_until([&] { return first->embedders->behaviour->waiting.value() > 0; }));
  expect(*second, "kitty", "bob", "His cat");
  first->embedders->behaviour->release();
  const auto model_of = [](Node& at) { return at.search->meanings()->state(); };
  ASSERT_TRUE(wait_until([&] {
    const auto state = model_of(*second);
    return state.model == "others" && state.index && state.index->is_complete &&
           !state.index->next_position;
  }));
  expect(*second, "loaf", "ann", "Some bread");
  EXPECT_EQ(second->search->meanings()->embedded(), 0);
  // Another one leads.
  first->search->stop();
  second->search->lead();
  put({"My garden"}, "ann");
  expect(*second, "flowers", "ann", "My garden");
  EXPECT_EQ(second->search->meanings()->embedded(), 1);
}

// The node that writes the index keeps which model has answered it first; another compares with it.
TEST_F(SharedMeaningsTest, ANodeWithAnotherModelBehindTheNameAnswersByWords) {
  const auto first = node("first");
  const auto second = node("second");
  first->search->lead();
  put({"A cat", "Some bread"}, "ann");
  expect(*second, "kitty", "ann", "A cat");  // it knows the index as one of a model without a name
  first->embedders->behaviour->answer_as("one");
  second->embedders->behaviour->answer_as("two");
  put({"My garden"}, "ann");
  expect(*first, "flowers", "ann", "My garden");
  EXPECT_THAT(found(*second, "flowers", "ann"),
              testing::HasSubstr("were made by one, and now two answers"));
  EXPECT_THAT(second->search->meanings()->state().query_problem, testing::HasSubstr("one"));
  second->embedders->behaviour->answer_as("one");
  expect(*second, "flowers", "ann", "My garden");
  EXPECT_EQ(second->search->meanings()->state().query_problem, "");
}

// One damaged vector takes nothing from anybody else, and is the only one that is made again.
TEST_F(SharedMeaningsTest, MakesOneThingAgainWhereItIsDamaged) {
  const auto first = node("first");
  first->search->lead();
  put({"A cat", "Some bread"}, "ann");
  put({"His cat"}, "bob");
  expect(*first, "kitty", "ann", "A cat");
  expect(*first, "kitty", "bob", "His cat");
  const auto embedded = first->search->meanings()->embedded();
  ASSERT_TRUE(sync_wait(executor, [&]() -> Task<Result<>> {
    co_return co_await tables->open_aside()->write([](db::Tx& tx) {
      std::string table;
      {
        auto rows = tx.query(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE "
            "'passages_meaning%'");
        if (rows.next()) table = rows.text(0);
      }
      tx.run(fmt::format("UPDATE {} SET vector = '' WHERE id >> 16 = 1", table));
    });
  }()));
  const auto second = node("second");
  expect(*second, "kitty", "bob", "His cat");
  EXPECT_THAT(found(*second, "kitty", "ann"), testing::StartsWith("Some bread"));
  expect(*second, "kitty", "ann", "A cat");
  EXPECT_EQ(first->search->meanings()->embedded(), embedded + 1);
}

// By an index of neighbours; where the server has none, by words, and told so.
TEST_F(SharedMeaningsTest, AnswersWhoHasMoreThanANodeHasRoomFor) {
  const auto first = node("first");
  const auto second = node("second");
  first->search->lead();
  std::vector<std::string> titles;
  for (int i = 0; i < kLarge; ++i) titles.push_back(fmt::format("Revenue number {}", i));
  put(titles, "large");
  const auto cat = put({"A cat", "Some bread"}, "large").at(0);
  put({"The kitty at home"}, "large", {"home"});
  put({"A small cat"}, "small");
  expect(*second, "kitty", "small", "A small cat");
  if (!has_neighbours) {
    EXPECT_TRUE(wait_until([&] {
      return found(*second, "kitty", "large") ==
             "your vectors take 1 MiB of memory, and search_memory_mib is 0; the database has no "
             "pgvector";
    })) << found(*second, "kitty", "large");
    EXPECT_EQ(sync_wait(executor, second->search->meanings()->why_no_neighbours()),
              "the database has no pgvector");
    EXPECT_EQ(compared_by(*second, "large"), ComparedBy::kNothing);
    EXPECT_EQ(compared_by(*second, "small"), ComparedBy::kMemory);
    return;
  }
  expect(*second, "pet", "large", "A cat, The kitty at home, ");
  EXPECT_EQ(sync_wait(executor, second->search->meanings()->why_no_neighbours()), "");
  EXPECT_EQ(compared_by(*second, "large"), ComparedBy::kNeighbours);
  EXPECT_EQ(compared_by(*second, "small"), ComparedBy::kMemory);
  EXPECT_EQ(found(*second, "loaf", "large", Mode::kHybrid), "Some bread");
  EXPECT_EQ(found(*second, "pet tag:home", "large"), "The kitty at home");
  EXPECT_THAT(found(*second, "pet -tag:home", "large"), testing::StartsWith("A cat, "));
  EXPECT_THAT(found(*second, "pet -\"a cat\" -tag:home", "large"),
              testing::Not(testing::HasSubstr("cat")));
  const auto similar =
      sync_wait(executor, second->search->similar("large", {.entity = cat, .limit = 1}));
  ASSERT_TRUE(similar) << similar.error().message;
  EXPECT_EQ(similar->hits.at(0).title, "The kitty at home");
  remove(cat);
  EXPECT_TRUE(wait_until([&] { return !found(*second, "pet", "large").contains("A cat"); }));
  put({"Another cat, a pet"}, "large");
  expect(*second, "pet", "large", "Another cat, a pet, ");
}

// And it heals by itself.
TEST_F(SharedMeaningsTest, AnswersByWordsWhereTheIndexOfNeighboursIsNotWhole) {
  if (!has_neighbours) GTEST_SKIP() << "no pgvector";
  auto first = node("first");
  const auto second = node("second");
  first->search->lead();
  std::vector<std::string> titles;
  for (int i = 0; i < kLarge; ++i) titles.push_back(fmt::format("Revenue number {}", i));
  put(titles, "large");
  put({"A cat", "Some bread"}, "large");
  expect(*second, "kitty", "large", "A cat, ");
  first->search->stop();
  const auto tables_of = [&](const std::string& like) {
    return *sync_wait(executor, [&]() -> Task<Result<std::string>> {
      co_return co_await tables->open_aside()->read([&](db::Tx& tx) {
        auto rows = tx.query(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname LIKE $1 "
            "ORDER BY length(relname) LIMIT 1",
            like);
        return rows.next() ? rows.text(0) : std::string();
      });
    }());
  };
  const auto run = [&](const std::string& sql) {
    ASSERT_TRUE(sync_wait(executor,
                          [&]() -> Task<Result<>> {
                            co_return co_await tables->open_aside()->write(
                                [&](db::Tx& tx) { tx.run(sql); });
                          }()))
        << sql;
  };
  const auto whole = tables_of("neighbours_meaning_1_%");
  const auto part = tables_of(whole + "_%");
  // A mistake, as far as the database knows.
  run(fmt::format("ALTER TABLE {} ALTER COLUMN level TYPE text", whole));
  EXPECT_EQ(found(*second, "kitty", "large"), "the index of meanings cannot be asked now");
  for (const auto mode : {Mode::kSemantic, Mode::kHybrid}) {
    const Ask ask{.text = "bread",
                  .mode = mode,
                  .items = *parse_query("bread", second->search->fields()),
                  .limit = 3};
    const auto answer = sync_wait(executor, second->search->find("large", ask));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->mode, Mode::kText);
    EXPECT_EQ(answer->mode_reason, "the index of meanings cannot be asked now");
    ASSERT_EQ(answer->hits.size(), 1U);
    EXPECT_EQ(answer->hits[0].title, "Some bread");
  }
  run(fmt::format("ALTER TABLE {} ALTER COLUMN level TYPE bigint USING 0", whole));
  expect(*second, "kitty", "large", "A cat, ");
  // Of a part that is gone there would be nothing to be found, which is no answer.
  run("DROP TABLE " + part);
  EXPECT_THAT(found(*second, "kitty", "large"), testing::EndsWith("is made again"));
  EXPECT_EQ(compared_by(*second, "large"), ComparedBy::kNothing);
  EXPECT_THAT(sync_wait(executor, second->search->meanings()->why_no_neighbours()),
              testing::EndsWith("is made again"));
  second->search->lead();
  expect(*second, "kitty", "large", "A cat, ");
  EXPECT_EQ(compared_by(*second, "large"), ComparedBy::kNeighbours);
}

}  // namespace
}  // namespace synap::search

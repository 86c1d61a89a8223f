// When an index is written; what else its keeper does is tested where things are searched
// (features/searching).
#include "search/index_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "base/simulated_world.h"
#include "base/test_support.h"
#include "content/local/local_store.h"
#include "events/test_store.h"
#include "events/types.h"
#include "search/search.h"

namespace synap::search {
namespace {

using namespace std::chrono_literals;

struct ThingMade {
  std::string name;
};
const ObjectSchema<ThingMade>& describe(Type<ThingMade>) {
  static const auto schema = object<ThingMade>("ThingMade").field("name", &ThingMade::name);
  return schema;
}
constexpr events::EventType<ThingMade> kThingMade{"thing.making.completed"};

// Time passes when the test says so.
class IndexKeeperTest : public testing::Test {
 protected:
  IndexKeeperTest() {
    types.add(kThingMade, "");
    search.add({.name = "thing",
                .version = "1",
                .read = [](db::Tx&, const Uuid&) -> std::optional<Document> { return {}; }});
    search.start();
    world.settle();
  }
  ~IndexKeeperTest() override { search.stop(); }

  void append(int count) {
    std::vector<events::NewEvent> many;
    for (int i = 0; i < count; ++i) {
      events::Envelope envelope{.user_id = "ann", .aggregate_id = Uuid::v7()};
      many.push_back(*types.make(kThingMade, ThingMade{"a"}, std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(*executor, store.log->append({.events = std::move(many)})));
    world.settle();
  }
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 20ms) {
      world.pass(20ms);
      world.settle();
    }
  }
  // So many come in each tenth of a second.
  void pass_while(int come, std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 100ms) {
      append(come);
      pass(100ms);
    }
  }

  test::TempDirectory directory;
  SimulatedWorld world{1};
  std::unique_ptr<Executor> executor = world.make_executor("test");
  std::unique_ptr<events::TestStore> tables = events::TestStore::make();
  events::Store store = tables->open({}, world);
  std::unique_ptr<content::LocalStore> content =
      std::move(*content::LocalStore::open(directory.path() + "/content", {.world = world}));
  events::EventTypes types;
  Search search{Rooms{*store.database, *store.log, *content, world}, directory.path() + "/search"};
};

TEST_F(IndexKeeperTest, WritesWhatComesNowAndThenWithinATenthOfASecond) {
  pass(1s);
  for (int i = 0; i < 20; ++i) {
    append(2);
    pass(100ms);
    EXPECT_EQ(search.lag(), 0);
  }
}

TEST_F(IndexKeeperTest, AnswersWhoAsksWhileItIsBeingOpenedOrSaysThatItIs) {
  Search other(Rooms{*store.database, *store.log, *content, world}, directory.path() + "/other");
  test::Started<Result<Found>> asked(*executor);
  const Ask ask{.items = *parse_query("oak", {})};
  asked.add(other.find("ann", ask));
  pass(900ms);
  other.start();
  pass(100ms);
  EXPECT_TRUE(asked.wait()[0]);
  other.stop();

  Search never(Rooms{*store.database, *store.log, *content, world}, directory.path() + "/never");
  test::Started<Result<Found>> refused(*executor);
  refused.add(never.find("ann", ask));
  pass(1'100ms);
  EXPECT_EQ(refused.wait()[0].error().code, Code::kServiceUnavailable);
}

TEST_F(IndexKeeperTest, GivesWayToABurstUntilItIsOver) {
  pass(1s);
  pass_while(200, 2s);
  EXPECT_GT(search.lag(), 3'600);
  pass_while(2, 600ms);
  EXPECT_LE(search.lag(), 2);
}

TEST_F(IndexKeeperTest, SettlesWhenNobodyHasWrittenForAWhile) {
  if (tables->is_on_server()) GTEST_SKIP() << "its files have lists of words";
  Search other(Rooms{*store.database, *store.log, *content, world}, directory.path() + "/other");
  other.add({.name = "thing", .version = "1", .read = [](db::Tx&, const Uuid& id) {
               return std::optional(
                   Document{.id = id, .user_id = "ann", .type = "thing", .title = "Oak"});
             }});
  other.start();
  const auto lists = [&] {
    const auto found = std::filesystem::directory_iterator(directory.path() + "/other");
    sqlite3* file = nullptr;
    sqlite3_stmt* statement = nullptr;
    sqlite3_open_v2(found->path().c_str(), &file, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_prepare_v2(file, "SELECT count(DISTINCT segid) FROM terms_idx", -1, &statement,
                       nullptr);
    sqlite3_step(statement);
    const auto count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(file);
    return count;
  };
  pass(3s);
  for (int i = 0; i < 7; ++i) {
    append(1);
    pass(200ms);
  }
  EXPECT_EQ(lists(), 7);
  pass(2s);
  EXPECT_EQ(lists(), 1);
  append(1);
  pass(3s);
  EXPECT_LE(lists(), 2);
  other.stop();
}

TEST_F(IndexKeeperTest, GivesWayForAFewSecondsAtMost) {
  pass(1s);
  std::vector<std::int64_t> lags;
  for (int i = 0; i < 8; ++i) {
    pass_while(200, 1s);
    lags.push_back(search.lag());
  }
  EXPECT_THAT(lags, testing::Contains(testing::Gt(8'000)));
  EXPECT_THAT(lags, testing::Each(testing::Lt(12'000)));
}

}  // namespace
}  // namespace synap::search

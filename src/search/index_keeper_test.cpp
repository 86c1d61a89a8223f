// When an index is written; what else its keeper does is tested where things are searched
// (features/searching).
#include "search/index_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "base/background.h"
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

// Before it has come to the end for the first time there is no saying how many there are.
TEST_F(IndexKeeperTest, SaysOfAnAnswerThatTheIndexIsBeingMade) {
  append(9'000);
  Search other(Rooms{*store.database, *store.log, *content, world}, directory.path() + "/other");
  other.add({.name = "thing", .version = "1", .read = [](db::Tx&, const Uuid& id) {
               return std::optional(Document{.id = id, .user_id = "ann", .title = "Oak"});
             }});
  other.start();
  world.settle();
  const auto found = [&] {
    test::Started<Result<Found>> asked(*executor);
    asked.add(other.find("ann", {.items = *parse_query("oak", {})}));
    world.settle();
    return asked.wait()[0];
  };
  const auto early = found();
  ASSERT_TRUE(early);
  EXPECT_GT(other.lag(), 0);
  EXPECT_FALSE(early->hits.empty());
  EXPECT_TRUE(early->is_being_made);
  EXPECT_FALSE(early->total);
  pass(7s);
  const auto late = found();
  ASSERT_TRUE(late);
  EXPECT_FALSE(late->is_being_made);
  EXPECT_EQ(late->total, 9'000);
  append(1);
  EXPECT_FALSE(found()->is_being_made);
  other.stop();
}

TEST_F(IndexKeeperTest, GivesWayToABurstUntilItIsOver) {
  pass(1s);
  pass_while(200, 2s);
  EXPECT_GT(search.lag(), 3'600);
  pass_while(2, 600ms);
  EXPECT_LE(search.lag(), 2);
}

// With pages that SQLite can read, and that are not as they were written: at once where somebody
// meets them, at most once in ten minutes; and once a day.
TEST_F(IndexKeeperTest, MakesAnIndexAgainOfWhichListsAreDamaged) {
  if (tables->is_on_server()) GTEST_SKIP() << "its files have lists of words";
  Search other(Rooms{*store.database, *store.log, *content, world}, directory.path() + "/other");
  other.add({.name = "thing", .version = "1", .read = [](db::Tx&, const Uuid& id) {
               return std::optional(
                   Document{.id = id, .user_id = "ann", .type = "thing", .title = "Oak"});
             }});
  other.start();
  const auto harm = [&](const char* sql) {
    const auto found = std::filesystem::directory_iterator(directory.path() + "/other");
    sqlite3* file = nullptr;
    EXPECT_EQ(sqlite3_open(found->path().c_str(), &file), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(file, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(file);
  };
  const auto total = [&] {
    test::Started<Result<Found>> asked(*executor);
    asked.add(other.find("ann", {.items = *parse_query("oak", {})}));
    pass(200ms);
    const auto answer = asked.wait()[0];
    return answer ? answer->total.value_or(-1) : -2;
  };
  append(30);
  pass(5s);
  EXPECT_EQ(total(), 30);
  harm("UPDATE terms_data SET block = zeroblob(length(block)) WHERE id > 10");
  // FTS5 takes what it can read for all.
  EXPECT_NE(total(), 30);
  pass(3s);
  EXPECT_EQ(total(), 30);
  EXPECT_EQ(other.progress().error, "");

  // Nobody is asking.
  harm("UPDATE terms_data SET block = zeroblob(length(block)) WHERE id > 10");
  world.pass(6min);
  pass(3s);
  EXPECT_EQ(total(), 30);
  pass(3s);
  harm("DELETE FROM terms_docsize WHERE id = (SELECT min(id) FROM terms_docsize)");
  const auto file = std::filesystem::directory_iterator(directory.path() + "/other")->path();
  const auto sizes = [&] {
    sqlite3* db = nullptr;
    sqlite3_stmt* statement = nullptr;
    sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_prepare_v2(db, "SELECT count(*) FROM terms_docsize", -1, &statement, nullptr);
    sqlite3_step(statement);
    const auto count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return count;
  };
  EXPECT_EQ(sizes(), 29);
  for (int i = 0; i < 5; ++i) {
    world.pass(2min);
    pass(1s);
  }
  EXPECT_EQ(sizes(), 30);
  other.stop();
}

// At once where somebody writes, and within a minute where nobody does.
TEST_F(IndexKeeperTest, MakesAnIndexAgainOfWhichAFileIsRemovedOrReplaced) {
  if (tables->is_on_server()) GTEST_SKIP() << "it has no file";
  pass(1s);
  append(30);
  pass(1s);
  const auto file = std::filesystem::directory_iterator(directory.path() + "/search")->path();
  const auto path = file.parent_path() /
                    file.filename().string().substr(0, file.filename().string().find(".db") + 3);
  const auto is_a_database = [&] {
    std::ifstream stream(path, std::ios::binary);
    std::string head(15, ' ');
    stream.read(head.data(), 15);
    return head == "SQLite format 3";
  };
  const std::vector<std::function<void()>> harms = {
      [&] { std::filesystem::remove(path); },
      [&] { std::filesystem::remove(path.string() + "-wal"); },
      [&] {
        std::filesystem::remove(path);
        std::ofstream(path) << "another";
      }};
  for (const auto& harm : harms) {
    for (const bool writes : {true, false}) {
      harm();
      testing::internal::CaptureStderr();
      if (writes) append(1);
      pass(writes ? 3s : 65s);
      const auto told = testing::internal::GetCapturedStderr();
      EXPECT_NE(told.find("the search index is damaged: it is made again"), std::string::npos);
      EXPECT_TRUE(is_a_database());
      EXPECT_TRUE(std::filesystem::exists(path.string() + "-wal"));
      EXPECT_EQ(search.lag(), 0);
      EXPECT_EQ(search.progress().error, "");
    }
  }
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

// One that is no file: what opening it comes to, the test says.
class FormerIndexTest : public IndexKeeperTest {
 protected:
  struct Place;
  struct OneIndex final : IndexFile {
    OneIndex(std::shared_ptr<db::Engine> engine, Place& of, std::string called)
        : IndexFile(std::move(engine), {}), place(of), name(std::move(called)) {}
    static Result<std::unique_ptr<db::Engine>> make(const std::string& path, World& world) {
      return open_database(path, world);
    }
    Task<Result<>> load() override {
      if (name == "old" && place.error) co_return fail(*place.error);
      kept({.is_complete = name == "old"});
      co_return Result<>{};
    }
    Task<Result<>> apply(std::vector<Change>, Checkpoint to) override {
      if (place.is_held) co_return fail(Code::kServiceUnavailable, "It is held");
      kept(to);
      co_return Result<>{};
    }
    Place& place;
    const std::string name;
  };
  struct Place final : IndexPlace {
    std::string name_of(std::string_view version) const override { return std::string(version); }
    bool is_readable(const std::string&) const override { return true; }
    Task<Result<>> prepare() override { co_return Result<>{}; }
    Task<Result<std::vector<std::string>>> names() override { co_return there; }
    Result<std::unique_ptr<IndexFile>> open(const std::string& name) override {
      if (std::ranges::find(there, name) == there.end()) there.push_back(name);
      return std::make_unique<OneIndex>(engine, *this, name);
    }
    Task<Result<>> remove(std::string name) override {
      std::erase(there, name);
      co_return Result<>{};
    }
    Task<Result<std::optional<Checkpoint>>> checkpoint_of(std::string) override {
      co_return std::nullopt;
    }

    std::shared_ptr<db::Engine> engine;
    std::vector<std::string> there = {"old"};
    std::optional<Error> error;  // of opening the old one
    bool is_held = true;         // nothing is written into the new one
  };

  // From which index is answered; and which are there.
  std::string seen() {
    const auto serving = keeper.serving();
    auto all = serving == nullptr ? "none" : dynamic_cast<OneIndex&>(*serving).name;
    all += " of";
    for (const auto& name : place->there) all += " " + name;
    return all;
  }

  std::shared_ptr<Place> place = [&] {
    auto made = std::make_shared<Place>();
    made->engine = std::move(*OneIndex::make(directory.path() + "/one.db", world));
    return made;
  }();
  std::vector<Kind> kinds;
  IndexKeeper keeper{Rooms{*store.database, *store.log, *content, world},
                     kinds,
                     {.place = place, .version = [] { return "new"; }, .subject = "it"}};
  Background background{*executor};
};

TEST_F(FormerIndexTest, IsOpenedAgainWhereThatFailedForAMoment) {
  place->error = Error{Code::kServiceUnavailable, "It is locked", nullptr, Fault::kBusy};
  background.begin(keeper.run(background.token()));
  pass(2s);
  EXPECT_EQ(seen(), "none of old new");
  EXPECT_EQ(keeper.progress().error, "It is locked");
  place->error.reset();
  pass(5s);
  EXPECT_EQ(seen(), "old of old new");
  place->is_held = false;
  pass(60s);
  EXPECT_EQ(seen(), "new of new");
  background.stop();
}

TEST_F(FormerIndexTest, IsRemovedWhereItIsDamaged) {
  place->error = Error{Code::kInternalServerError, "It is none", nullptr, Fault::kDamaged};
  background.begin(keeper.run(background.token()));
  pass(500ms);
  EXPECT_EQ(seen(), "new of new");
  background.stop();
}

TEST_F(FormerIndexTest, StaysWhereItCannotBeOpenedUntilTheNewOneIsComplete) {
  place->error = Error{Code::kInternalServerError, "It may not be read"};
  background.begin(keeper.run(background.token()));
  pass(70s);
  EXPECT_EQ(seen(), "new of old new");
  place->is_held = false;
  pass(70s);
  EXPECT_EQ(seen(), "new of new");
  background.stop();
}

}  // namespace
}  // namespace synap::search

#include "features/searching/searching.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "features/feature_test.h"
#include "features/notes/notes.h"

namespace synap::features::projects {
void add(const Rooms& rooms);
}
namespace synap::features::tasks {
void add(const Rooms& rooms);
}

namespace synap::features::searching {
namespace {

// A kind of which there is nothing, but for whose sake indexes are others.
std::string further_kind;

class SearchingTest : public FeatureTest {
 protected:
  SearchingTest()
      : FeatureTest([](const Rooms& rooms) {
          notes::add(rooms);
          projects::add(rooms);
          tasks::add(rooms);
          if (!further_kind.empty()) {
            rooms.search.add({.name = further_kind,
                              .version = "1",
                              .read = [](db::Tx&, const Uuid&) { return std::nullopt; }});
          }
          add(rooms);
        }) {
    search->start();
  }
  ~SearchingTest() override { further_kind.clear(); }

  void start_again() {
    open();
    search->start();
  }
  static void wait_until(const std::function<bool()>& holds) {
    const auto end = SteadyClock::now() + std::chrono::seconds(20);
    while (!holds() && SteadyClock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_TRUE(holds());
  }
  void wait_for_index() {
    const auto end = log->end().value();
    auto wait = [&]() -> Task<void> { co_await search->indexed().wait_past(end - 1); };
    sync_wait(executor, wait());
  }
  std::string make(std::string_view path, Json::Object fields, std::string user = "ann") {
    const auto made = call(path, Json(std::move(fields)), std::move(user));
    EXPECT_TRUE(made) << made.error().message;
    wait_until_idle();
    return made->find("entityId")->as_string();
  }
  std::string note(std::string text, std::string user = "ann") {
    return make("notes.create", {{"content", std::move(text)}}, std::move(user));
  }
  Result<Json> look(std::string_view q, Json::Object more = {}, std::string user = "ann") {
    wait_for_index();
    more.emplace_back("q", q);
    return call("search.query", Json(std::move(more)), std::move(user));
  }
  // The titles, or what was wrong.
  std::string found(std::string_view q, Json::Object more = {}, std::string user = "ann") {
    const auto answer = look(q, std::move(more), std::move(user));
    if (!answer) return answer.error().message;
    std::string all;
    for (const auto& hit : answer->find("hits")->as_array()) {
      all += (all.empty() ? "" : ", ") + hit.find("title")->as_string();
    }
    return all;
  }
  // Those that are answered from: files, or on a server some tables each.
  std::vector<std::string> indexes() {
    if (store->is_on_server()) return indexes_in_database();
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/search")) {
      if (entry.path().extension() == ".db") paths.push_back(entry.path().string());
    }
    return paths;
  }
  std::vector<std::string> indexes_in_database() {
    return *sync_wait(executor, [&]() -> Task<Result<std::vector<std::string>>> {
      co_return co_await database->read([](db::Tx& tx) {
        std::vector<std::string> tables;
        {
          auto rows = tx.query(
              "SELECT name FROM sqlite_master WHERE name LIKE 'state_search_%' ORDER BY name");
          while (rows.next()) tables.push_back(rows.text(0));
        }
        std::erase_if(tables, [&](const std::string& table) {
          auto rows = tx.query("SELECT 1 FROM " + table);
          return !rows.next();
        });
        return tables;
      });
    }());
  }
  // What becomes of an index that somebody has been at.
  std::vector<std::function<void()>> harms() {
    const auto one = indexes().at(0);
    const auto damage = [one] {
      std::fstream stream(one, std::ios::binary | std::ios::in | std::ios::out);
      stream.seekp(4'096);  // behind what SQLite knows the file by
      stream << std::string(64'000, 'x');
    };
    const auto drop = [this, one](std::vector<std::string> tables) {
      const auto engine = store->open_aside();
      sync_wait(executor, [&]() -> Task<void> {
        const auto dropped = co_await engine->write([&](db::Tx& tx) {
          for (const auto& table : tables) tx.run("DROP TABLE " + table + one.substr(5));
        });
        EXPECT_TRUE(dropped);
      }());
    };
    if (!store->is_on_server()) {
      return {[one] { std::filesystem::remove(one); },
              [one] { std::ofstream(one) << "no database"; }, damage};
    }
    return {[drop] { drop({"terms"}); },
            [drop] {
              drop({"documents", "terms", "vocabulary", "buckets", "users", "languages", "state"});
            }};
  }
};

TEST_F(SearchingTest, FindsNotesByTheirTextsAndTags) {
  EXPECT_EQ(found("oak"), "");
  note("# Garden\n\nThe old oak is running out of water.");
  make("notes.create", {{"content", "Elm"},
                        {"tags", Json::Array{"Home"}},
                        {"properties", Json::object({{"author", "Grimm"}})}});
  EXPECT_EQ(found("oak"), "Garden");
  EXPECT_EQ(found("run"), "Garden");
  EXPECT_EQ(found("grimm"), "Elm");
  EXPECT_EQ(found("", {{"tags", Json::Array{"home"}}}),
            "q, character 1: there is no word to look for");
  EXPECT_EQ(found("tag:home"), "Elm");
  EXPECT_EQ(found("elm", {{"tags", Json::Array{"home"}}}), "Elm");
  EXPECT_EQ(found("oak", {{"tags", Json::Array{"home"}}}), "");
}

TEST_F(SearchingTest, ShowsWhereItIs) {
  const auto id = note("# Garden\n\nThe old oak.");
  const auto answer = look("oak");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find("total")->as_integer(), 1);
  EXPECT_EQ(answer->find("lag")->as_integer(), 0);
  EXPECT_FALSE(answer->find("partial")->as_bool());
  const auto& hit = answer->find("hits")->as_array().at(0);
  EXPECT_EQ(hit.find("entityId")->as_string(), id);
  EXPECT_EQ(hit.find("entityType")->as_string(), "note");
  EXPECT_EQ(hit.find("snippet")->dump(),
            R"([{"text":"# Garden The old ","match":false},{"text":"oak","match":true},)"
            R"({"text":".","match":false}])");
}

TEST_F(SearchingTest, FollowsUpdatesAndDeletions) {
  const auto id = note("oak");
  EXPECT_EQ(found("oak"), "oak");
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "elm"}})));
  EXPECT_EQ(found("oak"), "");
  EXPECT_EQ(found("elm"), "elm");
  ASSERT_TRUE(done("notes.update", input(id, {{"tags", Json::Array{"home"}}})));
  EXPECT_EQ(found("tag:home elm"), "elm");
  ASSERT_TRUE(done("notes.delete", input(id)));
  EXPECT_EQ(found("elm"), "");
}

TEST_F(SearchingTest, FindsTasksOfAProject) {
  const auto of = [](std::string_view project) {
    return Json::Object{{"filters", Json::object({{"project", project}})}};
  };
  const auto garden = make("projects.create", {{"title", "Garden"}});
  const auto forest = make("projects.create", {{"title", "Forest"}});
  const auto one = make("tasks.create", {{"title", "Water the oak"}, {"projectId", garden}});
  make("tasks.create", {{"title", "Fell the oak"}, {"projectId", forest}});
  make("tasks.create", {{"title", "Draw an oak"}});
  EXPECT_EQ(found("oak", of(garden)), "Water the oak");
  EXPECT_EQ(found("oak", of(forest)), "Fell the oak");
  EXPECT_EQ(found("oak", of("01890a5d-ac96-774b-bcce-b302099a8057")), "");
  ASSERT_TRUE(done("tasks.update", input(one, {{"projectId", forest}})));
  EXPECT_EQ(found("oak", of(garden)), "");
}

TEST_F(SearchingTest, FindsTasksByFieldsOfTheirOwn) {
  const auto id = make("tasks.create", {{"title", "Water the oak"}, {"description", "Every day"}});
  note("Oak");
  EXPECT_EQ(found("every"), "Water the oak");
  EXPECT_EQ(found("oak", {{"types", Json::Array{"task"}}}), "Water the oak");
  EXPECT_EQ(found("oak type:note"), "Oak");
  EXPECT_EQ(found("oak status:open"), "Water the oak");
  ASSERT_TRUE(done("tasks.complete", input(id)));
  EXPECT_EQ(found("oak status:open"), "");
  EXPECT_EQ(found("oak", {{"filters", Json::object({{"status", "done"}})}}), "Water the oak");
  EXPECT_EQ(found("oak", {{"filters", Json::object({{"from", "2999-01-01"}})}}), "");
  EXPECT_EQ(found("water", {{"filters", Json::object({{"from", "2020-01-01"}})}}), "Water the oak");
}

TEST_F(SearchingTest, ShowsNothingOfOthers) {
  note("oak", "bob");
  EXPECT_EQ(found("oak"), "");
  EXPECT_EQ(found("oak", {}, "bob"), "oak");
  EXPECT_EQ(call("search.suggest", Json::object({{"prefix", "o"}}))->dump(),
            R"({"suggestions":[]})");
  EXPECT_EQ(call("search.status", Json::object())->find("documents")->as_integer(), 0);
}

TEST_F(SearchingTest, SuggestsTitles) {
  note("Old oak");
  note("Ölbaum");
  wait_for_index();
  const auto answer = call("search.suggest", Json::object({{"prefix", "OL"}}));
  ASSERT_TRUE(answer);
  std::string all;
  for (const auto& one : answer->find("suggestions")->as_array()) {
    all += one.find("title")->as_string() + ";";
  }
  EXPECT_EQ(all, "Ölbaum;Old oak;");
}

TEST_F(SearchingTest, RefusesWhatItCannotAnswer) {
  const auto wrong = look("oak \"elm");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kBadRequest);
  EXPECT_EQ(wrong.error().details->dump(), R"({"reason":"SEARCH_SYNTAX","position":4})");
  EXPECT_EQ(found("oak", {{"types", Json::Array{"nothing"}}}),
            "types: \"nothing\" is none that is searched; these are note, project, task");
  EXPECT_EQ(look("oak", {{"mode", "magic"}}).error().code, Code::kBadRequest);
  for (const auto* cursor :
       {"", "x", "00000000000000001g", "7ff80000000000001", "zzzzzzzzzzzzzzzz1", "h", "h00000001",
        "h000000010000000000000000", "s0000000g00000000000000001"}) {
    EXPECT_EQ(found("oak", {{"cursor", cursor}}), "cursor: it is none of search.query") << cursor;
  }
  EXPECT_EQ(look(std::string(1'001, 'x')).error().code, Code::kBadRequest);
  EXPECT_EQ(look(std::string(1 << 20, 'x')).error().code, Code::kBadRequest);
}

TEST_F(SearchingTest, RefusesTypesAndStatusesThatThereAreNotWithWhere) {
  EXPECT_EQ(found("oak type:nothing"),
            "q, character 5: \"nothing\" is none that is searched; these are note, project, task");
  EXPECT_EQ(found("oak -type:book").substr(0, 26), "q, character 5: \"book\" is ");
  EXPECT_EQ(found("oak status:finished").substr(0, 63),
            "q, character 5: \"finished\" is none that is searched; these are ");
  EXPECT_EQ(found("oak", {{"filters", Json::object({{"status", "finished"}})}}).substr(0, 27),
            "filters.status: \"finished\" ");
  EXPECT_EQ(found("oak type:NOTE status:Open"), "");
}

TEST_F(SearchingTest, TellsFiltersThatNothingPasses) {
  note("oak");
  const auto notices = [&](std::string_view q, Json::Object more = {}) {
    const auto answer = look(q, std::move(more));
    return answer ? answer->find("notices")->dump() : answer.error().message;
  };
  EXPECT_EQ(notices("oak"), "[]");
  EXPECT_EQ(notices("elm"), "[]");
  EXPECT_EQ(notices("oak tag:hom"), R"(["Nothing of yours has the tag \"hom\""])");
  EXPECT_EQ(notices("oak -tag:hom"), "[]");
  EXPECT_EQ(notices("oak status:open type:note"),
            R"(["Nothing of yours has the status \"open\""])");
  EXPECT_EQ(notices("oak", {{"types", Json::Array{"task", "note"}}}), "[]");
  EXPECT_EQ(notices("oak", {{"types", Json::Array{"task"}},
                            {"filters",
                             Json::object({{"project", "01890a5d-ac96-774b-bcce-b302099a8057"}})}}),
            R"(["Nothing of yours is for the project 01890a5d-ac96-774b-bcce-b302099a8057",)"
            R"("Nothing of yours is of the type \"task\""])");
  note("elm\n\n#home");
  EXPECT_EQ(notices("elm tag:HOME"), "[]");
}

TEST_F(SearchingTest, FindsValuesOfPropertiesAndNotTheirNames) {
  make("notes.create", {{"content", "Elm"}, {"properties", Json::object({{"author", "Grimm"}})}});
  EXPECT_EQ(found("grimm"), "Elm");
  EXPECT_EQ(found("author"), "");
}

TEST_F(SearchingTest, GivesPages) {
  for (int i = 0; i < 5; ++i) note("oak " + std::to_string(i));
  std::string all;
  Json::Object more = {{"limit", 2}};
  for (int page = 0; page < 4; ++page) {
    const auto answer = look("oak", more);
    ASSERT_TRUE(answer);
    for (const auto& hit : answer->find("hits")->as_array()) {
      all += hit.find("title")->as_string() + ";";
    }
    const Json* next = answer->find("nextCursor");
    if (next == nullptr) break;
    more = {{"limit", 2}, {"cursor", *next}};
  }
  EXPECT_EQ(all, "oak 4;oak 3;oak 2;oak 1;oak 0;");
}

TEST_F(SearchingTest, GoesOnWhereItWas) {
  note("oak");
  EXPECT_EQ(found("oak"), "oak");
  search->stop();
  note("oak two");
  start_again();
  EXPECT_EQ(found("oak"), "oak, oak two");
  EXPECT_EQ(indexes().size(), 1U);
}

TEST_F(SearchingTest, IsMadeAgainWhereItIsMissingOrDamaged) {
  note("oak");
  EXPECT_EQ(found("oak"), "oak");
  const auto before = indexes();
  for (const auto& harm : harms()) {
    close();
    harm();
    start_again();
    EXPECT_EQ(found("oak"), "oak");
    EXPECT_EQ(indexes(), before);
  }
}

// While it is answered from: whoever looks, or writes, finds it so.
TEST_F(SearchingTest, IsMadeAgainWhereTablesAreTakenAway) {
  if (!store->is_on_server()) GTEST_SKIP() << "a file that is open stays";
  note("oak");
  EXPECT_EQ(found("oak"), "oak");
  harms().at(0)();
  EXPECT_EQ(look("oak").error().code, Code::kServiceUnavailable);
  wait_until([&] {
    const auto answer = look("oak");
    return answer && answer->find("hits")->as_array().size() == 1;
  });
}

TEST_F(SearchingTest, IsMadeAgainWhereItsDescriptionChanged) {
  const auto id = note("oak");
  note("elm");
  EXPECT_EQ(found("oak"), "oak");
  const auto before = indexes();
  close();
  further_kind = "tree";
  start_again();
  EXPECT_EQ(found("oak"), "oak");
  ASSERT_TRUE(done("notes.delete", input(id)));
  EXPECT_EQ(found("oak"), "");
  EXPECT_EQ(found("elm"), "elm");
  EXPECT_EQ(indexes().size(), 1U);
  EXPECT_NE(indexes(), before);
}

// As after a backup was put back: the index is ahead of the log, or of another one.
TEST_F(SearchingTest, IsMadeAgainForAnotherLog) {
  note("oak");
  EXPECT_EQ(found("oak"), "oak");
  close();
  store = events::TestStore::make();
  start_again();
  note("elm");
  EXPECT_EQ(found("oak"), "");
  EXPECT_EQ(found("elm"), "elm");
}

// A node that does not lead answers from what the other writes.
TEST_F(SearchingTest, IsReadByNodesThatDoNotWriteIt) {
  if (!store->is_on_server()) GTEST_SKIP() << "a file is nobody else's";
  search::Search other(search::Rooms{*database, *log, *content, real_world()},
                       directory.path() + "/other", {}, store->open_aside());
  for (const auto& kind : search->kinds()) other.add(kind);
  note("oak");
  EXPECT_EQ(found("oak"), "oak");
  // As a version left it whose nodes had an index each.
  std::filesystem::create_directories(directory.path() + "/other");
  const auto left = directory.path() + "/other/index-1-0123456789ab.db";
  std::ofstream(left) << "x";
  other.start();
  const auto found_there = [&](std::string_view words) -> std::size_t {
    const search::Ask ask{.text = std::string(words), .items = *search::parse_query(words, {})};
    const auto answer = sync_wait(executor, other.find("ann", ask));
    return answer ? answer->hits.size() : 0;
  };
  wait_until([&] { return found_there("oak") == 1; });
  note("oak elm");
  wait_until([&] { return found_there("elm") == 1; });
  wait_until([&] { return other.lag() == 0; });
  EXPECT_EQ(other.progress().position, log->end().value());
  EXPECT_FALSE(std::filesystem::exists(left));
  // The one that wrote it is gone, and this one leads.
  search->stop();
  other.lead();
  note("oak elm ash");
  wait_until([&] { return found_there("ash") == 1; });
  other.stop();
}

TEST_F(SearchingTest, SaysWhatIsMissing) {
  search->stop();
  EXPECT_EQ(call("search.query", Json::object({{"q", "oak"}})).error().code,
            Code::kServiceUnavailable);
  note("oak");
  EXPECT_GT(call("search.status", Json::object())->find("lag")->as_integer(), 0);
}

}  // namespace
}  // namespace synap::features::searching

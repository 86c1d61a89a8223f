#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "embedding/test_embedders.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/searching/searching.h"

namespace synap::features::tasks {
void add(const Rooms& rooms);
}

namespace synap::features::searching {
namespace {

using embedding::test::SubjectEmbedders;
using namespace std::chrono_literals;

class MeaningTest : public FeatureTest {
 protected:
  explicit MeaningTest(
      std::shared_ptr<SubjectEmbedders> made = std::make_shared<SubjectEmbedders>(),
      std::chrono::milliseconds patience = 10s)
      : FeatureTest(
            [](const Rooms& rooms) {
              notes::add(rooms);
              tasks::add(rooms);
              add(rooms);
            },
            search::MeaningOptions{.embedders = made, .patience = patience, .look_interval = 5ms}),
        embedders(std::move(made)) {
    search->start();
  }
  // Nobody waits for a held text at the end.
  ~MeaningTest() override { embedders->behaviour->release(); }

  embedding::test::Behaviour& behaviour() { return *embedders->behaviour; }

  void start_again() {
    open();
    search->start();
  }
  static void wait_until(const std::function<bool()>& holds) {
    const auto end = SteadyClock::now() + 20s;
    while (!holds() && SteadyClock::now() < end) std::this_thread::sleep_for(2ms);
    EXPECT_TRUE(holds());
  }
  void wait_for_words() {
    const auto end = log->end().value();
    auto wait = [&]() -> Task<void> { co_await search->indexed().wait_past(end - 1); };
    sync_wait(executor, wait());
  }
  void wait_for_meanings() {
    const auto end = log->end().value();
    wait_until([&] { return search->meanings()->indexed() >= end; });
    wait_for_words();
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
  // Of both indexes as they are now.
  Result<Json> ask(std::string_view q, Json::Object more = {}, std::string user = "ann") {
    more.emplace_back("q", q);
    return call("search.query", Json(std::move(more)), std::move(user));
  }
  Result<Json> look(std::string_view q, Json::Object more = {}, std::string user = "ann") {
    wait_for_words();
    wait_for_meanings();
    return ask(q, std::move(more), std::move(user));
  }
  static std::string titles(const Result<Json>& answer) {
    if (!answer) return answer.error().message;
    std::string all;
    for (const auto& hit : answer->find("hits")->as_array()) {
      all += (all.empty() ? "" : ", ") + hit.find("title")->as_string();
    }
    return all;
  }
  static std::string next_of(const Result<Json>& answer) {
    return answer ? std::string(answer->string_or("nextCursor", "")) : answer.error().message;
  }
  static std::string mode(const Result<Json>& answer) {
    if (!answer) return answer.error().message;
    return fmt::format("{}: {}", answer->string_or("mode", "?"),
                       answer->string_or("modeReason", ""));
  }
  std::string found(std::string_view q, Json::Object more = {}, std::string user = "ann") {
    return titles(look(q, std::move(more), std::move(user)));
  }
  std::string meant(std::string_view q, Json::Object more = {}, std::string user = "ann") {
    more.emplace_back("mode", "semantic");
    return found(q, std::move(more), std::move(user));
  }
  Json meaning_status() { return *call("search.status", Json::object())->find("meaning"); }
  std::string similar(const std::string& id, std::string user = "ann") {
    wait_for_words();
    wait_for_meanings();
    return titles(call("search.similar", Json::object({{"entityId", id}}), std::move(user)));
  }
  // Those that are answered from: files, or on a server some tables each, by their names.
  std::vector<std::string> indexes() {
    if (store->is_on_server()) return tables_of("state");
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/search")) {
      const auto name = entry.path().filename().string();
      if (name.starts_with("meaning-") && name.ends_with(".db")) paths.push_back(entry.path());
    }
    return paths;
  }
  // "passages_meaning_1_...", of each that somebody is to answer from.
  std::vector<std::string> tables_of(const std::string& table) {
    return *sync_wait(executor, [&]() -> Task<Result<std::vector<std::string>>> {
      co_return co_await database->read([&](db::Tx& tx) {
        std::vector<std::string> names;
        {
          auto rows = tx.query("SELECT name FROM sqlite_master WHERE name LIKE 'state_meaning_%'");
          while (rows.next()) names.push_back(rows.text(0));
        }
        std::erase_if(names, [&](const std::string& name) {
          auto rows = tx.query("SELECT 1 FROM " + name);
          return !rows.next();
        });
        constexpr std::size_t kState = 5;
        for (auto& name : names) name.replace(0, kState, table);
        return names;
      });
    }());
  }
  void run(const std::vector<std::string>& statements) {
    const auto engine = store->open_aside();
    sync_wait(executor, [&]() -> Task<void> {
      const auto done = co_await engine->write([&](db::Tx& tx) {
        for (const auto& statement : statements) tx.run(statement);
      });
      EXPECT_TRUE(done) << done.error().message;
    }());
  }
  static constexpr std::array kTables = {"documents", "passages", "made", "users",
                                         "gone",      "about",    "state"};
  // What is stored now of the index, as a process leaves it that is killed then; and puts it back.
  std::function<void()> taken_copy() {
    if (!store->is_on_server()) {
      const auto left = directory.path() + "/left";
      std::filesystem::copy(directory.path() + "/search", left);
      return [this, left] {
        std::filesystem::remove_all(directory.path() + "/search");
        std::filesystem::rename(left, directory.path() + "/search");
      };
    }
    std::vector<std::string> copy;
    std::vector<std::string> back;
    for (const auto* table : kTables) {
      const auto name = tables_of(table).at(0);
      copy.push_back("CREATE TABLE left_" + name + " AS SELECT * FROM " + name);
      back.push_back("DELETE FROM " + name);
      back.push_back("INSERT INTO " + name + " SELECT * FROM left_" + name);
    }
    run(copy);
    return [this, back] { run(back); };
  }
  // What becomes of an index that somebody has been at.
  std::vector<std::function<void()>> harms() {
    const auto one = indexes().at(0);
    if (store->is_on_server()) {
      std::vector<std::string> drops;
      for (const auto* table : kTables) drops.push_back("DROP TABLE " + tables_of(table).at(0));
      const auto passages = tables_of("passages").at(0);
      return {[this, passages] { run({"DROP TABLE " + passages}); }, [this, drops] { run(drops); },
              [this, passages] { run({"UPDATE " + passages + " SET vector = '\\x00'"}); }};
    }
    const auto damage = [one] {
      std::fstream stream(one, std::ios::binary | std::ios::in | std::ios::out);
      stream.seekp(4'096);
      stream << std::string(64'000, 'x');
    };
    return {[one] { std::filesystem::remove(one); }, [one] { std::ofstream(one) << "no database"; },
            damage};
  }

  const std::shared_ptr<SubjectEmbedders> embedders;
};

TEST_F(MeaningTest, IsInTheAccountOfWhoseTextItIsAndOfWhoAsks) {
  note("My kitty sleeps");
  note("A loaf of bread", "bob");
  ASSERT_TRUE(look("pet", {}, "bob"));
  const auto all = behaviour().noted();
  const auto of = [&](std::string_view user, std::string_view key, bool is_only_counted) {
    return std::ranges::count_if(all, [&](const embedding::Payer& one) {
      return one.user_id == user && one.key_id == key && one.is_only_counted == is_only_counted;
    });
  };
  EXPECT_EQ(of("ann", "", true), 1);
  EXPECT_EQ(of("bob", "", true), 1);
  EXPECT_EQ(of("bob", "key", false), 1);
  EXPECT_EQ(all.size(), 3U);
}

TEST_F(MeaningTest, WordsAnswerWhoHasNoBudgetLeftAndItsTextsAreIndexedAllTheSame) {
  behaviour().has_no_budget = true;
  const auto id = note("My kitty sleeps");
  auto found = look("kitty");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->string_or("mode", ""), "text");
  EXPECT_EQ(found->string_or("modeReason", ""), "the budget is used up");
  EXPECT_EQ(found->find("hits")->as_array().size(), 1U);
  behaviour().has_no_budget = false;
  found = look("pet");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->string_or("mode", ""), "hybrid");
  ASSERT_EQ(found->find("hits")->as_array().size(), 1U);
  EXPECT_EQ(found->find("hits")->as_array()[0].string_or("entityId", ""), id);
}

TEST_F(MeaningTest, FindsWhatIsMeantInOtherWords) {
  note("The cat sleeps");
  note("Repairing a bicycle");
  note("Flour and salt for bread");
  const auto answer = look("kitty");
  EXPECT_EQ(titles(answer), "The cat sleeps");
  EXPECT_EQ(mode(answer), "hybrid: ");
  const auto& hit = answer->find("hits")->as_array().at(0);
  EXPECT_EQ(hit.find("scores")->find("text")->as_number(), 0);
  EXPECT_GT(hit.find("scores")->find("semantic")->as_number(), 0.5);
  EXPECT_EQ(hit.find("score")->as_number(), hit.find("scores")->find("semantic")->as_number());
  EXPECT_EQ(hit.string_or("passage", ""), "The cat sleeps");
  EXPECT_EQ(found("kitty", {{"mode", "text"}}), "");
  EXPECT_EQ(mode(look("kitty", {{"mode", "text"}})), "text: ");
  EXPECT_EQ(mode(look("kitty", {{"mode", "semantic"}})), "semantic: ");
  EXPECT_EQ(meant("bike").substr(0, 19), "Repairing a bicycle");
}

TEST_F(MeaningTest, PutsFirstWhatWordsAndMeaningSay) {
  note("Invoice 4711 for the bicycle");
  note("About a kitty and a cat");
  note("Invoice 4712 for bread");
  EXPECT_EQ(found("4711").substr(0, 12), "Invoice 4711");
  EXPECT_EQ(found("invoice loaf").substr(0, 12), "Invoice 4712");
  const auto answer = look("invoice loaf");
  const auto& best = answer->find("hits")->as_array().at(0);
  const double text = best.find("scores")->find("text")->as_number();
  const double semantic = best.find("scores")->find("semantic")->as_number();
  EXPECT_GT(text, 0);
  EXPECT_GT(semantic, 0);
  EXPECT_NEAR(best.find("score")->as_number(), 1 - (1 - text) * (1 - semantic), 1e-6);
}

TEST_F(MeaningTest, PointsAtThePassageThatIsMeant) {
  std::string text = "# Journal\n\n";
  for (int i = 0; i < 20; ++i) text += fmt::format("Something about nothing, number {}.\n\n", i);
  text += "## Animals\n\nMy pet was ill. A cat is a pet, and ill.\n\n## Others\n\n";
  for (int i = 0; i < 40; ++i) text += "And more of this and that. ";
  note(text);
  const auto answer = look("kitty");
  ASSERT_EQ(titles(answer), "Journal");
  const auto& hit = answer->find("hits")->as_array().at(0);
  EXPECT_EQ(hit.string_or("passage", ""), "## Animals\n\nMy pet was ill. A cat is a pet, and ill.");
  EXPECT_EQ(hit.find("snippet")->dump(),
            R"([{"text":"## Animals My pet was ill. A cat is a pet, and ill.","match":false}])");
}

TEST_F(MeaningTest, FollowsUpdatesAndDeletions) {
  const auto id = note("A cat");
  EXPECT_EQ(meant("kitty"), "A cat");
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "A bicycle"}})));
  EXPECT_EQ(found("kitty"), "");
  EXPECT_EQ(found("cycling"), "A bicycle");
  ASSERT_TRUE(done("notes.delete", input(id)));
  EXPECT_EQ(meant("cycling"), "");
  EXPECT_EQ(meaning_status().find("passages")->as_integer(), 0);
}

TEST_F(MeaningTest, EmbedsOnlyWhatIsNew) {
  std::string text = "# Plan\n\n";
  for (const auto* subject : {"Bread", "Bicycle", "Kitty"}) {
    text += fmt::format("## {}\n\n", subject);
    for (int i = 0; i < 30; ++i) text += fmt::format("{} word ", subject);
    text += "\n\n";
  }
  text += "## Last\n\n";
  const auto id = note(text + "Garden.");
  wait_for_meanings();
  const int before = behaviour().embedded;
  ASSERT_TRUE(done("notes.update", input(id, {{"tags", Json::Array{"home"}}})));
  wait_for_meanings();
  EXPECT_EQ(behaviour().embedded, before);
  ASSERT_TRUE(done("notes.update", input(id, {{"content", text + "Revenue."}})));
  wait_for_meanings();
  EXPECT_EQ(behaviour().embedded, before + 1);
  EXPECT_EQ(found("income"), "Plan");
  EXPECT_EQ(found("flowers"), "");
}

TEST_F(MeaningTest, ShowsNothingOfOthers) {
  const auto mine = note("My cat");
  const auto his = note("His cat", "bob");
  EXPECT_EQ(meant("kitty"), "My cat");
  EXPECT_EQ(meant("kitty", {}, "bob"), "His cat");
  EXPECT_EQ(meant("kitty", {}, "eve"), "");
  EXPECT_EQ(similar(mine), "");
  const auto of_another = call("search.similar", Json::object({{"entityId", his}}));
  ASSERT_FALSE(of_another);
  EXPECT_EQ(of_another.error().code, Code::kNotFound);
  const auto unknown = call("search.similar", Json::object({{"entityId", Uuid::v7().to_string()}}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kNotFound);
  EXPECT_EQ(unknown.error().message, of_another.error().message);
  // What is near to a query does not depend on how much others have.
  const auto before = look("kitty")->find("hits")->dump();
  for (int i = 0; i < 5; ++i) note("Another cat", "bob");
  EXPECT_EQ(look("kitty")->find("hits")->dump(), before);
}

TEST_F(MeaningTest, FiltersWhatIsMeantToo) {
  make("notes.create", {{"content", "Cat one"}, {"tags", Json::Array{"Home"}}});
  make("notes.create", {{"content", "Cat two with bread"}});
  const auto task = make("tasks.create", {{"title", "Feed the cat"}});
  EXPECT_EQ(meant("kitty tag:home"), "Cat one");
  EXPECT_EQ(meant("kitty", {{"tags", Json::Array{"home"}}}), "Cat one");
  EXPECT_EQ(meant("kitty", {{"types", Json::Array{"task"}}}), "Feed the cat");
  EXPECT_EQ(meant("kitty type:task"), "Feed the cat");
  EXPECT_EQ(meant("kitty status:open"), "Feed the cat");
  EXPECT_EQ(meant("kitty", {{"filters", Json::object({{"status", "done"}})}}), "");
  EXPECT_EQ(meant("kitty", {{"filters", Json::object({{"from", "2999-01-01"}})}}), "");
  EXPECT_EQ(meant("kitty type:note", {{"filters", Json::object({{"from", "2020-01-01"}})}}).size(),
            std::string("Cat one, Cat two with bread").size());
  EXPECT_EQ(meant("kitty \"two with\""), "Cat two with bread");
  EXPECT_EQ(meant("kitty -one -feed"), "Cat two with bread");
  EXPECT_EQ(meant("kitty title:feed"), "Feed the cat");
  EXPECT_EQ(meant("kitty title:nothing*"), "");
  EXPECT_EQ(found("kitty -bread type:note"), "Cat one");
  ASSERT_TRUE(done("tasks.complete", input(task)));
  EXPECT_EQ(meant("kitty status:open"), "");
  EXPECT_EQ(meant("kitty status:done"), "Feed the cat");
}

// Where a rule is about more things than can be listed, the nearest alone are asked for.
TEST_F(MeaningTest, SaysThatNotAllCouldBeAskedForARule) {
  for (int i = 0; i < 6; ++i) {
    make("notes.create", {{"content", "Cat " + std::to_string(i)}, {"tags", Json::Array{"home"}}});
  }
  wait_for_words();
  wait_for_meanings();
  const auto total = [&](std::int64_t listed_max, std::size_t checked_max) {
    auto items = search::parse_query("kitty tag:home", search->fields());
    const auto found = sync_wait(executor, search->find("ann", {.text = "kitty tag:home",
                                                                .mode = search::Mode::kSemantic,
                                                                .items = *std::move(items),
                                                                .listed_max = listed_max,
                                                                .checked_max = checked_max}));
    EXPECT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->mode, search::Mode::kSemantic) << found->mode_reason;
    return std::pair(found->hits.size(), found->total);
  };
  EXPECT_EQ(total(20, 3), std::pair(std::size_t{6}, std::optional<std::int64_t>(6)));
  EXPECT_EQ(total(5, 20), std::pair(std::size_t{6}, std::optional<std::int64_t>(6)));
  EXPECT_EQ(total(5, 3), std::pair(std::size_t{3}, std::optional<std::int64_t>()));
}

TEST_F(MeaningTest, LooksForFiltersAloneByWords) {
  make("notes.create", {{"content", "Cat"}, {"tags", Json::Array{"home"}}});
  const auto answer = look("tag:home", {{"mode", "semantic"}});
  EXPECT_EQ(titles(answer), "Cat");
  EXPECT_EQ(mode(answer), "text: filters alone have no meaning");
}

TEST_F(MeaningTest, GivesPagesThatNeitherRepeatNorSkip) {
  for (int i = 0; i < 9; ++i) {
    note(fmt::format("{} number {}", i % 3 == 0 ? "A cat" : i % 3 == 1 ? "A kitty cat" : "Oak", i));
  }
  for (const auto* asked : {"hybrid", "semantic"}) {
    const auto whole = look("kitty number", {{"mode", asked}, {"limit", 100}});
    EXPECT_EQ(whole->find("hits")->as_array().size(), 9U) << asked;
    EXPECT_EQ(whole->find("total")->as_integer(), 9) << asked;
    std::string all;
    Json::Object more = {{"limit", 2}};
    for (int page = 0; page < 9; ++page) {
      auto next = more;
      next.emplace_back("mode", asked);
      const auto answer = look("kitty number", next);
      ASSERT_TRUE(answer) << answer.error().message;
      all += (all.empty() ? "" : ", ") + titles(answer);
      const Json* cursor = answer->find("nextCursor");
      if (cursor == nullptr) break;
      more = {{"limit", 2}, {"cursor", *cursor}};
    }
    EXPECT_EQ(all, titles(whole)) << asked;
  }
  const auto cursor = next_of(look("kitty", {{"limit", 1}}));
  EXPECT_EQ(look("kitty", {{"mode", "text"}, {"cursor", cursor}}).error().code, Code::kBadRequest);
}

TEST_F(MeaningTest, FindsWhatIsSimilar) {
  const auto id = note("A cat and a kitty");
  note("The pet");
  make("tasks.create", {{"title", "Feed the cat"}});
  note("Revenue of bread");
  const auto all = similar(id);
  EXPECT_EQ(all.find("A cat and a kitty"), all.npos);
  EXPECT_LT(all.find("The pet"), all.find("Revenue of bread"));
  const auto tasks =
      call("search.similar", Json::object({{"entityId", id}, {"types", Json::Array{"task"}}}));
  EXPECT_EQ(titles(tasks), "Feed the cat");
  const auto one = call("search.similar", Json::object({{"entityId", id}, {"limit", 1}}));
  EXPECT_EQ(one->find("hits")->as_array().size(), 1U);
  EXPECT_EQ(
      call("search.similar", Json::object({{"entityId", id}, {"types", Json::Array{"nothing"}}}))
          .error()
          .code,
      Code::kBadRequest);
}

TEST_F(MeaningTest, AnswersByWordsWhereThereIsNoModel) {
  const auto id = note("A cat");
  wait_for_meanings();
  embedders->set({});
  wait_until([&] { return meaning_status().string_or("status", "") == "none"; });
  const auto answer = ask("cat", {{"mode", "semantic"}});
  EXPECT_EQ(titles(answer), "A cat");
  EXPECT_EQ(mode(answer), "text: there is no sentence model");
  EXPECT_EQ(mode(ask("cat")), "text: ");
  EXPECT_EQ(call("search.similar", Json::object({{"entityId", id}})).error().code,
            Code::kPreconditionFailed);
  EXPECT_EQ(meaning_status().string_or("error", ""), "there is no sentence model");
  // And by both again, without a start.
  embedders->set({"subjects"});
  wait_until([&] { return mode(ask("cat")) == "hybrid: "; });
}

// Behind the name of a provider's model there may be another one tomorrow.
TEST_F(MeaningTest, TakesNoVectorsOfAnotherModelThanHasAnsweredFirst) {
  behaviour().answer_as("one");
  note("A cat");
  EXPECT_EQ(mode(look("kitty", {{"mode", "semantic"}})), "semantic: ");
  behaviour().answer_as("two");
  const auto says_both = [](std::string_view text) {
    return text.find("were made by one, and now two answers") != text.npos;
  };
  const auto answer = ask("cat pet", {{"mode", "semantic"}});
  EXPECT_EQ(titles(answer), "A cat");
  EXPECT_TRUE(mode(answer).starts_with("text: ") && says_both(mode(answer))) << mode(answer);
  // Each question would be paid, and have the same answer.
  const int asked = behaviour().embedded;
  EXPECT_TRUE(says_both(mode(ask("a dog", {{"mode", "semantic"}}))));
  EXPECT_EQ(behaviour().embedded, asked);
  EXPECT_TRUE(says_both(meaning_status().string_or("error", ""))) << meaning_status().dump();
  EXPECT_EQ(meaning_status().string_or("status", ""), "failing");
  // The index does not take it either, and a start does not forget it.
  start_again();
  note("A bicycle");
  wait_until([&] {
    const auto status = meaning_status();
    return status.find("lag")->as_integer() > 0 && says_both(status.string_or("error", ""));
  });
  EXPECT_EQ(search->meanings()->embedded(), 0);
  behaviour().answer_as("one");
  EXPECT_EQ(meant("cycling").substr(0, 9), "A bicycle");
  EXPECT_EQ(mode(ask("kitty", {{"mode", "semantic"}})), "semantic: ");
  EXPECT_EQ(meaning_status().string_or("error", ""), "");
  // By another name all is embedded anew, whoever answers.
  behaviour().answer_as("two");
  embedders->set({"other"});
  wait_until([&] { return meaning_status().string_or("model", "") == "other"; });
  EXPECT_EQ(meant("pet").substr(0, 5), "A cat");
  EXPECT_EQ(mode(ask("kitty", {{"mode", "semantic"}})), "semantic: ");
}

TEST_F(MeaningTest, CountsInWhichLanguagesAUsersThingsAre) {
  for (const auto* text :
       {"Der Hund und die Katze sind nicht in dem Haus",
        "Das Wetter ist heute nicht so gut wie gestern", "The cat is in the house"}) {
    note(text);
  }
  note("La maison est dans la rue et le chien aussi", "bob");
  wait_for_words();
  const auto counted = [&](const std::string& user) {
    std::string all;
    for (const auto& [language, things] : *sync_wait(executor, search->languages(user))) {
      all += fmt::format("{} {} ", things, analysis::name_of(language));
    }
    return all;
  };
  EXPECT_EQ(counted("ann"), "2 german 1 english ");
  EXPECT_EQ(counted("bob"), "1 french ");
  EXPECT_EQ(counted("eve"), "");
}

TEST_F(MeaningTest, ComparesWithTheFirstNameThatIsTold) {
  note("A cat");
  EXPECT_EQ(mode(look("kitty", {{"mode", "semantic"}})), "semantic: ");
  behaviour().answer_as("one");
  note("A bicycle");
  EXPECT_EQ(mode(look("bike", {{"mode", "semantic"}})), "semantic: ");
  behaviour().answer_as("");
  EXPECT_EQ(mode(ask("loaf", {{"mode", "semantic"}})), "semantic: ");
  behaviour().answer_as("two");
  EXPECT_TRUE(mode(ask("revenue", {{"mode", "semantic"}})).starts_with("text: another model"));
}

// The word index is not held up by the other one.
TEST_F(MeaningTest, TellsWhatIsMissingInItsIndex) {
  note("A cat");
  wait_for_meanings();
  behaviour().hold("bicycle");
  note("A bicycle");
  wait_for_words();
  wait_until([&] { return behaviour().waiting.value() > 0; });
  EXPECT_EQ(titles(ask("bicycle", {{"mode", "text"}})), "A bicycle");
  EXPECT_GT(meaning_status().find("lag")->as_integer(), 0);
  EXPECT_EQ(titles(ask("kitty", {{"mode", "semantic"}})), "A cat");
  behaviour().release();
  EXPECT_EQ(meant("cycling").substr(0, 9), "A bicycle");
  EXPECT_EQ(meaning_status().find("lag")->as_integer(), 0);
  EXPECT_EQ(meaning_status().string_or("status", ""), "live");
  EXPECT_EQ(meaning_status().string_or("place", ""),
            store->is_on_server() ? "database" : "directory");
  EXPECT_EQ(meaning_status().string_or("comparedBy", ""), "memory");
}

TEST_F(MeaningTest, SaysThatAModelMakesNoVectors) {
  note("A cat");
  wait_for_meanings();
  int count = 0;
  for (auto* wrong : {&behaviour().answers_nan, &behaviour().answers_short, &behaviour().is_down}) {
    *wrong = true;
    note(fmt::format("A bicycle, number {}", ++count));
    wait_until([&] { return meaning_status().string_or("status", "") == "failing"; });
    EXPECT_NE(meaning_status().string_or("error", ""), "");
    wait_for_words();
    const auto answer = ask(fmt::format("bicycle {}", meaning_status().string_or("error", "")));
    EXPECT_EQ(titles(answer).substr(0, 9), "A bicycle");
    EXPECT_EQ(mode(answer).substr(0, 9), "text: the") << mode(answer);
    *wrong = false;
    wait_for_meanings();
    EXPECT_EQ(found("kitty").substr(0, 5), "A cat");
  }
}

TEST_F(MeaningTest, SaysThatAModelIsDamaged) {
  note("A cat");
  wait_for_meanings();
  embedders->damage("other");
  embedders->set({"other", "subjects"});
  wait_until(
      [&] { return meaning_status().string_or("error", "") == "the model's file is damaged"; });
  const auto answer = ask("cat", {{"mode", "hybrid"}});
  EXPECT_EQ(titles(answer), "A cat");
  EXPECT_EQ(mode(answer), "text: the model's file is damaged");
}

TEST_F(MeaningTest, AnswersWithTheModelBeforeUntilTheNextIsReady) {
  const auto gone = note("An old cat");
  note("A cat");
  const auto cursor = next_of(look("kitty", {{"limit", 1}}));
  ASSERT_NE(cursor, "");
  behaviour().hold("cat");
  embedders->set({"others", "subjects"});
  wait_until([&] { return meaning_status().string_or("status", "") == "rebuilding"; });
  wait_until([&] { return behaviour().waiting.value() > 0; });
  EXPECT_EQ(titles(ask("kitty", {{"mode", "semantic"}})), "A cat, An old cat");
  EXPECT_EQ(indexes().size(), 2U);
  behaviour().release();
  wait_until([&] { return meaning_status().string_or("status", "") == "live"; });
  wait_until([&] { return meaning_status().string_or("model", "") == "others"; });
  wait_until([&] { return indexes().size() == 1; });
  EXPECT_EQ(meant("kitty"), "A cat, An old cat");
  const auto next = ask("kitty", {{"cursor", cursor}});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Code::kBadRequest);
  ASSERT_TRUE(done("notes.delete", input(gone)));
  EXPECT_EQ(meant("kitty"), "A cat");
}

TEST_F(MeaningTest, GoesOnWhereItWas) {
  note("A cat");
  wait_for_meanings();
  search->stop();
  note("A kitty");
  const int before = behaviour().embedded;
  start_again();
  EXPECT_EQ(meant("pet"), "A kitty, A cat");
  EXPECT_EQ(behaviour().embedded, before + 2);  // the new one, and the query
}

// What is on the disk while a text is embedded is what a process leaves that is killed then.
TEST_F(MeaningTest, RepeatsASliceAtMostWhereItWasKilled) {
  constexpr int kPassages = 60;
  std::string text = "# Long\n\n";
  for (int i = 0; i < kPassages; ++i) {
    text += fmt::format(
        "## Part {}\n\nThis is said of bread on day {} and of nothing else but "
        "some further words that make it long enough to be alone.\n\n",
        i, i);
  }
  behaviour().hold("Part 50");
  note(text + "## End\n\nA cat.");
  wait_until([&] { return behaviour().waiting.value() > 0; });
  const int before = behaviour().embedded;
  EXPECT_GE(before, 40);
  const auto put_back = taken_copy();
  behaviour().release();
  wait_for_meanings();
  const int whole = behaviour().embedded;
  EXPECT_GT(whole, kPassages);
  close();
  put_back();
  behaviour().embedded = 0;
  start_again();
  wait_for_meanings();
  constexpr int kSlice = 16;
  EXPECT_GE(behaviour().embedded, whole - before);
  EXPECT_LT(behaviour().embedded, whole - before + kSlice);
  EXPECT_EQ(meant("kitty"), "Long");
}

TEST_F(MeaningTest, IsMadeAgainWhereItIsMissingOrDamaged) {
  note("A cat");
  EXPECT_EQ(meant("kitty"), "A cat");
  for (const auto& harm : harms()) {
    close();
    harm();
    start_again();
    wait_until([&] { return meant("kitty") == "A cat"; });
  }
}

// A node that does not lead answers from what the other writes.
TEST_F(MeaningTest, IsReadByNodesThatDoNotWriteIt) {
  if (!store->is_on_server()) GTEST_SKIP() << "a file is nobody else's";
  const auto here = std::make_shared<SubjectEmbedders>();
  search::Search other(
      search::Rooms{*database, *log, *content, real_world()}, directory.path() + "/other",
      search::MeaningOptions{.embedders = here, .patience = 10s, .look_interval = 5ms},
      store->open_aside());
  for (const auto& kind : search->kinds()) other.add(kind);
  // As a version left it whose nodes had an index each.
  std::filesystem::create_directories(directory.path() + "/other");
  const auto left = directory.path() + "/other/meaning-1-subjects-64-1.db";
  std::ofstream(left) << "x";
  const auto id = note("A cat");
  other.start();
  const auto found_there = [&](std::string_view words) {
    const search::Ask ask{.text = std::string(words),
                          .mode = search::Mode::kHybrid,
                          .items = *search::parse_query(words, {})};
    const auto answer = sync_wait(executor, other.find("ann", ask));
    if (!answer) return answer.error().message;
    if (answer->mode != search::Mode::kHybrid) return answer->mode_reason;
    std::string all = answer->mode_reason;
    for (const auto& hit : answer->hits) all += hit.title + ";";
    return all;
  };
  wait_until([&] { return found_there("kitty") == "A cat;"; });
  note("A bicycle");
  wait_until([&] { return found_there("cycling") == "A bicycle;"; });
  ASSERT_TRUE(done("notes.delete", input(id)));
  wait_until([&] { return found_there("kitty").empty(); });
  EXPECT_FALSE(std::filesystem::exists(left));
  // Vectors were made by the one that leads; the other's are of queries.
  EXPECT_EQ(other.meanings()->embedded(), 0);
  // Another model, at both: the one fills it, the other answers.
  const auto before = indexes();
  here->set({"others", "subjects"});
  embedders->set({"others", "subjects"});
  wait_until([&] {
    const auto state = other.meanings()->state();
    return state.model == "others" && state.index && state.index->is_complete &&
           !state.index->next_position && indexes().size() == 1 && indexes() != before;
  });
  wait_until([&] { return found_there("cycling") == "A bicycle;"; });
  EXPECT_EQ(other.meanings()->embedded(), 0);
  // The one that wrote it is gone, and this one leads.
  search->stop();
  other.lead();
  note("Baking bread");
  wait_until([&] { return found_there("loaf") == "Baking bread;"; });
  EXPECT_EQ(other.meanings()->embedded(), 1);
  other.stop();
}

TEST_F(MeaningTest, IsMadeAgainForAnotherLog) {
  note("A cat");
  EXPECT_EQ(meant("kitty"), "A cat");
  close();
  store = events::TestStore::make();
  start_again();
  note("A bicycle");
  EXPECT_EQ(found("kitty"), "");
  EXPECT_EQ(meant("cycling"), "A bicycle");
}

class SlowMeaningTest : public MeaningTest {
 protected:
  SlowMeaningTest() : MeaningTest(std::make_shared<SubjectEmbedders>(), 100ms) {}
};

TEST_F(SlowMeaningTest, AnswersByWordsWithinItsTime) {
  note("The cat of the queen");
  note("The kitty of the queen");
  wait_for_words();
  wait_for_meanings();
  // At the first search a user's vectors are read, which on a busy machine takes its time, too.
  wait_until([&] { return mode(ask("queen cat")) == "hybrid: "; });
  const auto cursor = next_of(ask("queen cat", {{"limit", 1}}));
  ASSERT_NE(cursor, "");
  behaviour().hold("queen");
  const auto begin = SteadyClock::now();
  const auto answer = ask("the queen");
  EXPECT_LT(SteadyClock::now() - begin, 5s);
  EXPECT_EQ(titles(answer), "The kitty of the queen, The cat of the queen");
  EXPECT_EQ(mode(answer), "text: the query's meaning was not known within 100 ms");
  // What began by meaning is not gone on with by words. This query's vector is remembered.
  EXPECT_EQ(mode(ask("queen cat", {{"cursor", cursor}})), "hybrid: ");
  // And what began by words goes on by words.
  const auto by_words = next_of(ask("the queen", {{"limit", 1}}));
  behaviour().release();
  const auto rest = ask("the queen", {{"limit", 1}, {"cursor", by_words}});
  EXPECT_EQ(titles(rest), "The cat of the queen");
  EXPECT_EQ(mode(rest), "text: ");
}

}  // namespace
}  // namespace synap::features::searching

// On both engines: in a file, and in tables of a database on PostgreSQL.
#include "search/index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "base/test_support.h"
#include "events/test_store.h"
#include "search/finder.h"
#include "search/fts5_terms.h"
#include "search/mix.h"
#include "search/ranking.h"
#include "search/reading.h"
#include "search/shared_index.h"

namespace synap::search {
namespace {

class IndexTest : public testing::Test {
 protected:
  IndexTest() { open(); }

  void open() {
    index.reset();
    if (engine == nullptr) {
      index = std::move(*FileIndex::open_file(path, real_world()));
    } else {
      index = std::make_unique<SharedIndex>(engine, "search_1_test");
    }
    EXPECT_TRUE(test::run(executor, [&] { return index->load(); }));
  }
  Document document(std::string_view title, std::string_view text = "") {
    return {.id = Uuid::v7(),
            .user_id = "ann",
            .type = "note",
            .title = std::string(title),
            .text = std::string(text)};
  }
  Uuid put(Document document) {
    const auto id = document.id;
    apply({{id, std::move(document)}});
    return id;
  }
  void remove(const Uuid& id) { apply({{id, std::nullopt}}); }
  void apply(std::vector<Change> changes) {
    auto done = test::run(executor, [&] { return index->apply(std::move(changes), {}); });
    EXPECT_TRUE(done);
  }
  Result<Found> look(std::string_view text, Ask ask = {}, std::string_view user = "ann") {
    auto items = parse_query(text, fields);
    if (!items) return fail(items.error());
    ask.text = text;
    ask.items = std::move(*items);
    return test::run(executor,
                     [&] { return index->read([&](IndexTx& in) { return find(in, user, ask); }); });
  }
  // The titles in their order.
  std::string found(std::string_view text, Ask ask = {}, std::string_view user = "ann") {
    const auto answer = look(text, std::move(ask), user);
    if (!answer) return answer.error().message;
    std::string all;
    for (const auto& hit : answer->hits) all += (all.empty() ? "" : ", ") + hit.title;
    return all;
  }
  std::int64_t rows_of(std::string_view sql) {
    return *test::run(executor, [&] {
      return index->read([&](IndexTx& in) {
        auto rows = in.tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }

  test::TempDirectory directory;
  const std::string path = directory.path() + "/index.db";
  ThreadExecutor executor{"test"};
  const std::unique_ptr<events::TestStore> store = events::TestStore::make();
  std::shared_ptr<db::Engine> engine = store->open_aside();  // nullptr: it is a file
  std::unique_ptr<Index> index;
  const std::vector<std::string> fields = {"tag", "type", "status"};
};

TEST_F(IndexTest, FindsWordsInAnyForm) {
  put(document("A", "She was running through the Gärten of the city."));
  put(document("B", "Der Ärger mit den Häusern ist groß."));
  EXPECT_EQ(found("run"), "A");
  EXPECT_EQ(found("GARTEN"), "A");
  EXPECT_EQ(found("arger"), "B");
  EXPECT_EQ(found("haus"), "B");
  EXPECT_EQ(found("elm"), "");
}

TEST_F(IndexTest, FindsWhatIsWrittenWithoutSpaces) {
  put(document("A", "私は東京都に住んでいます"));
  put(document("B", "京都の寺"));
  EXPECT_EQ(found("東京都"), "A");
  EXPECT_EQ(found("京都"), "B, A");
  EXPECT_EQ(found("寺"), "B");
  EXPECT_EQ(found("東"), "A");
  put(document("C", "ฉันอยู่ที่กรุงเทพ"));
  EXPECT_EQ(found("กรุงเทพ"), "C");
}

TEST_F(IndexTest, FollowsWhatBecomesOfAThing) {
  EXPECT_EQ(found("oak"), "");  // empty
  auto one = document("One", "oak");
  put(one);
  EXPECT_EQ(found("oak"), "One");
  one.text = "elm";
  put(one);
  EXPECT_EQ(found("oak"), "");
  EXPECT_EQ(found("elm"), "One");
  remove(one.id);
  EXPECT_EQ(found("elm"), "");
  EXPECT_EQ(found("one"), "");
  // Nothing of it is left, in the file neither.
  EXPECT_EQ(rows_of("SELECT count(*) FROM documents"), 0);
  EXPECT_EQ(rows_of("SELECT count(*) FROM vocabulary"), 0);
  EXPECT_EQ(rows_of("SELECT \"documents\" + title + text FROM users"), 0);
}

// FTS5 gathers what a transaction writes, and writes it out before that whenever a statement opens
// a savepoint: then each document has a list of words of its own, to be merged later.
TEST_F(IndexTest, WritesTheWordsOfATransactionTogether) {
  if (store->is_on_server()) GTEST_SKIP() << "it is FTS5 that does";
  std::vector<Change> changes;
  for (int i = 0; i < 100; ++i) {
    auto one = document("A title", "and so many words that say something " + std::to_string(i));
    one.user_id = i % 3 == 0 ? "bob" : "ann";
    changes.push_back({one.id, std::move(one)});
  }
  apply(changes);
  EXPECT_EQ(rows_of("SELECT count(DISTINCT segid) FROM terms_idx"), 1);
  for (auto& [id, document] : changes) document->text += " and another";
  apply(changes);
  EXPECT_LE(rows_of("SELECT count(DISTINCT segid) FROM terms_idx"), 3);
  const auto answer = look("another", {.limit = 100}, "bob");
  EXPECT_EQ(answer ? answer->hits.size() : 0, 34u);
}

TEST_F(IndexTest, HasFewListsOfWordsWhereNobodyWrites) {
  if (store->is_on_server()) GTEST_SKIP() << "it is FTS5 that has lists";
  for (int i = 0; i < 30; ++i) put(document("Title " + std::to_string(i), "oak and ash"));
  const auto lists = [&] { return rows_of("SELECT count(DISTINCT segid) FROM terms_idx"); };
  const auto before = lists();
  int steps = 0;
  while (*test::run(executor, [&] { return index->settle(); })) ASSERT_LT(++steps, 100);
  EXPECT_GT(steps, 0);
  EXPECT_LT(lists(), before);
  EXPECT_LE(lists(), 3);
  const auto answer = look("oak", {.limit = 100});
  EXPECT_EQ(answer ? answer->hits.size() : 0, 30u);
}

TEST_F(IndexTest, CountsForEachUserWhatATransactionLeaves) {
  auto oak = document("Oak", "one two three");
  auto elm = document("Elm", "one");
  auto other = document("Ash", "one two");
  other.user_id = "bob";
  auto changed = elm;
  changed.text = "one two three four five";
  // Made, changed, made again and taken away, of two users in turns.
  apply({{oak.id, oak},
         {other.id, other},
         {elm.id, elm},
         {other.id, std::nullopt},
         {elm.id, changed},
         {oak.id, std::nullopt},
         {other.id, other},
         {oak.id, oak},
         {oak.id, std::nullopt}});
  EXPECT_EQ(found("one"), "Elm");
  const auto sums = [&](const std::string& user, std::string_view what) {
    return rows_of(fmt::format("SELECT {} FROM users WHERE user_id = '{}'", what, user));
  };
  EXPECT_EQ(sums("ann", "\"documents\" * 100 + title * 10 + text"), 115);
  EXPECT_EQ(sums("bob", "\"documents\" * 100 + title * 10 + text"), 112);
  EXPECT_EQ(rows_of("SELECT sum(\"documents\") FROM languages"), 2);
  EXPECT_EQ(rows_of("SELECT count(*) FROM documents"), 2);
  remove(elm.id);
  EXPECT_EQ(sums("ann", "\"documents\" + title + text"), 0);
}

TEST_F(IndexTest, WritesNothingWhereNothingChanged) {
  const auto one = document("One", "oak");
  put(one);
  const auto before = rows_of("SELECT max(place) FROM documents");
  put(one);
  EXPECT_EQ(rows_of("SELECT max(place) FROM documents"), before);
}

TEST_F(IndexTest, PrefersTitlesAndTextsWithAllWords) {
  put(document("Other", "A plan of the garden."));
  put(document("Garden", "Some words of another thing."));
  put(document("Third", "A plan that plans plans."));
  EXPECT_EQ(found("garden"), "Garden, Other");
  EXPECT_EQ(found("what is the plan of the garden").substr(0, 5), "Other");
}

TEST_F(IndexTest, PutsAThingFirstWhoseTitleIsWhatIsLookedFor) {
  put(document("Old oak", "It has " + std::string(200, 'x') + " and nothing of the others."));
  std::vector<Change> changes;
  for (int i = 0; i < 30; ++i) {
    auto one = document("Old oak, old oak", "old oak old oak old oak");
    one.tags = {"old", "oak"};
    one.updated_at = 5'000;
    changes.push_back({one.id, std::move(one)});
  }
  apply(std::move(changes));
  const auto first = [&](std::string_view text, Ask ask = {}) {
    const auto answer = look(text, std::move(ask));
    return answer && !answer->hits.empty() ? answer->hits.front() : Hit{};
  };
  EXPECT_EQ(first("old oak").title, "Old oak");
  EXPECT_EQ(first("OLD \"Oak\"").title, "Old oak");
  EXPECT_EQ(first("old oak").title_score, kTitleScore);
  EXPECT_GT(first("old oak").words, 0.9);
  EXPECT_EQ(look("old oak")->hits.at(1).title_score, std::nullopt);
  EXPECT_EQ(look("old oak", {.limit = 100})->total, 31);
  // Also where it is older than what is ranked.
  EXPECT_EQ(first("old oak", {.texts_max = 10}).title, "Old oak");
  // Not where it is not looked for.
  EXPECT_EQ(first("oak").title, "Old oak, old oak");
  EXPECT_EQ(first("old oak -nothing").title, "Old oak, old oak");
  EXPECT_EQ(first("old oak tag:oak").title, "Old oak, old oak");
  EXPECT_EQ(first("old oak", {.from = 4'000}).title, "Old oak, old oak");
  EXPECT_EQ(first("old oak*").title_score, std::nullopt);
  // It is once on all pages.
  std::optional<Place> after;
  int old = 0;
  int all = 0;
  do {
    const auto answer = look("old oak", {.limit = 7, .after = after});
    for (const auto& hit : answer->hits) old += hit.title == "Old oak" ? 1 : 0;
    all += static_cast<int>(answer->hits.size());
    after = answer->next;
  } while (after);
  EXPECT_EQ(old, 1);
  EXPECT_EQ(all, 31);
  // A long title that only begins so is another.
  const std::string beginning(250, 'w');
  put(document(beginning + " elm"));
  EXPECT_EQ(first(beginning + " elm").title_score, kTitleScore);
  put(document(beginning, beginning + " elm"));
  EXPECT_EQ(first(beginning + " elm").title, beginning + " elm");
}

// What a letter or "the" alone is in has nothing to do with the question.
TEST_F(IndexTest, AsksNothingByWordsThatSayNothing) {
  put(document("Oak", "Acorns under the oak, where I sat and what it was."));
  put(document("Letter", "I think that the one is what I was."));
  EXPECT_EQ(found("What should I plant under the oak?"), "Oak");
  EXPECT_EQ(found("the i oak"), "Oak");
  EXPECT_EQ(found("what is the acorn"), "Oak");
  EXPECT_EQ(found("what is the tag:home acorn"), "");
  // Where there is nothing else it is meant.
  EXPECT_EQ(found("I").size(), std::string("Oak, Letter").size());
  EXPECT_EQ(found("\"that the one\" oak"), "Letter");
  put(document("Vitamin", "Vitamin C, in table 5."));
  EXPECT_EQ(found("vitamin c"), "Vitamin");
  EXPECT_EQ(found("chart 5"), "Vitamin");
  put(document("寺", "京都の寺"));
  EXPECT_EQ(found("東 寺 oak"), "寺, Oak");
}

// "who" may be an organisation, "may" a month: where nothing else is in any text, they are meant.
TEST_F(IndexTest, AsksByWordsThatSayNothingWhereNoTextHasOthers) {
  put(document("WHO", "It recommends washing hands."));
  auto budget = document("May budget", "The one of the department is due.");
  budget.tags = {"home"};
  put(budget);
  put(document("Vitamin", "Vitamin C tablets"));
  EXPECT_EQ(found("WHO guidelines"), "WHO");
  EXPECT_EQ(found("may bugdet"), "May budget");
  EXPECT_EQ(found("may bugd*"), "May budget");
  EXPECT_EQ(found("C guidelines"), "Vitamin");
  EXPECT_EQ(found("may who bugdet tag:home"), "May budget");
  // As if they were alone: many texts have "of", and it does not keep those with "c" away.
  EXPECT_EQ(found("c of guidelines", {.texts_max = 1}), found("c of", {.texts_max = 1}));
  EXPECT_EQ(found("who guidelines hands c"), "WHO");
  EXPECT_EQ(found("who \"guidelines\""), "");
  EXPECT_EQ(found("guidelines"), "");
}

TEST_F(IndexTest, FindsTagsBelowATag) {
  auto one = document("One");
  one.tags = {"Year/2026/March", "home"};
  auto other = document("Other");
  other.tags = {"years", "/odd/", "year"};
  put(one);
  put(other);
  EXPECT_EQ(found("tag:year").size(), std::string("One, Other").size());
  EXPECT_EQ(found("tag:year/2026"), "One");
  EXPECT_EQ(found("tag:year/2026/march"), "One");
  EXPECT_EQ(found("tag:year/2027"), "");
  EXPECT_EQ(found("tag:march"), "");
  EXPECT_EQ(found("tag:/odd/"), "Other");
  EXPECT_EQ(found("home -tag:year"), "");
  remove(one.id);
  EXPECT_EQ(found("tag:year"), "Other");
}

TEST_F(IndexTest, FindsPhrasesAsTheyAreWritten) {
  put(document("A", "the red apple falls"));
  put(document("B", "the apple is red"));
  put(document("C", "the red apples"));
  EXPECT_EQ(found("\"red apple\""), "A");
  EXPECT_EQ(found("\"red apple\" falls"), "A");
  EXPECT_EQ(found("\"apple red\""), "");
  EXPECT_EQ(found("well-known.example_name"), "");
  put(document("D", "see well-known.example_name here"));
  EXPECT_EQ(found("known.example"), "D");
}

TEST_F(IndexTest, LeavesOutWhatMustNotBeThere) {
  put(document("A", "apple pie"));
  put(document("B", "apple tart"));
  EXPECT_EQ(found("apple -pie"), "B");
  EXPECT_EQ(found("apple -\"apple tart\""), "A");
  EXPECT_EQ(found("apple -ta*"), "A");
  EXPECT_EQ(found("apple -elm"), "B, A");
}

TEST_F(IndexTest, FindsBeginningsOfWords) {
  put(document("A", "organization"));
  put(document("B", "organ"));
  put(document("C", "orange"));
  EXPECT_EQ(found("organiz*"), "A");
  EXPECT_EQ(found("orang*"), "C");
  EXPECT_EQ(found("x*"), "");
  EXPECT_EQ(found("title:b orga*"), "B");
  EXPECT_EQ(look("or*")->hits.size(), 3U);
}

TEST_F(IndexTest, TakesSoManyWordsForBeginnings) {
  std::vector<Change> changes;
  for (int i = 0; i < 120; ++i) {
    auto one = document("One", fmt::format("a{:03}", i));
    changes.push_back({one.id, std::move(one)});
  }
  apply(std::move(changes));
  EXPECT_EQ(look("a*")->total, 100);
  EXPECT_EQ(look("a* b*")->total, 100);
  EXPECT_EQ(look("a* b* c* d* e* f* g* h*")->total, 25);
}

TEST_F(IndexTest, FiltersByFields) {
  auto one = document("One", "oak");
  one.tags = {"Home", "two words"};
  one.fields = {{"status", "open"}};
  put(one);
  auto two = document("Two", "oak home");
  two.type = "task";
  two.fields = {{"status", "done"}};
  put(two);
  EXPECT_EQ(found("oak tag:home"), "One");
  EXPECT_EQ(found("tag:\"TWO words\""), "One");
  EXPECT_EQ(found("tag:two"), "");
  EXPECT_EQ(found("oak -tag:home"), "Two");
  EXPECT_EQ(found("elm tag:home"), "");  // a filter is no word
  EXPECT_EQ(found("el* tag:home"), "");
  EXPECT_EQ(found("elm \"oak\" tag:home"), "One");
  EXPECT_EQ(found("type:task"), "Two");
  EXPECT_EQ(found("status:open oak"), "One");
  EXPECT_EQ(found("title:one"), "One");
  EXPECT_EQ(found("title:oak"), "");
  EXPECT_EQ(found("text:oak title:two"), "Two");
  EXPECT_EQ(found("oak", {.types = {"task", "project"}}), "Two");
  EXPECT_EQ(found("home"), "One, Two");  // tags have words, too
}

TEST_F(IndexTest, FiltersByTime) {
  for (int day = 1; day <= 4; ++day) {
    auto one = document(std::to_string(day), "oak");
    one.updated_at = day * 1'000;
    put(one);
  }
  EXPECT_EQ(found("oak", {.from = 2'000, .to = 4'000}), "3, 2");
  EXPECT_EQ(found("oak", {.to = 2'000}), "1");
  EXPECT_EQ(look("oak", {.from = 3'000})->total, 2);
}

TEST_F(IndexTest, ShowsAUserNothingOfOthers) {
  put(document("Mine", "oak"));
  const auto before = look("oak")->hits[0].place;
  for (int i = 0; i < 50; ++i) {
    auto other = document("Other", "oak elm");
    other.user_id = "bob";
    put(other);
  }
  EXPECT_EQ(found("oak"), "Mine");
  EXPECT_EQ(found("elm"), "");
  EXPECT_EQ(found("el*"), "");
  EXPECT_EQ(found("oak -elm"), "Mine");
  EXPECT_EQ(look("oak")->total, 1);
  // Scores say nothing of how many others have it.
  EXPECT_EQ(look("oak")->hits[0].place, before);
  EXPECT_EQ(found("oak", {}, "eve"), "");
  EXPECT_EQ(look("oak", {}, "bob")->total, 50);
}

TEST_F(IndexTest, GivesPages) {
  for (int i = 0; i < 7; ++i) put(document(std::to_string(i), i % 2 == 0 ? "oak" : "oak oak"));
  std::string all;
  std::optional<Place> after;
  for (int page = 0; page < 4; ++page) {
    const auto answer = look("oak", {.limit = 3, .after = after});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->total, 7);
    for (const auto& hit : answer->hits) all += hit.title;
    after = answer->next;
    if (!after) break;
  }
  EXPECT_EQ(all, "5316420");
}

TEST_F(IndexTest, RanksWhatManyTextsHaveAmongTheNewest) {
  std::vector<Change> changes;
  for (int i = 0; i < 100; ++i) {
    auto one = document(std::to_string(i), i == 20 ? "common rare" : "common");
    changes.push_back({one.id, one});
  }
  apply(std::move(changes));
  // The best is an old one, which is not looked at.
  const auto common = look("common", {.limit = 100, .texts_max = 10});
  EXPECT_EQ(common->hits.front().title, "99");
  EXPECT_LE(common->hits.size(), 12U);
  EXPECT_FALSE(common->total);
  EXPECT_EQ(look("common", {.limit = 1})->total, 100);
  // What must not be there says nothing of how many were looked at.
  EXPECT_FALSE(look("common -rare", {.texts_max = 10})->total);
  EXPECT_EQ(look("common -rare")->total, 99);
  EXPECT_EQ(look("rare -common", {.texts_max = 10})->total, 0);
  EXPECT_EQ(look("type:note -common")->total, 0);
  EXPECT_FALSE(look("type:note -common", {.texts_max = 10})->total);
  // What is rare leads, wherever it is.
  const auto rare = look("common rare", {.texts_max = 10});
  EXPECT_EQ(rare->hits.front().title, "20");
  EXPECT_FALSE(rare->total);
  EXPECT_EQ(found("rare \"common\"", {.texts_max = 10}).substr(0, 2), "99");
  EXPECT_EQ(found("\"common rare\"", {.texts_max = 10}), "20");
  EXPECT_EQ(found("common type:note", {.limit = 1, .texts_max = 10}), "99");
  EXPECT_EQ(found("rare type:note", {.texts_max = 10}), "20");
}

// "und" is the German stem of "under", and in all that is German.
TEST_F(IndexTest, TakesNoStemThatSaysNothingForAWord) {
  put(document("Garden", "What grows under the oak is mostly moss"));
  put(document("Einkauf", "Ich muss Brot und Milch kaufen und die Blumen giessen"));
  put(document("Reise", "Wir fahren nach Wien und bleiben in der Stadt"));
  EXPECT_EQ(found("under"), "Garden");
  EXPECT_EQ(found("what grows under the oak"), "Garden");
  EXPECT_EQ(found("und").size(), std::string_view("Einkauf, Reise").size());
  EXPECT_EQ(found("Blume"), "Einkauf") << "other stems are looked for";
}

TEST_F(IndexTest, RefusesWhatSaysNothing) {
  put(document("A", "oak"));
  EXPECT_EQ(found("&&"), "q, character 1: there is no word to look for");
  EXPECT_EQ(found("oak \"&&\""), "q, character 5: there is no word in this");
  EXPECT_EQ(found("oak -&"), "q, character 5: there is no word in this");
  EXPECT_EQ(found("oak & &"), "A");
  EXPECT_EQ(found("&&", {}, "eve"), "q, character 1: there is no word to look for");
}

TEST_F(IndexTest, TakesWhateverIsInTexts) {
  auto odd =
      document("\" OR 'x' {title} : NEAR(a b)", std::string("a\0b \xFF\x02type=note /x", 22));
  odd.tags = {"a\"b c", std::string("nul\0tag", 7), ""};
  odd.fields = {{"status", "\"open\" /7:x"}};
  put(odd);
  EXPECT_EQ(look("NEAR")->total, 1);
  EXPECT_EQ(look("status:nothing")->total, 0);
  EXPECT_EQ(look("\"OR x title\"")->total, 1);
  remove(odd.id);
  EXPECT_EQ(rows_of("SELECT count(*) FROM vocabulary"), 0);
}

TEST_F(IndexTest, KeepsItsCheckpointWithItsRows) {
  const auto event = Uuid::v7();
  const Checkpoint checkpoint{.position = 42, .event = event, .is_complete = true};
  const auto one = document("One", "oak");
  ASSERT_TRUE(test::run(executor, [&] { return index->apply({{one.id, one}}, checkpoint); }));
  open();
  EXPECT_EQ(index->checkpoint(), checkpoint);
  EXPECT_EQ(found("oak"), "One");
}

TEST_F(IndexTest, SaysThatItIsDamaged) {
  if (store->is_on_server()) GTEST_SKIP() << "there is another of tables";
  put(document("One", "oak"));
  index.reset();
  std::ofstream(path, std::ios::binary) << std::string(8'192, 'x');
  const auto opened = FileIndex::open_file(path, real_world());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::kDamaged);
  std::filesystem::remove(path);
}

// A page that is damaged says of a word that it is in a column that there is none of.
TEST_F(IndexTest, AnswersNothingOrSaysThatItIsDamagedWhereAnyBitIsAnother) {
  if (store->is_on_server()) GTEST_SKIP() << "there is another of tables";
  std::vector<Change> changes;
  for (int i = 0; i < 40; ++i) {
    auto one = document(fmt::format("oak {}", i), "elm and oak beside the oak");
    changes.push_back({one.id, std::move(one)});
  }
  apply(std::move(changes));
  const auto page = *test::run(executor, [&] {
    return index->read([&](IndexTx& in) {
      auto rows = in.tx.query("SELECT hex(block) FROM terms_data WHERE id > 10 LIMIT 1");
      return rows.next() ? rows.text(0) : std::string();
    });
  });
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &file), SQLITE_OK);
  const auto write_page = [&](const std::string& hex) {
    const auto sql = fmt::format("UPDATE terms_data SET block = x'{}' WHERE id > 10", hex);
    ASSERT_EQ(sqlite3_exec(file, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  };
  int damaged = 0;
  for (std::size_t at = 8; at < page.size(); at += 23) {
    auto other = page;
    other[at] = other[at] == '0' ? '8' : '0';
    write_page(other);
    for (const auto* query : {"\"elm and\"", "oak", "title:oak \"the oak\""}) {
      damaged += look(query) ? 0 : 1;
    }
  }
  sqlite3_close(file);
  EXPECT_GT(damaged, 0);
}

TEST_F(IndexTest, FindsEachOfManyWordsAmongFewTexts) {
  std::vector<Change> changes;
  for (int i = 0; i < 60; ++i) {
    auto one = document(std::to_string(i), "");
    for (int word = 0; word < 30; ++word) {
      if (word == 0 || (i + word) % 3 != 0) one.text += fmt::format("w{} ", word);
    }
    changes.push_back({one.id, std::move(one)});
  }
  apply(std::move(changes));
  std::string query;
  for (int word = 0; word < 30; ++word) query += fmt::format("w{} ", word);
  const auto all = look(query, {.texts_max = 240});
  EXPECT_EQ(all->total, 60);
}

TEST_F(IndexTest, SuggestsTitles) {
  put(document("Ärger im Garten"));
  put(document("Argentina"));
  put(document("Oak"));
  const auto suggested = [&](std::string_view beginning, std::string_view user) {
    std::string all;
    const auto found = *test::run(executor, [&] {
      return index->read([&](IndexTx& in) { return suggest(in.tx, user, beginning, 10); });
    });
    for (const auto& one : found) all += (all.empty() ? "" : ", ") + one.title;
    return all;
  };
  EXPECT_EQ(suggested("arg", "ann"), "Argentina, Ärger im Garten");
  EXPECT_EQ(suggested("ÄRGER", "ann"), "Ärger im Garten");
  EXPECT_EQ(suggested("x", "ann"), "");
  EXPECT_EQ(suggested("arg", "bob"), "");
}

TEST(KnownFrequencies, AreKeptUntilOneTextInSixtyFourIsAnother) {
  KnownFrequencies known;
  Library library;
  library.documents = 6'400;
  library.last = 64'000;
  known.keep(library, "7:oak", {.texts = 2'000, .is_cut = true, .lowest = 5});
  known.keep(library, "7:elm", {.texts = 999});
  library.documents = 6'300;
  library.last = 65'000;
  const auto oak = known.find(library, "7:oak");
  ASSERT_TRUE(oak);
  EXPECT_TRUE(oak->texts == 2'000 && oak->is_cut && oak->lowest == 5);
  EXPECT_FALSE(known.find(library, "7:elm"));  // it is counted as soon as it is found here
  EXPECT_FALSE(known.find(library, "8:oak"));
  library.last = 65'001;
  EXPECT_FALSE(known.find(library, "7:oak"));
  library.last = 65'000;
  library.documents = 6'299;
  EXPECT_FALSE(known.find(library, "7:oak"));
}

// So what is near by its meaning is not looked for among the words once more.
TEST_F(IndexTest, KnowsHowRelevantWhatWasLookedAtIs) {
  for (int i = 0; i < 4; ++i) {
    put(document("A bicycle"));
    put(document("A tricycle", i % 2 == 0 ? "and a bicycle beside it" : ""));
  }
  const Ask ask{.items = *parse_query("bicycle", fields), .limit = 1, .texts_max = 3};
  const auto done = test::run(executor, [&] {
    return index->read([&](IndexTx& in) {
      const auto reading = read_query(in, "ann", ask);
      const auto ranked = rank(in.terms(), reading, ask, /*keeps_seen=*/true);
      int known = 0;
      int without = 0;
      int unknown = 0;
      auto rows = in.tx.query("SELECT place FROM documents");
      while (rows.next()) {
        const auto place = rows.integer(0);
        const auto relevance = ranked.relevance_of(place);
        if (!relevance) {
          ++unknown;
          continue;
        }
        EXPECT_EQ(*relevance, relevance_at(in.terms(), reading, place)) << place;
        ++(*relevance > 0 ? known : without);
      }
      EXPECT_EQ(known, 4);
      EXPECT_EQ(without, 2);
      EXPECT_EQ(unknown, 2);
      return true;
    });
  });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace synap::search

#include "features/capture/own_types.h"

#include <gmock/gmock.h>

#include "base/clock.h"

namespace synap::features::capture {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A Saturday.
const std::int64_t kNow = *parse_iso8601("2026-11-28T09:00:00Z");

OwnType book() {
  return {"x.book", *parse_json(R"({"type":"object","required":["title"],"properties":{
      "title":{"type":"string"},"author":{"type":"string"},"pages":{"type":"integer"},
      "status":{"enum":["waiting","open","Read"]},"lent":{"type":["boolean","null"]},
      "due":{"type":"string","format":"date"},"tags":{"type":"array"}}})"),
          ""};
}
OwnType weight() {
  return {"x.weight", *parse_json(R"({"type":"object","required":["kg"],"properties":{
      "kg":{"type":"number"},"note":{"type":"string"}}})"),
          ""};
}

struct Case {
  std::string_view text;
  std::string_view data;  // empty: none of the type
};

TEST(OwnTypes, AreFilledByWhatTheThoughtSays) {
  for (const auto& [text, data] : std::initializer_list<Case>{
           {"Dune", R"({"title":"Dune"})"},
           {"Dune by Frank Herbert", R"({"author":"Frank Herbert","title":"Dune"})"},
           {"\"Stand by Me\" by Stephen King",
            R"({"author":"Stephen King","title":"Stand by Me"})"},
           {"Eats, Shoots & Leaves", R"({"title":"Eats, Shoots & Leaves"})"},
           {"Dune, pages: 412", R"({"pages":412,"title":"Dune"})"},
           {"Dune; Pages = 412 pages; status: read",
            R"({"pages":412,"status":"Read","title":"Dune"})"},
           {"Dune\nauthor: Herbert, Frank\nlent: yes",
            R"({"author":"Herbert, Frank","lent":true,"title":"Dune"})"},
           {"title: Dune\nauthor: Frank Herbert", R"({"title":"Dune","author":"Frank Herbert"})"},
           {"Dune, due: tomorrow", R"({"due":"2026-11-29","title":"Dune"})"},
           {"Dune on 2026-12-24", R"({"due":"2026-12-24","title":"Dune on 2026-12-24"})"},
           {"Dune, due: friday", R"({"due":"2026-12-04","title":"Dune"})"},
           {"Dune, due: in 3 days", R"({"due":"2026-12-01","title":"Dune"})"},
           {"Dune, pages: 9007199254740993", R"({"pages":9007199254740993,"title":"Dune"})"},
           {"Emma, author: Jane Austen, due tomorrow",
            R"({"author":"Jane Austen","due":"2026-11-29","title":"Emma"})"},
           {"Emma, due friday", R"({"due":"2026-12-04","title":"Emma"})"},
           // No name: so it is of the title, with all of its words.
           {"Stand by me", R"({"title":"Stand by me"})"},
           {"Stand By Me", R"({"title":"Stand By Me"})"},
           {"The year 1984 by George Orwell on friday",
            R"({"due":"2026-12-04","title":"The year 1984 by George Orwell on friday"})"},
           {"The Second Sex by Simone de Beauvoir",
            R"({"author":"Simone de Beauvoir","title":"The Second Sex"})"},
           {"Dune, pages: 412 but I have only read half, lent to Mary", ""},
           {"Dune, pages: 412 pages 12", ""},
           {"Dune, pages: 99999999999999999999", ""},
           {"Dune, due: on friday ask Mary for the key to flat 12", ""},
           {"Dune, due: tomorrow or on friday", ""},
           {"Dune, author: Frank Herbert, author: Brian Herbert", ""},
           {"Emma, author: Jane Austen, lent to Mary", ""},
           {"Emma, author: Jane Austen, due some day", ""},
           {"Emma, author: Jane Austen\nI liked it", ""},
           {"Dune by Frank Herbert\nI read this by the sea", ""},
           {"", ""},
           {"Dune, pages: many", ""},
           {"Dune, status: eaten", ""},
           {"Dune, due: some day", ""},
           {"Dune, tags: a", ""},
           {"author: Frank Herbert", ""},
       }) {
    const auto filled = fill(book(), text, kNow);
    if (data.empty()) {
      EXPECT_FALSE(filled.problem.empty()) << text << filled.data.dump();
    } else {
      EXPECT_THAT(filled.problem, IsEmpty()) << text;
      EXPECT_EQ(filled.data.dump(), data) << text;
    }
  }
}

TEST(OwnTypes, WithoutATitleAreFilledByTheOneFieldThatTheyNeed) {
  EXPECT_EQ(fill(weight(), "82.5 kg", kNow).data.dump(), R"({"kg":82.5})");
  EXPECT_EQ(fill(weight(), "82.5, note: after lunch", kNow).data.dump(),
            R"({"note":"after lunch","kg":82.5})");
  const auto with_unit = fill(weight(), "82.5 kg", kNow);
  EXPECT_THAT(with_unit.reasons, testing::Contains(HasSubstr("\"kg\" behind 82.5")));
  EXPECT_EQ(fill(weight(), "9007199254740993", kNow).data.dump(), R"({"kg":9007199254740993})");
  for (const auto* more : {"80 at the doctor", "80 90", "0.12345678901234567"}) {
    EXPECT_THAT(fill(weight(), more, kNow).problem, HasSubstr("has no field for")) << more;
  }
  EXPECT_THAT(fill(weight(), "heavy", kNow).problem, HasSubstr("has no field for \"heavy\""));
  EXPECT_THAT(fill(weight(), "nan", kNow).problem, HasSubstr("has no field for"));
  EXPECT_THAT(fill(weight(), "note: heavy", kNow).problem, HasSubstr("does not say the kg"));
  EXPECT_FALSE(fill({"x.any", Json::object(), ""}, "this", kNow).problem.empty());
  auto film = book();
  film.title = "author";
  EXPECT_EQ(fill(film, "Frank Herbert, title: Dune", kNow).data.dump(),
            R"({"title":"Dune","author":"Frank Herbert"})");
}

TEST(OwnTypes, AreNamedByTheBeginning) {
  const std::vector<std::string> types = {"x.book", "x.book-club", "x.reading_list", "x.weight"};
  const auto named = [&](std::string_view text) {
    const auto found = named_type(text, types);
    return found ? found->type + " " + found->rest : "";
  };
  EXPECT_EQ(named("book: Dune by Frank Herbert"), "x.book Dune by Frank Herbert");
  EXPECT_EQ(named("  Book - Dune"), "x.book Dune");
  EXPECT_EQ(named("BOOK \"Dune\""), "x.book \"Dune\"");
  EXPECT_EQ(named("book\nDune"), "x.book Dune");
  EXPECT_EQ(named("x.book: Dune"), "x.book Dune");
  EXPECT_EQ(named("book club: on Mondays"), "x.book-club on Mondays");
  EXPECT_EQ(named("Reading list: Dune"), "x.reading_list Dune");
  EXPECT_EQ(named("weight 82.5 kg"), "x.weight 82.5 kg");
  EXPECT_EQ(named("book:"), "x.book ");
  for (const auto* none :
       {"Book flights to Lisbon", "book", "books: Dune", "Books are old", "bookings: none",
        "my book: Dune", "book://dune", "weight of things", ""}) {
    EXPECT_EQ(named(none), "") << none;
  }
}

TEST(OwnTypes, AreSaidInLettersOfEitherCase) {
  EXPECT_TRUE(says_name("Another Book is read", "x.book"));
  EXPECT_TRUE(says_name("on my Reading List", "x.reading_list"));
  EXPECT_FALSE(says_name("a film", "x.book"));
}

TEST(OwnTypes, TakeAnyBytes) {
  for (const std::string_view text :
       {"", ":", "=", ",;\n", "\xff\xfe", " by ", "a by ", "pages:", "pages: 99999999999999999999",
        "pages: 1e400", "due: 0000-00-00", "\"", "\"\"", "title: \"\""}) {
    const auto filled = fill(book(), text, kNow);
    EXPECT_TRUE(filled.data.is_object());
    named_type(text, {"x.book", "x."});
  }
}

}  // namespace
}  // namespace synap::features::capture

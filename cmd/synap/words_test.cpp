// The pure parts of the command line: suggestions, widths, tables, times, patterns.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>
#include <map>

#include "synap/catalogue.h"
#include "synap/event_search.h"
#include "synap/issue_text.h"
#include "synap/made_command.h"
#include "synap/suggestion.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Suggestion, IsNearByASlipOrByAPart) {
  const std::vector<std::string> names = {"list", "get", "create", "complete", "history"};
  EXPECT_THAT(suggestions("lst", names), ElementsAre("list"));
  EXPECT_THAT(suggestions("craete", names), ElementsAre("create"));
  EXPECT_THAT(suggestions("HISTO", names), ElementsAre("history"));
  const std::vector<std::string> calls = {"events.list", "notes.create", "notes.get", "tags.list"};
  EXPECT_THAT(suggestions("nots", calls), ElementsAre("notes.create", "notes.get"));
  EXPECT_THAT(suggestions("", names), IsEmpty());
  EXPECT_THAT(suggestions("zzz", names), IsEmpty());
  EXPECT_THAT(suggestions(std::string(100'000, 'l'), names), IsEmpty());
  EXPECT_EQ(did_you_mean("lst", names), "; did you mean \"list\"? ");
  EXPECT_EQ(did_you_mean("zzz", names), "; ");
  EXPECT_EQ(did_you_mean_command("Add", {"create", "list"}), "; did you mean \"create\"? ");
  EXPECT_EQ(did_you_mean_command("rm", {"delete", "remove"}),
            "; did you mean \"delete\" or \"remove\"? ");
  EXPECT_EQ(did_you_mean_command("add", {"list"}), "; ") << "only what there is";
  EXPECT_EQ(did_you_mean_command("lst", {"create", "list"}), "; did you mean \"list\"? ");
}

TEST(Terminal, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u) << "a combining mark";
  EXPECT_EQ(display_width("\xff\xff"), 2u) << "no UTF-8";
  EXPECT_EQ(truncated("日本語", 5), "日本…");
  EXPECT_EQ(truncated("日本語", 4), "日…");
  EXPECT_EQ(truncated("abc", 3), "abc");
  EXPECT_EQ(truncated("abc", 0), "");
  EXPECT_EQ(padded("日", 4), "日  ");
}

TEST(Terminal, PutsACaretBelowAPlace) {
  EXPECT_EQ(with_caret("oak \"elm", 4, 80), "  oak \"elm\n      ^\n");
  EXPECT_EQ(with_caret("日本 \"", 3, 80), "  日本 \"\n       ^\n");
  EXPECT_EQ(with_caret("tag:", 4, 80), "  tag:\n      ^\n");
  EXPECT_EQ(with_caret("", 0, 80), "  \n  ^\n");
  EXPECT_EQ(with_caret("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"bbbbbbbbbbbbbbbb", 30, 23),
            "  …aaaaaaaaaaaaa\"bbbb…\n                ^\n");
}

TEST(Terminal, WrapsBetweenWordsOnly) {
  EXPECT_EQ(wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrapped("a-very-long-word b", 5, 2), "a-very-long-word\n  b");
  EXPECT_EQ(wrapped("one two", 9, 4, 4), "one\n    two");
  EXPECT_EQ(wrapped("", 5), "");
}

TEST(Table, FitsAnyWidthAndKeepsWhatThingsAreCalledTheLongest) {
  Table table({{.heading = "ID", .is_fixed = true},
               {.heading = "TITLE"},
               {.heading = "EMPTY"},
               {.heading = "N", .is_number = true},
               {.heading = "EXTRA", .is_extra = true}});
  table.add({{"12345678"}, {"a title that is long"}, {""}, {"7"}, {"x"}});
  table.add({{"12345678"}, {"short\x1b[31m"}, {""}, {"12"}, {"y"}});
  EXPECT_EQ(table.text(80, false),
            "ID        TITLE                  N  EXTRA\n"
            "12345678  a title that is long   7  x\n"
            "12345678  short?[31m            12  y\n");
  EXPECT_EQ(table.text(24, false),
            "TITLE                  N\n"
            "a title that is long   7\n"
            "short?[31m            12\n");
  for (std::size_t width = 8; width < 60; ++width) {
    const auto text = table.text(width, false);
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      EXPECT_LE(display_width(text.substr(at, end - at)), width);
      at = end + 1;
    }
  }
  // Where a title would say nothing any more, times go, and then ids.
  Table dated({{.heading = "ID", .is_fixed = true},
               {.heading = "TITLE"},
               {.heading = "CREATED", .is_fixed = true}});
  dated.add({{"12345678"}, {"a title that says what it is"}, {"2026-01-31 12:00"}});
  EXPECT_EQ(dated.text(48, false),
            "ID        TITLE\n"
            "12345678  a title that says what it is\n");
  EXPECT_EQ(dated.text(30, false),
            "TITLE\n"
            "a title that says what it is\n");
  EXPECT_NE(table.text(80, true).find("\x1b[2mID\x1b[0m"), std::string::npos);
}

TEST(Issues, AreSentences) {
  const auto sentence = [](const char* issue) { return sentence_of(*issues_of(issue)); };
  EXPECT_EQ(sentence(R"([{"code":"invalid_type","expected":"string","path":["title"],)"
                     R"("message":"Invalid input: expected string, received number"}])"),
            "The input is wrong: title: it must be a text, not a number");
  EXPECT_EQ(sentence(R"([{"code":"invalid_type","expected":"string","path":["title"],)"
                     R"("message":"Invalid input: expected string, received undefined"},)"
                     R"({"code":"too_small","origin":"string","minimum":1,"path":["tags",0],)"
                     R"("message":"Too small: expected string to have >=1 characters"}])"),
            "The input is wrong: title: it is missing (a text); tags[0]: it must not be empty");
  EXPECT_EQ(sentence(R"([{"code":"too_big","origin":"int","maximum":100,"path":["limit"],)"
                     R"("message":"Too big: expected int to be <=100"}])"),
            "The input is wrong: limit: it must be at most 100");
  EXPECT_EQ(sentence(R"([{"code":"invalid_value","values":["low","high"],"path":["priority"],)"
                     R"("message":"Invalid option: expected one of \"low\"|\"high\""}])"),
            "The input is wrong: priority: it must be one of low, high");
  EXPECT_EQ(sentence(R"([{"code":"custom","path":[],"message":"no such thing"}])"),
            "The input is wrong: no such thing");
  EXPECT_EQ(issues_of("A sentence"), std::nullopt);
}

TEST(Times, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(12), "12 ms");
  EXPECT_EQ(duration_text(3'400), "3.4 s");
  EXPECT_EQ(duration_text(130'000), "2 min 10 s");
  EXPECT_EQ(duration_text(11'100'000), "3 h 5 min");
  EXPECT_EQ(duration_text(180'000'000), "2 d 2 h");
  EXPECT_EQ(duration_between("2026-01-31T12:00:00.000Z", "2026-01-31T12:00:01.500Z"), "1.5 s");
  EXPECT_EQ(duration_between("2026-01-31T12:00:00.000Z", "2026-01-31T11:00:00.000Z"), "");
  EXPECT_EQ(duration_between("", "2026-01-31T12:00:00.000Z"), "");
}

TEST(Times, SinceIsADurationADayOrATime) {
  ::setenv("TZ", "Asia/Tokyo", 1);
  ::tzset();
  constexpr std::int64_t kNow = 1'800'000'000'000;
  EXPECT_EQ(parse_since("90s", kNow).value_or(0), kNow - 90'000);
  EXPECT_EQ(parse_since("2h", kNow).value_or(0), kNow - 7'200'000);
  EXPECT_EQ(parse_since("1w", kNow).value_or(0), kNow - 604'800'000);
  EXPECT_EQ(parse_since("1970-01-02", kNow).value_or(0), 15 * 3'600'000) << "midnight in Tokyo";
  EXPECT_EQ(parse_since("1970-01-01T00:00:01Z", kNow).value_or(0), 1'000);
  EXPECT_EQ(parse_until("1970-01-02", kNow, "--until").value_or(0), 39 * 3'600'000)
      << "the day with all its hours";
  EXPECT_EQ(parse_until("1970-01-31", kNow, "--until").value_or(0) -
                parse_since("1970-02-01", kNow).value_or(1),
            0);
  EXPECT_EQ(parse_until("2h", kNow, "--until").value_or(0), kNow - 7'200'000);
  EXPECT_EQ(parse_since("1700000000s", kNow).value_or(0), 100'000'000'000);
  EXPECT_EQ(parse_since("99999999999999999d", kNow).value_or(1), 0) << "as long ago as anything";
  EXPECT_EQ(parse_until("1970-01-01T00:00:01Z", kNow, "--until").value_or(0), 1'000);
  EXPECT_NE(parse_until("x", kNow, "--to").error().message.find("--to must be"), std::string::npos);
  EXPECT_EQ(local_time("1970-01-01T00:00:00.000Z"), "1970-01-01 09:00:00");
  for (const auto* wrong : {"", "h", "-2h", "2", "2x", "2026-02-30", "x"}) {
    EXPECT_FALSE(parse_since(wrong, kNow)) << wrong;
  }
  EXPECT_EQ(local_time("no time"), "no time");
}

TEST(EventSearch, PatternsMatchWithStars) {
  EXPECT_TRUE(fits("note.creation.completed", "note.*"));
  EXPECT_TRUE(fits("note.creation.completed", "note.*.completed"));
  EXPECT_TRUE(fits("note.creation.completed", "*.completed"));
  EXPECT_TRUE(fits("a", "a"));
  EXPECT_FALSE(fits("note.creation.completed", "task.*"));
  EXPECT_FALSE(fits("notes", "note"));
}

TEST(Catalogue, KnowsEveryProcedureWithItsFields) {
  const auto* create = Catalogue::own().find("tasks.create");
  ASSERT_NE(create, nullptr);
  EXPECT_EQ(create->kind, "mutation");
  EXPECT_EQ(create->scope, "tasks:write");
  const auto fields = fields_of(create->input);
  ASSERT_FALSE(fields.empty());
  EXPECT_EQ(fields[0].name, "title");
  EXPECT_TRUE(fields[0].is_required);
  EXPECT_EQ(fields[0].type(), "text");
  EXPECT_EQ(fields[0].limits(), "1 to 500 characters");
  EXPECT_EQ(Catalogue::own().find("nope"), nullptr);
}

TEST(Catalogue, TakesADocumentThatIsNone) {
  for (const auto* text : {"{}", "[]", "null", R"({"paths":7})", R"({"paths":{"/api/x":7}})",
                           R"({"paths":{"/api/x":{"post":{"requestBody":{"content":7}}}}})"}) {
    const Catalogue catalogue(*parse_json(text));
    for (const auto& info : catalogue.all()) EXPECT_THAT(fields_of(info.input), IsEmpty());
  }
  // One that refers to itself ends.
  const Catalogue circle(*parse_json(
      R"({"paths":{"/api/x":{"post":{"requestBody":{"content":{"application/json":
      {"schema":{"$ref":"#/components/schemas/A"}}}}}}},
      "components":{"schemas":{"A":{"type":"object",
      "properties":{"a":{"$ref":"#/components/schemas/A"}}}}}})"));
  EXPECT_NE(circle.find("x"), nullptr);
}

TEST(MadeCommand, OfOneGroupAreWhatTheyAreAmongAll) {
  std::map<std::string, std::vector<Command>> groups;
  for (auto& command : made_commands()) {
    groups[command.words.substr(0, command.words.find(' '))].push_back(std::move(command));
  }
  ASSERT_TRUE(groups.contains("event-types"));
  for (const auto& [word, all] : groups) {
    const auto alone = made_commands(word);
    ASSERT_EQ(alone.size(), all.size()) << word;
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(alone[i].words, all[i].words);
      EXPECT_EQ(alone[i].docs, all[i].docs) << all[i].words;
      EXPECT_EQ(alone[i].example, all[i].example);
      EXPECT_EQ(alone[i].options.size(), all[i].options.size()) << all[i].words;
    }
  }
  EXPECT_THAT(made_commands("nobody"), testing::IsEmpty());
}

TEST(MadeCommand, WordsAreThoseOfAShell) {
  EXPECT_EQ(kebab("expectedVersion"), "expected-version");
  EXPECT_EQ(kebab("id"), "id");
}

}  // namespace
}  // namespace synap::cli

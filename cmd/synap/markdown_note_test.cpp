#include "synap/markdown_note.h"

#include <gmock/gmock.h>

#include "base/clock.h"

namespace synap::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const auto kNow = *parse_iso8601("2026-01-01T00:00:00Z");

Result<MarkdownNote> read(std::string_view bytes, const std::vector<std::string>& tags = {},
                          std::string_view name = "a.md") {
  return read_note(name, bytes, tags, kNow);
}
MarkdownNote of(std::string_view block, std::string_view body = "B") {
  return *read("---\n" + std::string(block) + "\n---\n" + std::string(body));
}
std::string refusal(std::string_view bytes) {
  const auto note = read(bytes);
  return note ? "accepted" : note.error().message;
}
std::string moment(std::string_view text) {
  const auto found = moment_of(text);
  return found ? to_iso8601(*found) : "none";
}

TEST(MarkdownNote, TakesTitleFromFrontMatterThenHeadingThenName) {
  EXPECT_EQ(of("title: T", "# H\n").title, "T");
  EXPECT_EQ(of("a: b", "# H\n").title, "H");
  EXPECT_EQ(read("Text\n\n## H ##\n")->title, "H");
  EXPECT_EQ(read("Text", {}, "my.note.md")->title, "my.note");
  // A block that stays text is no heading, however it looks.
  EXPECT_EQ(of("title: \"\\q\"").title, "a");
}

TEST(MarkdownNote, ReadsTitlesOfEveryKind) {
  EXPECT_EQ(of("Title: Upper").title, "Upper");
  EXPECT_EQ(of("Title: Other\ntitle: T").title, "T");
  EXPECT_EQ(of("title: 2024").title, "2024");
  EXPECT_EQ(of("title: 1.0").title, "1.0");
  EXPECT_EQ(of("title: 2024-05-01").title, "2024-05-01");
  EXPECT_EQ(of("title: yes").title, "yes");
  EXPECT_EQ(of("title: |\n  two\n  lines").title, "two lines");
  EXPECT_EQ(of("title: \"\"", "# H").title, "H");
  EXPECT_EQ(of("title:", "# H").title, "H");
  // What is not kept of one is told.
  EXPECT_THAT(of("title: |\n  two\n  lines").remarks, ElementsAre(HasSubstr("one line")));
  EXPECT_THAT(of("title: '  T '").remarks, ElementsAre(HasSubstr("spaces at its ends")));
  EXPECT_THAT(of("title: ' '", "# H").remarks, ElementsAre(HasSubstr("the title is empty")));
  EXPECT_THAT(of("title: T").remarks, IsEmpty());
}

TEST(MarkdownNote, ReadsTagsOfEveryKind) {
  EXPECT_THAT(of("tags: [a, \"b, c\", 'd', a, ' a ', '#e']").tags,
              ElementsAre("a", "b, c", "d", "e"));
  EXPECT_THAT(of("tags:\n- 2024\n- 1.0\n- true\n- null").tags, ElementsAre("2024", "1.0", "true"));
  EXPECT_THAT(of("tags: a, b c,d").tags, ElementsAre("a", "b c", "d"));
  EXPECT_THAT(of("tags: '#x, #y'").tags, ElementsAre("x", "y"));
  EXPECT_THAT(of("tags: ['#', a]").remarks, ElementsAre("a tag without a name is left out"));
  EXPECT_THAT(of("tags: [~, a, '', ' # ']").remarks,
              ElementsAre("3 tags without a name are left out"));
  EXPECT_THAT(of("tags: a, , b, ").remarks, ElementsAre("a tag without a name is left out"));
  EXPECT_THAT(of("tags: [a, b, '#a']").remarks,
              ElementsAre("the tag \"a\" is there twice: it counts once"));
  EXPECT_THAT(of("tags: [a, b, b, a, b]").remarks,
              ElementsAre("3 tags were there before, the first is \"b\": each counts once"));
  EXPECT_THAT(of("tags: [cafe\u0301, caf\u00e9]").tags, ElementsAre("caf\u00e9"));
  EXPECT_THAT(of("tags: 'a,b,'").remarks, IsEmpty());
  EXPECT_THAT(of("tags: >-\n  a, b").tags, ElementsAre("a", "b"));
  EXPECT_THAT(of("k: &k [a, b]\ntags: *k").tags, ElementsAre("a", "b"));
  EXPECT_THAT(of("tags: []").tags, IsEmpty());
  EXPECT_THAT(of("tags:").tags, IsEmpty());
}

TEST(MarkdownNote, StaysTextWhereTitleOrTagsAreNone) {
  for (const auto* block : {"title: [a]", "title: {a: b}", "tags: {a: 1}", "tags: [a, [b]]"}) {
    const auto note = of(block);
    EXPECT_THAT(note.content, HasSubstr(block));
    EXPECT_THAT(note.remarks, ElementsAre(HasSubstr("kept as text")));
    EXPECT_EQ(note.properties, Json::object());
    EXPECT_EQ(note.title, "a");
  }
}

TEST(MarkdownNote, KeepsTheContentAsItIsButForItsFrontMatter) {
  EXPECT_EQ(read("\n  # H \r\n\n")->content, "\n  # H \r\n\n");
  EXPECT_EQ(of("title: T", "\nB").content, "\nB");
  EXPECT_EQ(read("\xef\xbb\xbf---\ntitle: T\n---\nB")->content, "B");
  EXPECT_EQ(read("---\ntitle: T\n---\n")->content, "\n");
  EXPECT_EQ(read("---\ntitle: T\n---\n\n\n")->content, "\n\n");
}

TEST(MarkdownNote, KeepsEveryOtherProperty) {
  const auto note = of("title: T\naliases: [x]\nup: {n: [1.0]}\nTags: [a]\ncreated: 2024-05-01");
  EXPECT_EQ(note.properties.dump(), R"({"aliases":["x"],"up":{"n":[1]},"created":"2024-05-01",)"
                                    R"("$spelling":{"/up/n/0":"1.0"}})");
  EXPECT_THAT(note.remarks, IsEmpty());
  EXPECT_THAT(of("$spelling: mine\na: 1.0").remarks, ElementsAre(HasSubstr("\"$spelling\"")));
  const auto unnamed = of("__proto__: {a: 1}\nb: 2");
  EXPECT_EQ(unnamed.properties.dump(), R"({"b":2,"$spelling":{"/__proto__":"{\"a\":1}"}})");
  EXPECT_THAT(unnamed.remarks, ElementsAre(HasSubstr("kept as text")));
  // What does not fit into title or tags stays as it is.
  const auto long_title =
      of("title: " + std::string(600, 'x') + "\ntags: [" + std::string(101, 't') + ", a]");
  EXPECT_THAT(long_title.title, SizeIs(500));
  EXPECT_THAT(long_title.tags, ElementsAre("a"));
  EXPECT_THAT(long_title.remarks, SizeIs(2));
  EXPECT_THAT(long_title.properties.find("title")->as_string(), SizeIs(600));
  EXPECT_THAT(long_title.properties.find("tags")->as_array(), SizeIs(2));
  std::string large;
  for (int i = 0; i < 9; ++i)
    large += "p" + std::to_string(i) + ": " + std::string(8'000, 'x') + "\n";
  EXPECT_THAT(of(large).remarks, ElementsAre(HasSubstr("kept as text: its properties are")));
}

TEST(MarkdownNote, TakesItsTimesFromDates) {
  const auto times = [](std::string_view block) {
    const auto note = of(block);
    return (note.created_at ? to_iso8601(*note.created_at) : "-") + " " +
           (note.updated_at ? to_iso8601(*note.updated_at) : "-");
  };
  EXPECT_EQ(times("created: 2024-05-01\nlastmod: 2024-05-02T10:00:00+02:00"),
            "2024-05-01T00:00:00.000Z 2024-05-02T08:00:00.000Z");
  EXPECT_EQ(times("Date Created: 2024-05-01\ndate: 2020-01-01"), "2024-05-01T00:00:00.000Z -");
  EXPECT_EQ(times("date: 2020-01-01 12:30"), "2020-01-01T12:30:00.000Z -");
  EXPECT_EQ(times("updated_at: 2020-01-01"), "- 2020-01-01T00:00:00.000Z");
  EXPECT_EQ(times("due: 2020-01-01"), "- -");
  EXPECT_EQ(times("created: 2999-01-01"), "- -");
  EXPECT_THAT(of("created: 2999-01-01").remarks, ElementsAre(HasSubstr("yet to come")));
  EXPECT_THAT(of("created: May").remarks, ElementsAre(HasSubstr("no date")));
  EXPECT_EQ(times("created: 2024-05-02\nupdated: 2024-05-01"),
            "2024-05-02T00:00:00.000Z 2024-05-02T00:00:00.000Z");
  EXPECT_EQ(moment("2024-05-01T10:20:30.5Z"), "2024-05-01T10:20:30.500Z");
  EXPECT_EQ(moment("2024-05-01 10:20:30 +0200"), "2024-05-01T08:20:30.000Z");
  EXPECT_EQ(moment("2024-05-01T10:20-03"), "2024-05-01T13:20:00.000Z");
  for (const auto* text : {"", "2024", "2024-05", "2024-13-01", "2024-05-01x", "2024/05/01", "-"}) {
    EXPECT_EQ(moment(text), "none") << text;
  }
}

TEST(MarkdownNote, KnowsTheNoteThatItWasExportedFrom) {
  const auto note =
      of("created: 2020-01-01\nsynap:\n  id: 01980000-0000-7000-8000-000000000001\n  version: 3\n"
         "  createdAt: 2001-01-01T00:00:00.000Z\n  updatedAt: 2002-01-01T00:00:00.000Z\n"
         "  properties: {title: [x]}");
  EXPECT_EQ(note.exported_id, "01980000-0000-7000-8000-000000000001");
  EXPECT_EQ(note.exported_version, 3);
  EXPECT_EQ(to_iso8601(*note.created_at), "2001-01-01T00:00:00.000Z");
  EXPECT_EQ(note.properties.dump(), R"({"created":"2020-01-01","title":["x"]})");
  EXPECT_EQ(of("synap: mine").properties.dump(), R"({"synap":"mine"})");
}

// What somebody wrote into the export's own member is a property as any other.
TEST(MarkdownNote, KeepsWhatAnExportDoesNotSay) {
  constexpr std::string_view kId = "01980000-0000-7000-8000-000000000001";
  const auto yaml =
      of("synap:\n  id: 01980000-0000-7000-8000-000000000001\n  version: 3\n"
         "  extra: 1.50\n  createdAt: yesterday\n  tags: [1]");
  EXPECT_EQ(yaml.exported_id, kId);
  EXPECT_EQ(yaml.properties.dump(), R"({"synap":{"extra":1.5,"createdAt":"yesterday","tags":[1]},)"
                                    R"("$spelling":{"/synap/extra":"1.50"}})");
  const auto json = read(
      ";;;\n{\"synap\":{\"id\":\"01980000-0000-7000-8000-000000000001\",\"version\":3,"
      "\"properties\":{\"a\":1,\"$spelling\":{\"/a\":\"1.0\"}},\"extra\":2.0},\"b\":3.0}\n;;;\nx",
      {});
  EXPECT_EQ(json->exported_id, kId);
  EXPECT_EQ(json->properties.dump(),
            R"({"synap":{"extra":2},"b":3,"a":1,)"
            R"("$spelling":{"/a":"1.0","/b":"3.0","/synap/extra":"2.0"}})");
  EXPECT_THAT(json->remarks, ElementsAre());
  const auto toml = read(
      "+++\n[synap]\nid = '01980000-0000-7000-8000-000000000001'\nversion = 3\nextra = 'x'\n+++\nx",
      {});
  EXPECT_EQ(toml->properties.dump(), R"({"synap":{"extra":"x"}})");
}

TEST(MarkdownNote, TellsWhatTheExportsOwnMemberOverrules) {
  const auto note =
      of("title: Mine\ntags: [mine]\na: 2\nb: 1\nsynap:\n"
         "  id: 01980000-0000-7000-8000-000000000001\n  version: 3\n"
         "  title: Its\n  tags: [its]\n  properties: {a: 1, b: 1}");
  EXPECT_EQ(note.title, "Its");
  EXPECT_EQ(note.properties.dump(), R"({"a":1,"b":1})");
  EXPECT_THAT(note.remarks, ElementsAre(HasSubstr("\"title\" is in \"synap\" too"),
                                        HasSubstr("\"tags\" is in \"synap\" too"),
                                        HasSubstr("\"a\" is in \"synap\" too")));
}

TEST(MarkdownNote, SaysHowManyTagsItLeavesOut) {
  std::string many;
  for (int i = 0; i < 150; ++i) many += "t" + std::to_string(i) + ", ";
  EXPECT_THAT(of("tags: [" + many + "]").remarks,
              ElementsAre(HasSubstr("50 tags are left out, the first is \"t100\": a note has")));
  EXPECT_THAT(of("tags: [a, " + std::string(101, 'x') + "]").remarks,
              ElementsAre(HasSubstr("the tag \"xxxxxxxxxxxxxxxxxxxx…\" is left out")));
}

TEST(MarkdownNote, TellsOfANumberThatStandsForADate) {
  for (const auto* block : {"created: 20240501", "created: 1714550400", "created: 2024",
                            "created: [2024-05-01]", "created: true"}) {
    const auto note = of(block);
    EXPECT_EQ(note.created_at, std::nullopt) << block;
    EXPECT_THAT(note.remarks, ElementsAre(HasSubstr("\"created\" is no date of ISO 8601")));
  }
  EXPECT_THAT(of("created:").remarks, ElementsAre());
  EXPECT_EQ(to_iso8601(*of("created: 20240501\ndate: 2024-05-02").created_at),
            "2024-05-02T00:00:00.000Z");
}

TEST(MarkdownNote, AddsTagsOfTheCommandBehindItsOwn) {
  EXPECT_THAT(read("---\ntags: [a, b]\n---\nB", {"b", "#c"})->tags, ElementsAre("a", "b", "c"));
}

TEST(MarkdownNote, IsRefusedIfEmptyOrNoUtf8OrTooLarge) {
  EXPECT_EQ(refusal(""), "empty");
  EXPECT_EQ(refusal(" \n\t\n"), "empty");
  EXPECT_EQ(refusal("ab\xff"), "no UTF-8: byte 3 is wrong");
  EXPECT_THAT(refusal(std::string(kFileBytesMax + 1, 'a')), HasSubstr("at most 10 MiB"));
  EXPECT_THAT(refusal(std::string(5'000'001, 'a')), HasSubstr("at most 5000000"));
}

}  // namespace
}  // namespace synap::cli

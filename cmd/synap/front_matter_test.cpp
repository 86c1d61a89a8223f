#include "synap/front_matter.h"

#include <gmock/gmock.h>

namespace synap::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string yaml(std::string_view block) {
  const auto found = read_yaml_properties(block);
  return found ? found->values.dump() : found.error().message;
}
std::string toml_values(std::string_view block) {
  const auto found = read_toml_properties(block);
  return found ? found->values.dump() : found.error().message;
}
std::vector<std::string> remarks(std::string_view block) {
  const auto found = read_yaml_properties(block);
  return found ? found->remarks : std::vector<std::string>{"refused: " + found.error().message};
}
std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

TEST(FrontMatter, IsTakenOffTheText) {
  for (const auto* text :
       {"---\na: 1\n---\n# B\n", "---\r\na: 1\r\n---\r\n# B\n", "--- \na: 1\n...\n# B\n",
        "+++\na = 1\n+++\n# B\n", ";;;\n{\"a\":1}\n;;;\n# B\n", "{\"a\": 1}\n# B\n",
        "{\n  \"a\": 1\n}\n# B\n", "---\n{\"a\": 1}\n---\n# B\n"}) {
    const auto found = read_front_matter(text);
    EXPECT_EQ(found.properties.values.dump(), R"({"a":1})") << text;
    EXPECT_EQ(found.body, "# B\n") << text;
    EXPECT_TRUE(found.is_there);
  }
  EXPECT_EQ(read_front_matter("---\n---\nx").body, "x");
  EXPECT_EQ(read_front_matter("---\n# only a comment\n---\nx").body, "x");
}

TEST(FrontMatter, IsNotThereWithoutItsFirstLine) {
  for (const auto* text : {"", "# A\n---\na: b\n---\n", "----\na: b\n---\n", " ---\na: b\n---",
                           "{{ template }}\n", "{: .class}\n", "{\"a\": 1} b\n", "{\"a\": 1\n"}) {
    const auto found = read_front_matter(text);
    EXPECT_EQ(found.body, text);
    EXPECT_FALSE(found.is_there);
    EXPECT_EQ(found.problem, "");
  }
}

TEST(FrontMatter, StaysTextWhereItCannotBeReadAndSaysWhy) {
  for (const auto* text : {"---\na: \"x\n---\nB", "---\na: [b\n---\nB", "---\nprose\n---\nB",
                           "---\na: b\nprose\n---\nB", "---\n- a\n---\nB", "---\na: *b\n---\nB",
                           "---\na: \"\\q\"\n---\nB", "---\na: @b\n---\nB", "---\n**A**\n---\nB",
                           "---\na: b\n--- c\n---\nB", "---\na: [b,,c]\n---\nB",
                           "+++\na = \n+++\nB", "+++\na = 1\na = 2\n+++\nB", ";;;\n[]\n;;;\nB"}) {
    const auto found = read_front_matter(text);
    EXPECT_THAT(found.problem, HasSubstr("the front matter is kept as text: ")) << text;
    EXPECT_EQ(found.body, text);
    EXPECT_EQ(found.behind, "B");
  }
  // A quote that nothing closes is wrong where it begins, and not where the block ends.
  const std::pair<std::string_view, std::string_view> places[] = {
      {"---\na: 1\nb: \"open\nc: d\n---\n", "line 3, column 4: a quote is not closed"},
      {"---\na: it's\n\"b\": 'open\nc: d\n---\n", "line 3, column 6: a quote is not closed"},
      {"---\na: [\"x\", \"ö\", 'open]\nc: d\n---\n", "line 2, column 15: a quote is not closed"},
      {"---\nä: \"\\q\"\n---\n", "line 2, column 5: unknown escape"},
      {"+++\na = 1\nb = [1,\n c = 2\n+++\n", "line 4, column 2: "},
      {";;;\n{\"a\": 1,\n \"b\" 2}\n;;;\n", "line 3, column 6: "},
      {"{\"ä\": 1,\"b\" 2}\n", "line 1, column 13: "}};
  for (const auto& [text, place] : places) {
    EXPECT_THAT(read_front_matter(text).problem, HasSubstr(place)) << text;
  }
  // To yaml-cpp this is the end of its input.
  EXPECT_THAT(read_front_matter("---\na: b\n\x04\nc: d\n---\n").problem,
              HasSubstr("line 3, column 1: a control character"));
  EXPECT_THAT(read_front_matter("---\na: b\nprose\n---\n").problem,
              HasSubstr("line 3, column 1: "));
  EXPECT_THAT(read_front_matter("---\ntitle: A\n# Body\n").problem, HasSubstr("has no end"));
  EXPECT_EQ(read_front_matter("---\nA rule above prose.\n").problem, "");
}

TEST(YamlProperties, HaveTheTypesOfTheCoreSchema) {
  EXPECT_EQ(yaml("a: true\nb: False\nc: yes\nd: on"), R"({"a":true,"b":false,"c":"yes","d":"on"})");
  EXPECT_EQ(yaml("a:\nb: ~\nc: null\nd: 'null'"), R"({"a":null,"b":null,"c":null,"d":"null"})");
  EXPECT_EQ(yaml("a: 012\nb: 0x1F\nc: 0o17\nd: +3\ne: 1_000"),
            R"({"a":12,"b":31,"c":15,"d":3,"e":"1_000"})");
  EXPECT_EQ(yaml("a: 1.50\nb: .5\nc: 1.\nd: 1e3\ne: 1.2.3\nf: 1e"),
            R"({"a":1.5,"b":0.5,"c":1,"d":1000,"e":"1.2.3","f":"1e"})");
  EXPECT_EQ(yaml("a: 2024-05-01\nb: 2024-05-01 10:00:00\nc: 12:30"),
            R"({"a":"2024-05-01","b":"2024-05-01 10:00:00","c":"12:30"})");
  EXPECT_EQ(yaml("a: !!str 2024\nb: !!int '3'\nc: ! 12"), R"({"a":"2024","b":3,"c":"12"})");
  EXPECT_EQ(yaml("a: 12345678901234567890\nb: 1e999\nc: .inf\nd: .nan"),
            R"({"a":12345678901234567000,"b":"1e999","c":".inf","d":".nan"})");
}

TEST(YamlProperties, KeepHowTheSourceSpellsANumber) {
  const auto found = read_yaml_properties("a: 1.0\nb: [2, 0x10]\nc: {d/e: 1e3}\nf: 7\ng: '1.0'");
  EXPECT_THAT(found->spellings,
              ElementsAre(Pair("/a", "1.0"), Pair("/b/1", "0x10"), Pair("/c/d~1e", "1e3")));
  // Where an alias or a merge puts the value, its spelling goes along.
  EXPECT_THAT(read_yaml_properties("a: &x {n: 1.0}\nb: *x\nc: {<<: *x}\n")->spellings,
              ElementsAre(Pair("/a/n", "1.0"), Pair("/b/n", "1.0"), Pair("/c/n", "1.0")));
  EXPECT_THAT(read_yaml_properties("a: 1.0\na: 2\n? [1.0]\n: x")->spellings, IsEmpty());
}

TEST(YamlProperties, HaveTextsOfEveryStyle) {
  EXPECT_EQ(yaml("a: >-\n  b\n  c\nd: |\n  e\n\n  f\ng: 'it''s'\nh: x\n  y"),
            R"({"a":"b c","d":"e\n\nf\n","g":"it's","h":"x y"})");
  EXPECT_EQ(yaml(R"(a: "\x41\u00e9\U0001F331\n\t")"), "{\"a\":\"Aé🌱\\n\\t\"}");
  EXPECT_EQ(yaml(R"(a: "\ud83c\udf31 \\ud83c"
b: '\u00e9')"),
            R"({"a":"🌱 \\ud83c","b":"\\u00e9"})");
  EXPECT_THAT(yaml(R"(a: "\ud83c")"), HasSubstr("line 2, column 5: invalid unicode"));
}

TEST(YamlProperties, HaveEveryKindOfName) {
  EXPECT_EQ(yaml("og:title: a\n(up): b\nA: 1\na: 2\n\"q r\": 3\n4: 5\n? [x, y]\n: z"),
            R"-({"og:title":"a","(up)":"b","A":1,"a":2,"q r":3,"4":5,"[\"x\",\"y\"]":"z"})-");
  EXPECT_EQ(yaml("tags: [\n\"a\",\n\"b\"\n]"), R"({"tags":["a","b"]})");
}

TEST(YamlProperties, MergeMapsAndFollowAliases) {
  EXPECT_EQ(yaml("a: &x [1, 2]\nb: *x"), R"({"a":[1,2],"b":[1,2]})");
  EXPECT_EQ(yaml("d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  b: 3"),
            R"({"d":{"a":1,"b":2},"e":{"b":3,"a":1}})");
  EXPECT_EQ(yaml("<<: [{a: 1}, {a: 2, b: 3}]"), R"({"a":1,"b":3})");
  EXPECT_EQ(yaml("<<: x\n\"<<\": {a: 1}"), R"({"<<":{"a":1}})");
}

TEST(YamlProperties, TellWhatTheyChange) {
  EXPECT_THAT(remarks("a: 1\nb: 2\na: 3"), ElementsAre(HasSubstr("line 4: \"a\" is there twice")));
  EXPECT_THAT(remarks("a: !foo 3"), ElementsAre(HasSubstr("the type !foo is not known")));
  EXPECT_THAT(remarks("a: !!binary aGk="), ElementsAre(HasSubstr("the type !!binary")));
  EXPECT_THAT(remarks("a: .inf"), ElementsAre(HasSubstr(".inf is kept as text")));
  EXPECT_THAT(remarks("# c\na: b # d\nc: \"e # f\"\ng: |\n  # h\n  i # j"),
              ElementsAre("comments of the front matter are left out: 2"));
  EXPECT_THAT(remarks("title: Core (Split: two)"), ElementsAre(HasSubstr("line 2: a colon")));
  EXPECT_THAT(remarks("a: b\nc: [d, 'e']\nf: C#"), IsEmpty());
}

TEST(YamlProperties, AreBounded) {
  EXPECT_THAT(yaml(repeated("[", 100'000)), HasSubstr("inside each other"));
  EXPECT_THAT(yaml("a: " + repeated("{a: ", 100'000)), HasSubstr("inside each other"));
  EXPECT_THAT(yaml(repeated("- ", 100'000)), HasSubstr("inside each other"));
  EXPECT_THAT(yaml(repeated("? ", 100'000)), HasSubstr("inside each other"));
  EXPECT_THAT(yaml("a: [" + repeated("1, ", kBlockValuesMax) + "1]"), HasSubstr("more than 20000"));
  std::string laughs = "a0: &a0 [lol, lol, lol]\n";
  for (int i = 1; i < 30; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
              repeated("*a" + std::to_string(i - 1) + ", ", 9) + "]\n";
  }
  EXPECT_THAT(yaml(laughs), HasSubstr("it has more than 20000 values"));
  EXPECT_THAT(yaml("a: &a " + std::string(1'000, 'x') + "\nb: [" + repeated("*a, ", 1'000) + "]"),
              HasSubstr("its aliases stand for more"));
  EXPECT_THAT(yaml("a: &a [*a]"), HasSubstr("stands for what it is in"));
  EXPECT_THAT(read_front_matter("---\na: " + std::string(kBlockBytesMax, 'x') + "\n---\n").problem,
              HasSubstr("longer than"));
}

TEST(JsonProperties, HaveNoComments) {
  const auto found = read_json_properties("{\"#c\":\" # d\", \"a\":\"x\\u0000 # c\"}");
  ASSERT_TRUE(found);
  EXPECT_THAT(found->remarks, IsEmpty());
}

TEST(TomlProperties, AreRead) {
  EXPECT_EQ(toml_values("a = \"b\"\nc = [1, 2.5, true]\n[d]\ne = 'f'\n[[g]]\nh = 1"),
            R"({"a":"b","c":[1,2.5,true],"d":{"e":"f"},"g":[{"h":1}]})");
  EXPECT_EQ(toml_values("'é' = 1979-05-27T07:32:00-08:00\nb = 2024-05-01 # c\nc = 07:32:00"),
            R"({"b":"2024-05-01","c":"07:32:00","é":"1979-05-27T07:32:00-08:00"})");
  const auto found = read_toml_properties("a = 1_000\nb = [0xff, 2]\nc = 1.0 # d");
  EXPECT_EQ(found->values.dump(), R"({"a":1000,"b":[255,2],"c":1})");
  EXPECT_THAT(found->spellings,
              ElementsAre(Pair("/a", "1_000"), Pair("/b/0", "0xff"), Pair("/c", "1.0")));
  EXPECT_THAT(found->remarks, ElementsAre("comments of the front matter are left out: 1"));
  EXPECT_THAT(toml_values("a = inf"), HasSubstr("\"inf\""));
}

TEST(TomlProperties, AreBounded) {
  EXPECT_THAT(toml_values("a = " + repeated("[", 100'000)), HasSubstr("line 2"));
  EXPECT_THAT(toml_values(repeated("a.", 100'000) + "a = 1"), HasSubstr("too many dots"));
  EXPECT_THAT(toml_values("[" + repeated("a.", 100) + "a]"), HasSubstr("inside each other"));
}

TEST(JsonProperties, TellOfNamesThatComeTwice) {
  const auto found = read_json_properties("{\"a\": 1,\n\"a\": 2.0}");
  EXPECT_EQ(found->values.dump(), R"({"a":2})");
  EXPECT_THAT(found->remarks, ElementsAre(HasSubstr("\"a\" is there twice")));
  EXPECT_THAT(found->spellings, ElementsAre(Pair("/a", "2.0")));
}

TEST(JsonProperties, KeepHowTheSourceSpellsANumber) {
  constexpr std::string_view kObject =
      R"({"price":12.50,"id":90071992547409931,"in":[1,{"a/b":1E2}],"zero":-0,"n":1.5,"t":"1.0"})";
  const std::string fenced = ";;;\n" + std::string(kObject) + "\n;;;\nb";
  const std::string bare = std::string(kObject) + "\nb";
  for (const auto& text : {fenced, bare}) {
    const auto found = read_front_matter(text);
    ASSERT_TRUE(found.is_there) << found.problem;
    EXPECT_THAT(found.properties.spellings,
                ElementsAre(Pair("/id", "90071992547409931"), Pair("/in/1/a~1b", "1E2"),
                            Pair("/price", "12.50"), Pair("/zero", "-0")));
    EXPECT_THAT(found.properties.remarks, IsEmpty());
  }
  EXPECT_THAT(read_json_properties(R"({"a":{"b":1.0},"a":{"c":2}})")->spellings, IsEmpty());
}

TEST(JsonProperties, KeepANumberBeyondADoubleAsTextAndTell) {
  const auto found =
      read_json_properties("{\"price\":12.50,\n\"huge\":1e400,\"in\":[-1e-400],\"no\":0e-400}");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->values.dump(), R"({"price":12.5,"huge":"1e400","in":["-1e-400"],"no":0})");
  EXPECT_THAT(found->spellings, ElementsAre(Pair("/no", "0e-400"), Pair("/price", "12.50")));
  EXPECT_THAT(found->remarks,
              ElementsAre("line 3: 1e400 is kept as text: JSON has no such number",
                          "line 3: -1e-400 is kept as text: JSON has no such number"));
  EXPECT_THAT(read_front_matter("{\"a\":1e400}\nb").properties.remarks,
              ElementsAre(HasSubstr("line 1: 1e400")));
  EXPECT_THAT(remarks("a: 1e999\nb: '1e999'"),
              ElementsAre("line 2: 1e999 is kept as text: JSON has no such number"));
  EXPECT_THAT(remarks("a: 1e-999"), ElementsAre(HasSubstr("1e-999 is kept as text")));
  EXPECT_THAT(remarks("a: 0x1FFFFFFFFFFFFFFFFF\nb: 0o7777777777777777777777777\nc: 0xff"),
              ElementsAre("line 2: 0x1FFFFFFFFFFFFFFFFF is kept as text: JSON has no such number",
                          HasSubstr("line 3: 0o7777777777777777777777777 is kept as text")));
  const auto toml = read_toml_properties("a = 1e-999\nb = 0e1\nc = -0.0");
  EXPECT_THAT(toml->spellings, ElementsAre(Pair("/b", "0e1"), Pair("/c", "-0.0")));
  EXPECT_EQ(toml->values.find("a")->dump(), "\"1e-999\"");
  EXPECT_THAT(toml->remarks, ElementsAre(HasSubstr("1e-999 is kept as text")));
}

TEST(YamlProperties, TellOfDirectives) {
  EXPECT_THAT(remarks("%YAML 1.1"), ElementsAre("line 2: the directive %YAML 1.1 is left out"));
  EXPECT_THAT(remarks("# c\n%TAG ! tag:x,2000:"),
              ElementsAre(HasSubstr("line 3: the directive %TAG"), HasSubstr("comments")));
  EXPECT_THAT(remarks("a: |\n  b\n  %c\n"), IsEmpty());
}

}  // namespace
}  // namespace synap::cli

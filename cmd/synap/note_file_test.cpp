#include "synap/note_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "synap/front_matter.h"
#include "synap/markdown_note.h"

namespace synap::cli {
namespace {

Json note_of(std::string_view properties, std::string_view title = "T",
             std::string_view content = "Text\n") {
  return Json::object({{"id", "01980000-0000-7000-8000-000000000001"},
                       {"version", 3},
                       {"createdAt", "2001-01-01T00:00:00.000Z"},
                       {"updatedAt", "2002-01-01T00:00:00.000Z"},
                       {"title", title},
                       {"tags", Json::array().push_back("a").push_back("b, c")},
                       {"properties", *parse_json(properties)},
                       {"content", content}});
}
std::string file_of(const Json& note) {
  const auto file = note_file(note);
  return file ? *file : file.error().message;
}

TEST(NoteFile, IsReadableFrontMatterAndTheText) {
  EXPECT_EQ(file_of(note_of(R"({"created":"2024-05-01","rating":1,"up":{"of":["x",null,[]]},)"
                            R"("no":"1.0","$spelling":{"/rating":"1.0"}})")),
            "---\ntitle: T\ntags:\n  - a\n  - b, c\ncreated: 2024-05-01\nrating: 1.0\nup:\n  of:\n"
            "    - x\n    - null\n    - []\n\"no\": \"1.0\"\n"
            "synap:\n  id: 01980000-0000-7000-8000-000000000001\n  version: 3\n"
            "  createdAt: 2001-01-01T00:00:00.000Z\n  updatedAt: 2002-01-01T00:00:00.000Z\n---\n"
            "Text\n");
}

TEST(NoteFile, SaysNoNameTwice) {
  for (const char* properties :
       {R"({"tags":["a","b, c"]})", R"({"tags":"x"})", R"({"title":"T"})", R"({"title":null})"}) {
    const auto note = note_of(properties);
    const auto file = file_of(note);
    EXPECT_TRUE(file.starts_with(";;;")) << file;
    EXPECT_TRUE(is_file_of(file, note)) << file;
  }
  // One that was too long for a title is a property, too, and an import would read both.
  const auto title = std::string(500, 't');
  auto cut = note_of(fmt::format(R"({{"title":"{}"}})", title + "ttt"));
  cut.set("title", title);
  EXPECT_TRUE(file_of(cut).starts_with(";;;"));
}

TEST(NoteFile, WritesNoCharacterThatYamlForbids) {
  // U+009B begins escape sequences, U+2028 ends lines for some, U+FEFF is a mark of the beginning.
  const auto note = note_of(
      "{\"a\":\"x\xc2\x9b[31m\",\"b\":\"x\x7f\",\"c\":\"\xe2\x80\xa8\",\"d\":[\"\xef\xbb\xbf\"],"
      "\"e\xc2\x85\":1}",
      "T\xc2\x9bT");
  const auto file = file_of(note);
  EXPECT_TRUE(file.starts_with("---\ntitle: \"T\\u009bT\"\n")) << file;
  for (const char* raw : {"\xc2\x9b", "\x7f", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xc2\x85"}) {
    EXPECT_EQ(file.find(raw), std::string::npos) << file;
  }
  EXPECT_TRUE(is_file_of(file, note)) << file;
}

// What an import makes of `bytes`, as the pod shows it.
Json imported(std::string_view bytes) {
  const auto note = read_note("a.md", bytes, {}, INT64_MAX / 2);
  EXPECT_TRUE(note);
  Json shown = note_of("{}", note->title, note->content);
  Json tags = Json::array();
  for (const auto& tag : note->tags) tags.push_back(tag);
  shown.set("tags", std::move(tags));
  shown.set("properties", note->properties);
  return shown;
}

TEST(NoteFile, AMemberOfTheExportsNameThatIsNoMarkIsAPropertyLikeAny) {
  for (const char* block :
       {"synap: x", "synap: {id: 0197999000000000001, version: 2}",
        "synap: {id: 1, properties: {a: 1}}", "synap: [1]", "synap: 1.0",
        "t: T\nsynap:\n  id: 0197999000000000001\n  version: pp \nro3 ertsion: pp "
        "\nro3 ert;;;ies: {a: 1}"}) {
    const auto note = imported(std::string("---\n") + block + "\n---\nx");
    const auto file = note_file(note);
    EXPECT_TRUE(file) << block << ": " << file.error().message << "\n" << note.dump();
    if (file) EXPECT_TRUE(is_file_of(*file, note)) << *file;
  }
}

// A file that says more than the note has was edited, and is not written over.
TEST(NoteFile, IsAnExportOnlyWhereItLeavesNothingOut) {
  const auto note = note_of(R"({"a":1,"date":"yesterday"})");
  const auto file = file_of(note);
  EXPECT_TRUE(is_export_of(file, note));
  const auto edited = [&](std::string_view from, std::string_view to) {
    auto text = file;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_TRUE(is_export_of(edited("a: 1", "'a':   1"), note));
  EXPECT_FALSE(is_export_of(edited("a: 1", "a: 1 # precious"), note));
  EXPECT_FALSE(is_export_of(edited("a: 1", "a: 7\na: 1"), note));
  EXPECT_FALSE(is_export_of(edited("  version:", "  extra: precious\n  version:"), note));
  EXPECT_FALSE(is_export_of(edited("  version:", "  title: T\n  tags: [a]\n  version:"), note));
}

// The pod has the nearest double of it, as JavaScript does: the digits are in its spelling.
TEST(NoteFile, ANumberOfMoreDigitsThanADoubleHasKeepsThem) {
  for (const char* block :
       {"---\nid: 197999000000000001\n---\nx", "+++\nid = 197999000000000001\n+++\nx",
        ";;;\n{\"id\": 197999000000000001}\n;;;\nx", "---\nid: -9223372036854775807\n---\nx"}) {
    const auto note = imported(block);
    const Json& properties = *note.find("properties");
    EXPECT_EQ(*parse_json(properties.dump()), properties) << "as the pod keeps it";
    const auto* spelling = properties.find("$spelling");
    ASSERT_NE(spelling, nullptr) << block;
    EXPECT_NE(std::string(block).find(spelling->string_or("/id", "?")), std::string::npos);
    EXPECT_TRUE(note_file(note)) << block;
  }
}

TEST(NoteFile, APropertyThatNoClientCouldReadIsWrittenAsItWasRead) {
  const auto note = note_of(R"({"a":1,"$spelling":{"/__proto__":"{\"b\":[1,\"x\"]}"}})");
  const auto file = file_of(note);
  EXPECT_NE(file.find("\n\"__proto__\":\n  b:\n    - 1\n    - x\n"), std::string::npos) << file;
  EXPECT_TRUE(is_file_of(file, note)) << file;
}

TEST(NoteFile, TheEscapesOfYamlForALineAndABlankOfUnicodeAreText) {
  const auto note = imported("---\na: \"x\\Ny\\_z \u00e9\\N\"\n---\nx");
  EXPECT_EQ(note.find("properties")->string_or("a", ""), "x\u0085y\u00a0z \u00e9\u0085");
  EXPECT_TRUE(note_file(note));
}

TEST(NoteFile, IsReadBackAsTheNoteWhateverTheNoteHas) {
  const auto long_name = std::string(2'000, 'n');
  std::string deep = "1";
  for (int i = 0; i < 31; ++i) deep = i % 2 == 0 ? "[" + deep + "]" : R"({"a":)" + deep + "}";
  const std::string properties[] = {
      "{}",
      R"({"a":true,"b":"true","c":"~","d":"","e":" x ","f":"x: y","g":"x #y","h":"x:","i":"- x"})",
      R"({"a":"line\nline\n","b":"\u0000\u0007\u007f\u0085\u2028\ufeff","c":"'\"\\","d":"🌱"})",
      R"({"5":1,"null":2,"yes":3,"":4,"a b":5,"a: b":6,"- a":7,"<<":{"a":1},"é":8,"#":9,"?":10})",
      R"({"a":1e300,"b":-0.1,"c":12345678901234,"d":"1e3","e":"0x10",".inf":".inf"})",
      R"({"a":[],"b":{},"c":[[],[{}],[[1,[2]]],{"x":[{"y":{"z":[]}}]}]})",
      R"({"title":"x","Title":"y","tags":{"a":1},"Tags":2,"synap":3})",
      R"({"synap":{"id":"01980000-0000-7000-8000-000000000009","version":1}})",
      R"({"$spelling":{"/a":"0x10"},"a":16})",
      R"({"$spelling":{"/a":"1_0"},"a":10})",
      R"({"$spelling":"mine","a":10})",
      R"({"a":"---\n...\n;;;","b":"--- a","---":"..."})",
      R"({")" + long_name + R"(":1})",
      R"({"a":)" + deep + "}",
      R"({"date":"yesterday","updated":"2999-01-01"})",
  };
  for (const auto& text : properties) {
    const auto note = note_of(text);
    const auto file = file_of(note);
    EXPECT_TRUE(is_file_of(file, note)) << file;
  }
  for (const auto* title : {" T ", "a\nb", "#", "\"", "2024", "null", "x: y", "[a]", "‮x", "—"}) {
    const auto note = note_of("{}", title);
    EXPECT_TRUE(is_file_of(file_of(note), note)) << title;
  }
  for (const auto* content : {"\n", " \n", "\xef\xbb\xbf# A", "---\na: b\n---\n", "\r\n\r\nx"}) {
    const auto note = note_of("{}", "T", content);
    EXPECT_TRUE(is_file_of(file_of(note), note)) << content;
  }
}

TEST(NoteFile, OfManyValuesIsJson) {
  std::string list = "[1";
  for (int i = 0; i < 25'000; ++i) list += ",1";
  const auto note = note_of(R"({"a":)" + list + "]}");
  EXPECT_TRUE(file_of(note).starts_with(";;;"));
  EXPECT_TRUE(is_file_of(file_of(note), note));
}

TEST(NoteFile, HasANameThatIsSafe) {
  EXPECT_EQ(file_name_of("A plan: two/three"), "A plan two three");
  EXPECT_EQ(file_name_of("../../etc/passwd"), "etc passwd");
  EXPECT_EQ(file_name_of(".hidden. "), "hidden");
  EXPECT_EQ(file_name_of("-rf"), "_-rf");
  EXPECT_EQ(file_name_of("CON"), "_CON");
  EXPECT_EQ(file_name_of("lpt1.x"), "_lpt1.x");
  EXPECT_EQ(file_name_of(std::string("a\0b\n\x1b[31m", 9)), "a b [31m");
  EXPECT_EQ(file_name_of("\xe2\x80\xaegnp.exe"), "gnp.exe");
  EXPECT_EQ(file_name_of("..."), "Untitled");
  EXPECT_EQ(file_name_of(""), "Untitled");
  EXPECT_EQ(file_name_of("Über 🌱"), "Über 🌱");
  std::string faces;
  for (int i = 0; i < 100; ++i) faces += "🌱";
  EXPECT_EQ(file_name_of(faces), faces.substr(0, 120));
}

TEST(NoteFile, NamesClashWhereOnlyTheCaseDiffers) {
  FileNames names;
  EXPECT_TRUE(names.take("Übung.md"));
  EXPECT_FALSE(names.take("übung.md"));
  EXPECT_TRUE(names.take("Ubung.md"));
}

}  // namespace
}  // namespace synap::cli

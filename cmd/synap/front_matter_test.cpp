#include "synap/front_matter.h"

#include <gmock/gmock.h>

namespace synap::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string title(std::string_view block) {
  const auto text = "---\n" + std::string(block) + "\n---\nbody";
  return read_front_matter(text).title.value_or("(none)");
}
std::vector<std::string> tags(std::string_view block) {
  const auto text = "---\n" + std::string(block) + "\n---\nbody";
  return read_front_matter(text).tags;
}
std::string problem(std::string_view block) {
  const auto text = "---\n" + std::string(block) + "\n---\nbody";
  const auto found = read_front_matter(text);
  EXPECT_EQ(found.body == text, !found.problem.empty()) << "kept as text exactly if malformed";
  EXPECT_EQ(found.title.has_value() && !found.problem.empty(), false);
  return found.problem;
}

TEST(FrontMatter, IsTakenOffTheText) {
  const auto found = read_front_matter("---\ntitle: A\n---\n# Body\n");
  EXPECT_EQ(found.title, "A");
  EXPECT_EQ(found.body, "# Body\n");
  EXPECT_EQ(found.problem, "");
}

TEST(FrontMatter, EndsWithDotsOrWindowsLineEndsToo) {
  EXPECT_EQ(read_front_matter("---\ntitle: A\n...\nx").body, "x");
  const auto found = read_front_matter("---\r\ntitle: A\r\ntags:\r\n  - b\r\n---\r\nx\r\n");
  EXPECT_EQ(found.title, "A");
  EXPECT_THAT(found.tags, ElementsAre("b"));
  EXPECT_EQ(found.body, "x\r\n");
}

TEST(FrontMatter, MayBeEmpty) {
  const auto found = read_front_matter("---\n---\nx");
  EXPECT_EQ(found.body, "x");
  EXPECT_EQ(found.problem, "");
}

TEST(FrontMatter, IsNotThereWithoutAFirstLineOfDashes) {
  for (const auto* text :
       {"", "# A\n---\ntitle: A\n---\n", "----\ntitle: A\n---\n", " ---\na: b\n---"}) {
    const auto found = read_front_matter(text);
    EXPECT_EQ(found.body, text);
    EXPECT_EQ(found.problem, "");
  }
}

TEST(FrontMatter, ReadsTitlesOfEveryStyle) {
  EXPECT_EQ(title("title: Plain words"), "Plain words");
  EXPECT_EQ(title("title: Plain: with colon"), "Plain: with colon");
  EXPECT_EQ(title("title: C# notes # a comment"), "C# notes");
  EXPECT_EQ(title("title: 'It''s: quoted # here'"), "It's: quoted # here");
  EXPECT_EQ(title(R"(title: "A \"quote\" \u00e9 \\" # c)"), "A \"quote\" é \\");
  EXPECT_EQ(title("title: >-\n  Folded\n  lines"), "Folded lines");
  EXPECT_EQ(title("title: first\n  second"), "first second");
  EXPECT_EQ(title("Title: Upper"), "Upper");
  EXPECT_EQ(title("\"title\": Quoted key"), "Quoted key");
  EXPECT_EQ(title("title: 2024"), "2024");
  EXPECT_EQ(title("title:\ntags: [a]"), "(none)");
  EXPECT_EQ(title("title: ~"), "(none)");
  EXPECT_EQ(title("title: \"null\""), "null");
}

TEST(FrontMatter, ReadsTagsOfEveryStyle) {
  EXPECT_THAT(tags("tags: [a, \"b, c\", 'd']"), ElementsAre("a", "b, c", "d"));
  EXPECT_THAT(tags("tags: [a,\n  b,\n]"), ElementsAre("a", "b"));
  EXPECT_THAT(tags("tags: []"), IsEmpty());
  EXPECT_THAT(tags("tags:\n  - a\n  - \"b c\"\n  - d # why\n"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(tags("tags:\n- a\n- b"), ElementsAre("a", "b"));
  EXPECT_THAT(tags("tags: a, b c,d"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(tags("tags: one"), ElementsAre("one"));
  EXPECT_THAT(tags("tags: '#x, #y'"), ElementsAre("x", "y"));
  EXPECT_THAT(tags("tags: [a, a, ' a ']"), ElementsAre("a"));
  EXPECT_THAT(tags("tags:"), IsEmpty());
  EXPECT_THAT(tags("tags: null"), IsEmpty());
}

TEST(FrontMatter, LeavesOtherKeysAlone) {
  EXPECT_EQ(title("author:\n  name: B\n  title: Dr\ndate: 2024-01-01\n# title: no\ntitle: A"), "A");
}

TEST(FrontMatter, AMalformedBlockIsKeptAsTextAndSaid) {
  EXPECT_THAT(problem("title: \"open"), HasSubstr("a quote is not closed"));
  EXPECT_THAT(problem("title: A\ntags: [a, b"), HasSubstr("a list is not closed"));
  EXPECT_THAT(problem("tags: [a] b"), HasSubstr("text follows a closed list"));
  EXPECT_THAT(problem("tags: [a, [b]]"), HasSubstr("a tag is no text"));
  EXPECT_THAT(problem("tags:\n  a: b"), HasSubstr("the tags are no list"));
  EXPECT_THAT(problem("title: [a]"), HasSubstr("the title is no text"));
  EXPECT_THAT(problem("title:\n  - a"), HasSubstr("the title is a list"));
  EXPECT_THAT(problem("title: A\nJust some prose."), HasSubstr("line 3 has no key"));
  EXPECT_THAT(problem("  indented: a"), HasSubstr("line 2 belongs to no key"));
  EXPECT_THAT(problem("title: A\ntitle: B"), HasSubstr("twice"));
  EXPECT_THAT(problem("title: \"\\ud800\""), HasSubstr("\\u"));
}

TEST(FrontMatter, ABlockWithoutAnEndIsSaidIfItWasMeantAsOne) {
  EXPECT_THAT(read_front_matter("---\ntitle: A\n# Body\n").problem, HasSubstr("has no end"));
  EXPECT_EQ(read_front_matter("---\nA rule above prose.\n").problem, "");
}

}  // namespace
}  // namespace synap::cli

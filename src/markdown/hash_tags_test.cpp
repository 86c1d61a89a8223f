#include "markdown/hash_tags.h"

#include <gtest/gtest.h>

#include "markdown/html.h"

namespace synap::markdown {
namespace {

std::string found(std::string_view text) {
  std::string all;
  for (const auto& tag : hash_tags(text)) all += (all.empty() ? "" : " ") + tag;
  return all;
}

TEST(HashTags, AreFoundWhereverWordsStand) {
  EXPECT_EQ(found("#garden"), "garden");
  EXPECT_EQ(found("in the #garden, (#home) and \"#work\"."), "garden home work");
  EXPECT_EQ(found("# Title #one\n\n- #two\n- [ ] #three\n\n> #four\n\n| a | #five |\n|---|---|\n"),
            "one two three four five");
  EXPECT_EQ(found("| a | b |\n|---|---|\n| #five | x |\n"), "five");
  EXPECT_EQ(found("**#bold** and _#light_ and ~~#gone~~"), "bold light gone");
  EXPECT_EQ(found("one\n#second line\n#third"), "second third");
  EXPECT_EQ(found("#twice #twice"), "twice");
}

TEST(HashTags, HaveLettersDigitsSignsAndFourMarks) {
  EXPECT_EQ(found("#a_b_c #a-b #year/2026 #2026-w1 #x1"), "a_b_c a-b year/2026 2026-w1 x1");
  EXPECT_EQ(found("#\u00e4rger #\u6f22\u5b57 #\u0434\u0430 #\u0928\u092e\u0938\u094d\u0924\u0947"),
            "\u00e4rger \u6f22\u5b57 \u0434\u0430 \u0928\u092e\u0938\u094d\u0924\u0947");
  EXPECT_EQ(found("#\U0001f331 #\U0001f469\u200d\U0001f33e!"),
            "\U0001f331 \U0001f469\u200d\U0001f33e");
  EXPECT_EQ(found("#end. #then; #a/ #b// #c's \u201c#d\u201d #e\u2014f"), "end then a b c d e");
}

TEST(HashTags, AreNoneWhereOneWouldNotReadThem) {
  EXPECT_EQ(found("# one ## two ### three"), "");
  EXPECT_EQ(found("#1 #2026 #12/ # #- #_ #/x #2-4 #2026/05"), "");
  EXPECT_EQ(found("<a href=\"#top\">up</a> <a href='#b'>"), "");
  EXPECT_EQ(found("C#x a#b page.html#c x/#d ##e \\#f &#65; &#x41; a=#g"), "");
  EXPECT_EQ(found("`#a` ``#b``\n\n    #c\n\n```\n#d\n```\n"), "");
  EXPECT_EQ(found("https://example.com/#a <https://x.org/#b> [#c](https://x.org) [[N#d]] ![#e](x)"),
            "");
  EXPECT_EQ(found("#" + std::string(kHashTagCharactersMax + 1, 'x')), "");
  EXPECT_EQ(found("#" + std::string(kHashTagCharactersMax, 'x')),
            std::string(kHashTagCharactersMax, 'x'));
}

TEST(HashTags, AreTheSameInEveryUnicodeForm) {
  EXPECT_EQ(hash_tags("#cafe\u0301 #caf\u00e9"), std::vector<std::string>{"caf\u00e9"});
  EXPECT_EQ(with_tag_renamed("#cafe\u0301 #caf\u00e9 #cafe", "cafe\u0301", "bar"),
            "#bar #bar #cafe");
}

TEST(HashTags, AreAsWrittenWhereNfcIsTooLong) {
  std::string longer;
  for (int i = 0; i < 60; ++i) longer += "\u0958";
  EXPECT_EQ(hash_tags("#" + longer), std::vector{longer});
  EXPECT_EQ(with_tag_renamed("a #" + longer, longer, "b"), "a #b");
}

TEST(HashTags, AreBounded) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "#t" + std::to_string(i) + " ";
  EXPECT_EQ(hash_tags(text).size(), kHashTagsMax);
  const std::string line = "words and words\n";
  std::string long_text = "#first\n\n";
  while (long_text.size() < kTextBytesMax) long_text += line;
  EXPECT_EQ(found(long_text + "\n#last"), "first");
  EXPECT_EQ(found(std::string(kTextBytesMax + 1, '#')), "");
  EXPECT_EQ(found(std::string(1'000, '>') + "#a"), "");
  EXPECT_EQ(found("\xff#a \xc3 #b\xff"), "a b");
}

TEST(HashTags, AreRenamedWhereTheyAreTags) {
  EXPECT_EQ(with_tag_renamed("#a, #ab `#a` **#a**\n\\#a #a/b\n#a", "a", "new/x"),
            "#new/x, #ab `#a` **#new/x**\n\\#a #a/b\n#new/x");
  EXPECT_EQ(with_tag_renamed("in #a.", "a", ""), "in a.");
  EXPECT_EQ(with_tag_renamed("in #a.", "a", "two words"), "in a.");
  EXPECT_EQ(with_tag_renamed("in #a.", "b", "c"), "in #a.");
  EXPECT_EQ(with_tag_renamed("", "b", "c"), "");
}

TEST(HashTags, AreNames) {
  for (const auto* name : {"a", "a/b", "x1", "\u00e4"}) EXPECT_TRUE(is_hash_tag(name)) << name;
  for (const auto* name : {"", "1", "a b", "a/", "/a", "#a", "-", "a.b"}) {
    EXPECT_FALSE(is_hash_tag(name)) << name;
  }
}

}  // namespace
}  // namespace synap::markdown

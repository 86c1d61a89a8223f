#include "embedding/passages.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>
#include <string>
#include <vector>

#include "base/json.h"

namespace synap::embedding {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// A token for every four bytes of a word.
std::size_t count_tokens(std::string_view text) {
  std::size_t tokens = 0;
  std::size_t bytes = 0;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    bytes = is_space ? 0 : bytes + 1;
    if (bytes % 4 == 1) ++tokens;
  }
  return tokens;
}
PassageOptions options(std::size_t most, std::size_t shared = 0) {
  return {.tokens_max = most, .tokens_shared = shared, .count_tokens = count_tokens};
}
std::vector<std::string> texts_of(std::string_view text, const PassageOptions& options) {
  std::vector<std::string> texts;
  for (const auto& one : passages_of(text, options)) {
    texts.emplace_back(text.substr(one.begin, one.end - one.begin));
  }
  return texts;
}
std::string words(int count, std::string_view word = "word") {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{}{}", i == 0 ? "" : " ", word);
  return text;
}

TEST(Passages, AShortTextIsOne) {
  EXPECT_THAT(texts_of("# A\n\nshort text\n", options(20)), ElementsAre("# A\n\nshort text"));
  EXPECT_THAT(texts_of("", options(20)), IsEmpty());
  EXPECT_THAT(texts_of(" \n\t\r\n ", options(20)), IsEmpty());
}

TEST(Passages, AreCutBeforeHeadings) {
  const auto text =
      "# One\n" + words(12) + "\n\n## Two\n\n" + words(12) + "\n\nThree\n=====\n" + words(12);
  const auto texts = texts_of(text, options(20, 5));
  ASSERT_THAT(texts, SizeIs(3));
  EXPECT_THAT(texts[0], StartsWith("# One"));
  EXPECT_THAT(texts[1], StartsWith("## Two"));
  EXPECT_THAT(texts[2], StartsWith("Three"));
  // Small sections are together.
  EXPECT_THAT(texts_of(text, options(30)), SizeIs(2));
  const auto passages = passages_of(text, options(20, 5));
  EXPECT_EQ(
      text.substr(passages[1].heading_begin, passages[1].heading_end - passages[1].heading_begin),
      "## Two");
}

TEST(Passages, AreNotCutAtWhatOnlyLooksLikeAHeading) {
  for (const std::string_view line : {"#tag of a note", "    # code", "####### seven"}) {
    const auto text = fmt::format("{}\n{}\n{}", words(12), line, words(12));
    const auto texts = texts_of(text, options(20));
    ASSERT_THAT(texts, SizeIs(2));
    EXPECT_THAT(texts[1], StartsWith("word")) << line;
  }
  const auto code = "```sh\n" + words(8) + "\n# a comment\n" + words(12) + "\n```\n";
  EXPECT_THAT(texts_of(code, options(16))[1], StartsWith("word"));
  EXPECT_THAT(texts_of(code + words(4) + "\n# Heading\n" + words(12), options(40)).back(),
              StartsWith("# Heading"));
}

TEST(Passages, AreCutBetweenParagraphsThenSentencesThenWords) {
  EXPECT_THAT(texts_of(words(10) + "\n\n" + words(12), options(16)),
              ElementsAre(words(10), words(12)));
  EXPECT_THAT(texts_of(words(9) + " end. " + words(12), options(16)),
              ElementsAre(words(9) + " end.", words(12)));
  EXPECT_THAT(texts_of(words(20), options(16)), ElementsAre(words(16), words(4)));
  EXPECT_THAT(texts_of(words(9) + "\n- " + words(12), options(16)),
              ElementsAre(words(9), "- " + words(12)));
}

TEST(Passages, ShareTheirEndsWithTheNext) {
  const auto texts = texts_of(words(10) + " last one. " + words(20), options(16, 4));
  ASSERT_THAT(texts, SizeIs(testing::Ge(2)));
  EXPECT_EQ(texts[0], words(10) + " last one.");
  EXPECT_THAT(texts[1], StartsWith("word word last one. word"));
}

TEST(Passages, CutWordsThatAreLonger) {
  const std::string text(1000, 'x');
  std::size_t at = 0;
  for (const auto& passage : passages_of(text, options(20))) {
    EXPECT_EQ(passage.begin, at);
    at = passage.end;
  }
  EXPECT_EQ(at, text.size());
  std::string characters;
  for (int i = 0; i < 500; ++i) characters += "中";
  for (const auto& one : texts_of(characters, options(20))) EXPECT_TRUE(is_valid_utf8(one));
}

TEST(Passages, SayUnderWhichHeadingTheyAre) {
  const auto text = words(20) + "\n# One\n" + words(40);
  const auto passages = passages_of(text, options(16, 4));
  EXPECT_EQ(passages.front().heading_begin, passages.front().heading_end);
  EXPECT_EQ(text.substr(passages.back().heading_begin, 5), "# One");
}

// Texts by chance: whatever they are, all of them is in some passage, and no passage is too long.
TEST(Passages, HaveAllOfTheTextAndNoMoreThanFits) {
  std::mt19937 random(7);
  const std::vector<std::string_view> parts{"word ", "a",
                                            "\n",    "\n\n",
                                            "# ",    "## Two\n",
                                            "```\n", "end. ",
                                            "中文",  "- item\n",
                                            "---\n", "\t",
                                            "\r\n",  "verylongword",
                                            "\xFF",  "> ",
                                            "===\n", std::string_view("\0", 1)};
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    const auto count = random() % 200;
    for (unsigned j = 0; j < count; ++j) text += parts[random() % parts.size()];
    const auto most = 16 + random() % 50;
    const auto given = options(most, random() % (most / 2 + 1));
    std::vector<bool> is_seen(text.size());
    std::size_t last_begin = 0;
    std::size_t last_end = 0;
    for (const auto& passage : passages_of(text, given)) {
      ASSERT_LT(passage.begin, passage.end);
      ASSERT_LE(passage.end, text.size());
      ASSERT_TRUE(last_end == 0 || passage.begin > last_begin);
      ASSERT_GT(passage.end, last_end);
      last_begin = passage.begin;
      last_end = passage.end;
      ASSERT_LE(
          count_tokens(std::string_view(text).substr(passage.begin, passage.end - passage.begin)),
          most);
      for (auto at = passage.begin; at < passage.end; ++at) is_seen[at] = true;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      ASSERT_TRUE(is_seen[at] || c == ' ' || c == '\n' || c == '\t' || c == '\r');
    }
  }
}

}  // namespace
}  // namespace synap::embedding

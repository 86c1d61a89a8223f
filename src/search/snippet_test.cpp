#include "search/snippet.h"

#include <gtest/gtest.h>

namespace synap::search {
namespace {

using analysis::Language;

// With [matches] in brackets.
std::string snippet(std::string_view text, const Marked& marked,
                    Language language = Language::kNone) {
  analysis::Analyzer analyzer;
  std::size_t look_bytes = kSnippetLookBytesMaxOfAll;
  std::string all;
  for (const auto& part : snippet_of(analyzer, text, language, marked, marked.size(), look_bytes)) {
    all += part.is_match ? "[" + part.text + "]" : part.text;
  }
  return all;
}

std::string words(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += "word" + std::to_string(i) + " ";
  return all;
}

TEST(Snippet, MarksWhatWasLookedFor) {
  EXPECT_EQ(snippet("The old oak.", {"oak"}), "The old [oak].");
  EXPECT_EQ(snippet("Running, runs", {"run"}, Language::kEnglish), "[Running], [runs]");
  EXPECT_EQ(snippet("Große ÄRGER", {"arger"}), "Große [ÄRGER]");
  EXPECT_EQ(snippet("東京都に住む", {"東京", "京都"}), "[東京都]に住む");
}

TEST(Snippet, IsTheBeginningWhereNothingMatches) {
  EXPECT_EQ(snippet("The old oak.", {"elm"}), "The old oak.");
  EXPECT_EQ(snippet("", {"elm"}), "");
  const auto long_one = snippet(words(100), {"elm"});
  EXPECT_LT(long_one.size(), kSnippetBytes + 10);
  EXPECT_TRUE(long_one.starts_with("word0 word1 "));
  EXPECT_TRUE(long_one.ends_with(" …"));
}

TEST(Snippet, IsWhereMostOfItIsTogether) {
  const auto text = "oak " + words(100) + "oak elm oak " + words(100) + "elm";
  const auto found = snippet(text, {"oak", "elm"});
  EXPECT_NE(found.find("[oak] [elm] [oak] word0"), std::string::npos) << found;
  EXPECT_TRUE(found.starts_with("… word"));
  EXPECT_TRUE(found.ends_with(" …"));
}

TEST(Snippet, IsOneLineOfText) {
  EXPECT_EQ(snippet("# A\n\n  b\toak\r\n", {"oak"}), "# A b [oak] ");
  EXPECT_EQ(snippet("a\xFF oak\xC3", {"oak"}), "a [oak]");
}

TEST(Snippet, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "ä";
  EXPECT_EQ(snippet(text + " oak", {"oak"}), "… " + text.substr(0, 38) + " [oak]");
  EXPECT_EQ(snippet(text, {"oak"}), text.substr(0, kSnippetBytes) + " …");
}

TEST(Snippet, LooksAtSoMuchInAll) {
  analysis::Analyzer analyzer;
  std::size_t look_bytes = 100;
  const auto text = words(10) + "oak";
  EXPECT_TRUE(has_match(snippet_of(analyzer, text, Language::kNone, {"oak"}, 1, look_bytes)));
  EXPECT_EQ(look_bytes, 100 - text.size());
  const auto second = snippet_of(analyzer, text, Language::kNone, {"oak"}, 1, look_bytes);
  EXPECT_FALSE(has_match(second));
  EXPECT_FALSE(second.empty());
  EXPECT_EQ(look_bytes, 0U);
}

TEST(Snippet, LooksNoFurtherThanWhereAllIsTogether) {
  analysis::Analyzer analyzer;
  constexpr std::size_t kAll = 1 << 20;
  const auto text = words(10) + "oak ash oak " + words(10'000) + "elm oak ash";
  const auto looked_for = [&](const Marked& marked) {
    std::size_t look_bytes = kAll;
    std::ignore = snippet_of(analyzer, text, Language::kNone, marked, marked.size(), look_bytes);
    return kAll - look_bytes;
  };
  EXPECT_LT(looked_for({"oak", "ash"}), 400U);
  EXPECT_EQ(looked_for({"oak", "elm"}), text.size());
  EXPECT_EQ(looked_for({}), 0U);
  // Those behind the first ones are marked, as far as it is shown.
  EXPECT_NE(snippet(text, {"oak", "ash"}).find("[oak] [ash] [oak]"), std::string::npos);
}

}  // namespace
}  // namespace synap::search

#include "analysis/analyzer.h"

#include <gtest/gtest.h>

namespace synap::analysis {
namespace {

// "running/run" is a term and its stem, "東京" a pair, "都." the single end of a run.
std::string terms(std::string_view text, Language language = Language::kNone) {
  Analyzer analyzer;
  std::string all;
  analyzer.analyze(text, language, [&](const Token& token) {
    if (!all.empty()) all += ' ';
    all += token.term;
    for (const auto& stem : token.stems) all += "/" + stem;
    if (token.kind == Token::Kind::kSingle) all += '.';
    return true;
  });
  return all;
}

std::vector<Token> tokens(std::string_view text) {
  Analyzer analyzer;
  std::vector<Token> all;
  analyzer.analyze(text, Language::kNone, [&](const Token& token) {
    all.push_back(token);
    return true;
  });
  return all;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

TEST(Analyzer, TakesRunsOfLettersAndDigits) {
  EXPECT_EQ(terms("The cat, the 2nd cat; and 3.14!"), "the cat the 2nd cat and 3 14");
  EXPECT_EQ(terms("foo_bar example.com don't C++"), "foo bar example com don t c");
  EXPECT_EQ(terms(" \t\n-- "), "");
  EXPECT_EQ(terms(""), "");
}

TEST(Analyzer, FoldsCapitalsFormsAndAccents) {
  EXPECT_EQ(terms("Ärger ärger ARGER"), "arger arger arger");
  EXPECT_EQ(terms("A\u0308rger"), "arger");  // taken apart
  EXPECT_EQ(terms("Straße ＳＴＲＡＳＳＥ ﬁn"), "strasse strasse fin");
  EXPECT_EQ(terms("Łódź Smørrebrød Ærø"), "lodz smorrebrod aero");
  EXPECT_EQ(terms("Ёлка Καλημέρα"), "елка καλημερα");
}

// What nobody sees: a soft hyphen, a joiner, marks of direction.
TEST(Analyzer, JoinsWordsOverWhatIsNotSeen) {
  EXPECT_EQ(terms("gar\u00ADden\u00AD ing \u00AD"), "garden ing");
  EXPECT_EQ(terms("gar\u200Dden co\u2060op \u200Ewater\u200F \uFEFFoak"), "garden coop water oak");
  EXPECT_EQ(terms("run\u00ADning", Language::kEnglish), "running/run");
  EXPECT_EQ(terms("東\u00AD京"), terms("東京"));
  EXPECT_EQ(terms("東\u2060京"), terms("東京"));
  EXPECT_EQ(terms("\u3164"), "");
  // Which is between words of scripts that have no other space.
  EXPECT_EQ(terms("gar\u200Bden"), "gar den");
  Token token = tokens("a gar\u00ADden").at(1);
  EXPECT_EQ(token.end - token.begin, std::string_view("gar\u00ADden").size());
}

TEST(Analyzer, BringsWordsToTheirStems) {
  EXPECT_EQ(terms("Running runs quickly", Language::kEnglish),
            "running/run runs/run quickly/quick");
  EXPECT_EQ(terms("Häuser liefen", Language::kGerman), "hauser/haus liefen/lief");
  EXPECT_EQ(terms("книги книга", Language::kRussian), "книги/книг книга/книг");
  EXPECT_EQ(terms("v2beta 2024s", Language::kEnglish), "v2beta 2024s");
}

TEST(Analyzer, GivesTheStemsOfEachLanguageThatIsAskedFor) {
  Analyzer analyzer;
  const std::array languages = {Language::kEnglish, Language::kGerman, Language::kFrench};
  std::vector<std::string> stems;
  analyzer.analyze("nationen", languages, [&](const Token& token) {
    stems = token.stems;
    return true;
  });
  EXPECT_EQ(stems, (std::vector<std::string>{"nation"}));
}

// Which it keeps for when they come again.
TEST(Analyzer, GivesAWordTheFormsOfTheLanguagesThatAreAskedForNow) {
  Analyzer analyzer;
  const auto stems_of = [&](std::string_view word, std::span<const Language> languages) {
    std::string all;
    analyzer.analyze(word, languages, [&](const Token& token) {
      all += token.term;
      for (const auto& stem : token.stems) all += "/" + stem;
      return true;
    });
    return all;
  };
  const std::array both = {Language::kEnglish, Language::kGerman};
  const std::span english = std::span(both).first(1);
  const std::span german = std::span(both).last(1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(stems_of("nationen", {}), "nationen");
    EXPECT_EQ(stems_of("nationen", english), "nationen");
    EXPECT_EQ(stems_of("nationen", german), "nationen/nation");
    EXPECT_EQ(stems_of("running", both), "running/run");
    EXPECT_EQ(stems_of("running", german), "running");
    // More than it keeps.
    for (int n = 0; n < 20'000; ++n) {
      const auto number = std::to_string(n);
      ASSERT_EQ(stems_of(number, english), number);
    }
  }
}

TEST(Analyzer, TakesChineseJapaneseKoreanAndThaiInPairs) {
  EXPECT_EQ(terms("東京都"), "東京 京都 都.");
  EXPECT_EQ(terms("水"), "水.");
  EXPECT_EQ(terms("スーパー"), "スー ーパ パー ー.");
  EXPECT_EQ(terms("ｽｰﾊﾟｰ"), "スー ーパ パー ー.");  // of half the width
  EXPECT_EQ(terms("한국어 책"), "한국 국어 어. 책.");
  EXPECT_EQ(terms("ที่นี่"), "ที่นี่ นี่.");
  EXPECT_EQ(terms("iPhone手机壳"), "iphone 手机 机壳 壳.");
}

TEST(Analyzer, TakesKhmerByItsDictionary) {
  EXPECT_EQ(terms("សួស្តីពិភពលោក"), "សួស្តី ពិភពលោក");
}

TEST(Analyzer, SaysWhereEachTokenStands) {
  const std::string text = "Ça va, 東京都 ok";
  std::string all;
  std::uint32_t position = 0;
  for (const auto& token : tokens(text)) {
    EXPECT_EQ(token.position, position++);
    all += "[" + text.substr(token.begin, token.end - token.begin) + "]";
  }
  EXPECT_EQ(all, "[Ça][va][東京][京都][都][ok]");
}

TEST(Analyzer, StopsWhenItIsTold) {
  Analyzer analyzer;
  int seen = 0;
  for (const auto* text : {"one two three", "東京都東京都"}) {
    seen = 0;
    analyzer.analyze(text, Language::kNone, [&](const Token&) { return ++seen < 2; });
    EXPECT_EQ(seen, 2) << text;
  }
}

TEST(Analyzer, CutsAWordThatIsNone) {
  const auto found = tokens(std::string(1 << 20, 'x') + " end");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].term, std::string(kTermCharactersMax, 'x'));
  EXPECT_EQ(found[0].end, std::size_t{1} << 20);
  EXPECT_EQ(found[1].term, "end");
}

// ICU sorts marks by insertion, which a megabyte of them would make hours of.
TEST(Analyzer, TakesAnyNumberOfMarks) {
  const auto marks = repeated("\u0301\u0327", 250'000);
  EXPECT_EQ(tokens("a" + marks + " b").size(), 2U);
  EXPECT_EQ(tokens("東" + marks + "京").size(), 2U);
  EXPECT_EQ(tokens(marks).size(), 0U);
}

TEST(Analyzer, TakesLongRunsWithoutSpaces) {
  EXPECT_EQ(tokens(repeated("東", 300'000)).size(), 300'000U);
  EXPECT_GT(tokens(repeated("ពិភពលោក", 20'000)).size(), 10'000U);
}

TEST(Analyzer, TakesBytesThatAreNoText) {
  EXPECT_EQ(terms("a\xFF\xFE b\xC3"), "a b");
  EXPECT_EQ(terms(std::string_view("a\0b", 3)), "a b");
  EXPECT_EQ(terms("\uFDFA"), "صلىاللهعليهوسلم");  // one letter, four words
}

}  // namespace
}  // namespace synap::analysis

#include "embedding/word_pieces.h"

#include <gmock/gmock.h>

namespace synap::embedding {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// What the pieces of a text are called; "[CLS]" and "[SEP]" left out.
class WordPiecesTest : public testing::Test {
 protected:
  static constexpr const char* kVocabulary =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nun\n##aff\n##able\ncafe\n中\n文\n,\n!\n[\n]"
      "\nsep\n"
      "$\na\n##b\n##\nγ\n##ς\nσ\n";
  static WordPieces make(WordPieces::Options options = {}) {
    auto made = WordPieces::make(kVocabulary, options);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  static std::string pieces(std::string_view text, WordPieces::Options options = {}) {
    const auto pieces = make(options);
    std::vector<std::string> names;
    std::string_view rest = kVocabulary;
    while (!rest.empty()) {
      names.emplace_back(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(rest.find('\n') + 1);
    }
    std::string all;
    const auto ids = pieces.encode(text, 1000);
    for (std::size_t i = 1; i + 1 < ids.size(); ++i) {
      all += (i > 1 ? " " : "") + names[static_cast<std::size_t>(ids[i])];
    }
    return all;
  }
};

TEST_F(WordPiecesTest, CutsWordsIntoTheLongestPieces) {
  EXPECT_EQ(pieces("hello unaffable"), "hello un ##aff ##able");
  EXPECT_EQ(pieces("unaff"), "un ##aff");
  EXPECT_EQ(pieces("unknown"), "[UNK]");  // "un", but nothing goes on with "known"
  EXPECT_EQ(pieces(""), "");
  EXPECT_EQ(pieces(" \t\r\n "), "");
}

TEST_F(WordPiecesTest, MakesCharactersWhatTheModelKnows) {
  EXPECT_EQ(pieces("HeLLo"), "hello");
  EXPECT_EQ(pieces("Café CAFE\u0301"), "cafe cafe");
  EXPECT_EQ(pieces("hello,hello!"), "hello , hello !");
  EXPECT_EQ(pieces("hello$"), "hello $");  // a symbol, but of ASCII
  EXPECT_EQ(pieces("hello中文hello"), "hello 中 文 hello");
  EXPECT_EQ(pieces("hel\u200Blo hel\u00ADlo"), "hello hello");  // of no width
  EXPECT_EQ(pieces("hello\u3000hello\u00A0hello"), "hello hello hello");
  EXPECT_EQ(pieces("hel\x0Blo hel\u0085lo"), "hello hello");  // controls are no spaces here
  EXPECT_EQ(pieces("he\xFFllo \xC3"), "hello");
  EXPECT_EQ(pieces(std::string_view("hel\0lo", 6)), "hello");
}

TEST_F(WordPiecesTest, KeepsWhatAModelWithCaseIsToldToKeep) {
  const WordPieces::Options as_it_is{.is_lower_case = false, .strips_accents = false};
  EXPECT_EQ(pieces("Hello hello", as_it_is), "[UNK] hello");
  EXPECT_EQ(pieces("café cafe", as_it_is), "[UNK] cafe");
}

TEST_F(WordPiecesTest, MakesSmallEachLetterByItself) {
  EXPECT_EQ(pieces("ΓΣ"), "[UNK]");  // a sigma is σ here also where a word ends
  EXPECT_EQ(pieces("Γς"), "γ ##ς");
}

TEST_F(WordPiecesTest, TakesMarksInATextForWords) {
  EXPECT_EQ(pieces("[SEP]"), "[ sep ]");
}

TEST_F(WordPiecesTest, KnowsNoWordOfMoreThanAHundredCharacters) {
  EXPECT_EQ(pieces("a" + std::string(99, 'b')).substr(0, 9), "a ##b ##b");
  EXPECT_EQ(pieces("a" + std::string(100, 'b')), "[UNK]");
}

TEST_F(WordPiecesTest, LooksAtNoMoreThanItNeeds) {
  const auto pieces = make();
  EXPECT_THAT(pieces.encode("hello unaffable", 4), ElementsAre(2, 5, 6, 3));
  EXPECT_THAT(pieces.encode("hello", 2), ElementsAre(2, 3));
  std::string book;
  for (int i = 0; i < 200000; ++i) book += "hello ";
  EXPECT_THAT(pieces.encode(book, 256), SizeIs(256));
  EXPECT_EQ(pieces.count(book, 7), 7U);
  EXPECT_EQ(pieces.count("hello unaffable"), 4U);
  EXPECT_EQ(pieces.count("hello", 0), 0U);
  EXPECT_THAT(pieces.encode(std::string(1 << 20, 'x'), 64), SizeIs(testing::Le(64)));
}

TEST_F(WordPiecesTest, RefusesWhatIsNoVocabulary) {
  const auto why = [](std::string vocabulary) {
    auto made = WordPieces::make(std::move(vocabulary), {});
    return made ? std::string("it was taken") : made.error().message;
  };
  EXPECT_THAT(why(""), HasSubstr("the vocabulary has no [UNK]"));
  EXPECT_THAT(why("[UNK]\n[CLS]\n"), HasSubstr("no [SEP]"));
  EXPECT_THAT(why("[UNK]\n[CLS]\n[SEP]\na\na\n"),
              HasSubstr("line 5 of the vocabulary has a piece"));
  EXPECT_THAT(why("[UNK]\n[CLS]\n[SEP]\n\xFF\n"), HasSubstr("no UTF-8"));
  EXPECT_EQ(why("[UNK]\r\n[CLS]\r\n[SEP]"), "it was taken");
}

}  // namespace
}  // namespace synap::embedding

#include "base/text.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>

namespace synap {
namespace {

TEST(Text, IsReadCharacterByCharacterWhateverItsBytesAre) {
  const auto first = [](std::string_view text) {
    const auto c = first_code_point(text);
    return std::tuple(c.value, c.bytes, c.is_valid);
  };
  EXPECT_EQ(first("ab"), std::tuple(U'a', 1, true));
  EXPECT_EQ(first("éa"), std::tuple(U'é', 2, true));
  EXPECT_EQ(first("日本"), std::tuple(U'日', 3, true));
  EXPECT_EQ(first("😀"), std::tuple(U'😀', 4, true));
  for (const auto* broken :
       {"\xff", "\x80", "\xc3", "\xc3(", "\xe6\x97", "\xf0\x9f\x98", "\xc0\xaf", "\xed\xa0\x80"}) {
    EXPECT_EQ(first(broken), std::tuple(U'\xfffd', 1, false)) << broken;
  }
}

TEST(Text, HostileIsWhatMovesTheCursorOrTurnsTheDirectionAndNoLetter) {
  for (const char32_t c : U"\x01\x1b\x7f\x80\x9b\u200b\u2028\u2029\u202a\u202e\u2066\u2069\ufeff") {
    EXPECT_TRUE(is_hostile(c)) << static_cast<std::uint32_t>(c);
  }
  // Joiners of Persian and of emoji, and marks of Hebrew, are of the language.
  for (const char32_t c : std::u32string(U"aé日😀\u00a0\u200c\u200d\u200e\u200f")) {
    EXPECT_FALSE(is_hostile(c)) << static_cast<std::uint32_t>(c);
  }
}

TEST(Text, IsCutBetweenCharactersAndSaysHowMuchIsGone) {
  EXPECT_EQ(shortened("abcd", 4), "abcd");
  EXPECT_EQ(shortened("abcdef", 4), "abcd... (2 more bytes)");
  EXPECT_EQ(shortened("abé", 3), "ab... (2 more bytes)");
  EXPECT_EQ(shortened("ab\xff", 9), "ab... (1 more bytes)");
}

TEST(Text, IsComposedInOneForm) {
  EXPECT_EQ(composed("abc"), "abc");
  EXPECT_EQ(composed("cafe\u0301"), "caf\u00e9");
  EXPECT_EQ(composed("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(composed("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(composed("\ufb01"), "\ufb01");  // what only looks alike stays
  // In parts, which end between letters.
  std::string apart;
  std::string whole;
  for (int i = 0; i < 1000; ++i) {
    apart += "xe\u0301";
    whole += "x\u00e9";
  }
  EXPECT_EQ(composed(apart), whole);
  EXPECT_EQ(composed(whole), whole);
}

// ICU puts marks in order by the square of their number.
TEST(Text, IsComposedInATimeThatGrowsAsItDoes) {
  std::string marks = "x";
  for (int i = 0; i < 50'000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0327";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(composed(marks), marks);
  EXPECT_EQ(composed("e\u0301" + marks + "e\u0301"), "\u00e9" + marks + "\u00e9");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took.count(), 0.5);
}

}  // namespace
}  // namespace synap

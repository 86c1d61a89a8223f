#include "analysis/folding.h"

#include <gtest/gtest.h>

namespace synap::analysis {
namespace {

TEST(Folding, KeepsAccentsWhereOnlyCapitalsAreFolded) {
  EXPECT_EQ(lowered("ÄRGER Straße"), "ärger strasse");
  EXPECT_EQ(folded("ÄRGER Straße"), "arger strasse");
}

TEST(Folding, LeavesMarksThatArePartsOfLetters) {
  EXPECT_EQ(folded("हिन्दी"), "हिन्दी");
  EXPECT_EQ(folded("ที่นี่"), "ที่นี่");
  EXPECT_EQ(folded("が"), "が");  // Japanese, and no accent
  EXPECT_EQ(folded("한국"), "한국");
}

TEST(Folding, IsTheSameForTextsOfAnyLength) {
  std::string text;
  std::string expected;
  for (int i = 0; i < 2'000; ++i) {
    text += "É—";
    expected += "e—";
  }
  EXPECT_EQ(folded(text), expected);
}

TEST(Folding, TakesBytesThatAreNoText) {
  EXPECT_EQ(folded("É\xFF"), "e\xFF");
  EXPECT_EQ(folded(std::string(3'000, '\x80')), std::string(3'000, '\x80'));
}

}  // namespace
}  // namespace synap::analysis

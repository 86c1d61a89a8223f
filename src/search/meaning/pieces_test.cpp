#include "search/meaning/pieces.h"

#include <gtest/gtest.h>

#include "embedding/test_embedders.h"

namespace synap::search {
namespace {

std::vector<Piece> pieces(Document document) {
  const embedding::test::SubjectEmbedder embedder("subjects",
                                                  std::make_shared<embedding::test::Behaviour>());
  return pieces_of(document, embedder);
}

std::string filler(int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += "further ";
  return text;
}

TEST(Pieces, StandUnderTheirTitleAndHeading) {
  const auto text =
      "Begin " + filler(30) + "\n\n## Part\n\nOne " + filler(30) + ". Two " + filler(30) + ".";
  const auto all = pieces({.title = "Garden", .text = text});
  ASSERT_GE(all.size(), 3U);
  EXPECT_TRUE(all[0].text.starts_with("Garden\nBegin")) << all[0].text;
  EXPECT_TRUE(all[1].text.starts_with("Garden\n## Part\n\nOne")) << all[1].text;
  EXPECT_TRUE(all.back().text.starts_with("Garden\n## Part\n")) << all.back().text;
  EXPECT_EQ(all.back().text.find("One"), std::string::npos);
  EXPECT_EQ(text.substr(all[0].begin, 5), "Begin");
}

TEST(Pieces, SayATitleOnce) {
  const auto all = pieces({.title = "Garden", .text = "# Garden\n\nThe oak."});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].text, "# Garden\n\nThe oak.");
}

TEST(Pieces, AreOfOtherWordsToo) {
  const auto all = pieces({.title = "Water it", .others = "Every day"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].part, PartOfDocument::kOthers);
  EXPECT_EQ(all[0].text, "Water it\nEvery day");
}

TEST(Pieces, AreTheTitleWhereThatIsAllThereIs) {
  const auto all = pieces({.title = "Water it"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].part, PartOfDocument::kTitle);
  EXPECT_TRUE(pieces({.title = " \n"}).empty());
  EXPECT_TRUE(pieces({.title = "", .text = " "}).empty());
}

TEST(Pieces, HaveTheHashOfWhatIsEmbedded) {
  const auto one = pieces({.title = "A", .text = "oak"});
  EXPECT_EQ(one[0].hash, pieces({.title = "A", .text = "  oak"})[0].hash);
  EXPECT_NE(one[0].hash, pieces({.title = "B", .text = "oak"})[0].hash);
}

TEST(Pieces, TakeWhateverIsInTexts) {
  for (const std::string& text : {std::string("\0\xFF\xFE", 3), std::string(100'000, 'x'),
                                  "# \xF0\x9F\x98\x80\n" + std::string(1'000, '#')}) {
    for (const auto& piece : pieces({.title = text.substr(0, 500), .text = text})) {
      EXPECT_LT(piece.begin, piece.end);
      EXPECT_LE(piece.end, text.size());
    }
  }
}

}  // namespace
}  // namespace synap::search

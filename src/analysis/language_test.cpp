#include "analysis/language.h"

#include <gtest/gtest.h>

namespace synap::analysis {
namespace {

std::string_view detected(std::string_view text) {
  return name_of(detect(text));
}

TEST(Language, IsSeenByTheCommonestWords) {
  EXPECT_EQ(detected("The plan for the garden is on the table."), "english");
  EXPECT_EQ(detected("Der Plan liegt auf dem Tisch und ist nicht fertig."), "german");
  EXPECT_EQ(detected("Le plan est sur la table avec les autres."), "french");
  EXPECT_EQ(detected("El plan está en la mesa con los otros y no es para mí."), "spanish");
  EXPECT_EQ(detected("Het plan ligt op de tafel en is niet klaar."), "dutch");
  EXPECT_EQ(detected("Planen ligger på bordet och är inte klar."), "swedish");
  EXPECT_EQ(detected("Suunnitelma on pöydällä ja se ei ole valmis."), "finnish");
}

TEST(Language, IsSeenByItsScript) {
  EXPECT_EQ(detected("План лежит на столе"), "russian");
  EXPECT_EQ(detected("Το σχέδιο είναι στο τραπέζι"), "greek");
  EXPECT_EQ(detected("الخطة على الطاولة"), "arabic");
  EXPECT_EQ(detected("计划在桌子上"), "");
}

TEST(Language, IsGuessedWhereATextSaysLittle) {
  EXPECT_EQ(detected("Running shoes"), "english");
  EXPECT_EQ(detected("Häuser kaufen"), "german");
  EXPECT_EQ(detected("Žluťoučký kůň"), "");
  EXPECT_EQ(detected(""), "");
  EXPECT_EQ(detected("42 -- 17"), "");
}

TEST(Language, IsNotWhatOneWordSaysAgainAndAgain) {
  std::string changes;
  for (int i = 0; i < 40; ++i) changes += "* os: fix build (com) #" + std::to_string(i) + "\n";
  EXPECT_EQ(
      detect(changes + "What was added to this, and for whom it is, is in the list of changes"),
      Language::kEnglish);
  EXPECT_EQ(detect("re: lunch at 12:30, see https://example.com well-known"), Language::kEnglish);
  EXPECT_EQ(detect("Brot und Milch kaufen"), Language::kGerman);
  EXPECT_EQ(detect("det er ikke at se, at jeg har det"), Language::kDanish);
}

TEST(Language, IsKnownByItsNames) {
  EXPECT_EQ(language_by_name("de"), Language::kGerman);
  EXPECT_EQ(language_by_name("german"), Language::kGerman);
  EXPECT_EQ(language_by_name("xx"), std::nullopt);
  EXPECT_EQ(language_by_name(""), std::nullopt);
}

TEST(Language, LooksAtTheBeginningOfATextOnly) {
  EXPECT_EQ(detected(std::string(1 << 20, 'x')), "english");
  EXPECT_EQ(detected(std::string(8'192, ' ') + "der die das und nicht"), "");
}

}  // namespace
}  // namespace synap::analysis

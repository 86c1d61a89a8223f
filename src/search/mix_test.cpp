#include "search/mix.h"

#include <gtest/gtest.h>

namespace synap::search {
namespace {

TEST(Mix, TakesATextWithAllWordsForTwoThirds) {
  EXPECT_NEAR(words_score(3, 3), 2.0 / 3, 1e-9);
  EXPECT_GT(words_score(4, 3), words_score(3, 3));
  // One word of many stands in most texts by chance.
  EXPECT_LT(words_score(0.8, 3), 0.15);
  EXPECT_LT(words_score(1e6, 3), 1);
  EXPECT_EQ(words_score(0, 3), 0);
  EXPECT_EQ(words_score(3, 0), 0);  // filters alone
}

TEST(Mix, TakesACosineForWhatTheQuerysOthersMakeOfIt) {
  const vectors::Background many{10'000, 0.7, 0.05};
  const auto usual = usual_of(many, {0.1, 0.1});
  EXPECT_NEAR(usual.mean, 0.7, 0.01);
  // What is near by one model is far by another.
  EXPECT_LT(meaning_score(0.7, usual), 0.05);
  EXPECT_GT(meaning_score(0.7, usual_of({10'000, 0.05, 0.1}, {0.1, 0.1})), 0.9);
  EXPECT_NEAR(meaning_score(usual.mean + 4 * usual.deviation, usual), 0.5, 1e-6);
}

TEST(Mix, GoesByUnrelatedTextsWhereThereAreFew) {
  // One thing alone, which is what is looked for: it must not be its own measure.
  const auto usual = usual_of({1, 0.8, 0}, {0.05, 0.08});
  EXPECT_GT(meaning_score(0.8, usual), 0.5);
  EXPECT_GT(meaning_score(0.8, usual_of({0, 0, 0}, {0.05, 0.08})), 0.9);
  EXPECT_GT(usual_of({0, 0, 0}, {0, 0}).deviation, 0);
}

TEST(Mix, IsNeverLessThanWhatEitherSays) {
  EXPECT_EQ(mixed_score(0.6, 0, 0), 0.6);
  EXPECT_EQ(mixed_score(0, 0.6, 0), 0.6);
  EXPECT_NEAR(mixed_score(0.5, 0.5, 0), 0.75, 1e-9);
  EXPECT_EQ(mixed_score(1, 0.1, 0), 1);
}

// The words of both are the same; the other is as near as nothing is by chance.
TEST(Mix, PutsATitleFirst) {
  const auto titled = mixed_score(words_score(3, 1), 0, kTitleScore);
  EXPECT_GT(titled, mixed_score(words_score(2.2, 1), 0.998, 0));
  EXPECT_LT(titled, mixed_score(words_score(3, 1), 0.5, kTitleScore));
}

}  // namespace
}  // namespace synap::search

#include "cron/jitter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace synap::cron {
namespace {

TEST(Jitter, IsADurationFromASecondToFiveMinutes) {
  EXPECT_EQ(*parse_jitter("30s"), 30'000);
  EXPECT_EQ(*parse_jitter("1s"), 1'000);
  EXPECT_EQ(*parse_jitter("5m"), 300'000);
  EXPECT_EQ(*parse_jitter("1m30.5s"), 90'500);
}

TEST(Jitter, RefusesOthersAndSaysWhatIsAllowed) {
  for (const auto* text : {"999ms", "5m1ns", "0", "-30s", "1h"}) {
    const auto refused = parse_jitter(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::kBadRequest);
    EXPECT_EQ(refused.error().message,
              fmt::format("the jitter {} is out of range; allowed are 1s to 5m", text));
  }
  EXPECT_EQ(parse_jitter("soon").error().message,
            "the jitter \"soon\" is no duration; it is written as 30s");
  EXPECT_EQ(parse_jitter("\xff").error().message,
            "the jitter is no duration; it is written as 30s");
}

// The numbers are part of what a pod promises: the same key waits as long after an upgrade.
TEST(Jitter, IsTheSameForTheSameKeyForEver) {
  EXPECT_EQ(jitter_ms(30'000, "function-1 0 12 * * *"), 20'803);
  EXPECT_EQ(jitter_ms(30'000, ""), 21'652);
}

TEST(Jitter, IsSpreadEvenlyBelowItsBound) {
  std::array<int, 10> counts{};
  for (int i = 0; i < 10'000; ++i) {
    const auto ms = jitter_ms(5'000, fmt::format("key {}", i));
    ASSERT_GE(ms, 0);
    ASSERT_LT(ms, 5'000);
    ++counts.at(static_cast<std::size_t>(ms / 500));
  }
  for (const auto count : counts) EXPECT_NEAR(count, 1'000, 150);
}

TEST(Jitter, IsNothingWhereThereIsNoBound) {
  EXPECT_EQ(jitter_ms(0, "key"), 0);
  EXPECT_EQ(jitter_ms(-1, "key"), 0);
}

}  // namespace
}  // namespace synap::cron

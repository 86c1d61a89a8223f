#include "base/duration.h"

#include <gtest/gtest.h>

#include <limits>

namespace synap {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Duration, IsReadAsGoReadsIt) {
  EXPECT_EQ(parse_duration_ns("1h30m"), 5'400 * kSecond);
  EXPECT_EQ(parse_duration_ns("-1.5s"), -1'500'000'000);
  EXPECT_EQ(parse_duration_ns("+100ms"), 100'000'000);
  EXPECT_EQ(parse_duration_ns("2us"), 2'000);
  EXPECT_EQ(parse_duration_ns("2µs"), 2'000);
  EXPECT_EQ(parse_duration_ns(".5m"), 30 * kSecond);
  EXPECT_EQ(parse_duration_ns("5.m"), 300 * kSecond);
  EXPECT_EQ(parse_duration_ns("0"), 0);
  EXPECT_EQ(parse_duration_ns("-0"), 0);
}

TEST(Duration, LosesNothingToAFraction) {
  EXPECT_EQ(parse_duration_ns("0.7h"), 2'520 * kSecond);
  EXPECT_EQ(parse_duration_ns("0.3333333333333333333h"), 1'200 * kSecond);
  EXPECT_EQ(parse_duration_ns("0.100000000000000000000h"), 360 * kSecond);
}

TEST(Duration, IsAtMost292Years) {
  EXPECT_EQ(parse_duration_ns("9223372036854775807ns"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_duration_ns("-9223372036854775808ns"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_duration_ns("9223372036854775808ns"), std::nullopt);
  EXPECT_EQ(parse_duration_ns("9223372036854775807ns1ns"), std::nullopt);
  EXPECT_EQ(parse_duration_ns("9223372036854775808ns9223372036854775808ns"), std::nullopt);
  EXPECT_EQ(parse_duration_ns("2562048h"), std::nullopt);
  EXPECT_EQ(parse_duration_ns("99999999999999999999h"), std::nullopt);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const auto* text : {"", "-", "+", "1", "h", ".s", "1 h", "1h ", " 1h", "1x", "1H", "--1h",
                           "1h-1m", "1d", "1w", "1e3s"}) {
    EXPECT_EQ(parse_duration_ns(text), std::nullopt) << text;
  }
}

TEST(Duration, HasDaysAndWeeksWhereTheyAreWanted) {
  EXPECT_EQ(parse_long_duration_ns("1w2d"), 9 * 86'400 * kSecond);
  EXPECT_EQ(parse_long_duration_ns("1h30m"), 5'400 * kSecond);
}

}  // namespace
}  // namespace synap

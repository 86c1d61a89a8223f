#include "base/time_zone.h"

#include <gtest/gtest.h>

namespace synap {
namespace {

constexpr std::int64_t kSpring2024 = 1'711'846'800;  // 2024-03-31T01:00:00Z, Paris goes to UTC+2

TEST(TimeZone, TellsItsOffsetAndForHowLong) {
  const auto paris = TimeZone::find("Europe/Paris");
  ASSERT_TRUE(paris);
  const auto winter = paris->at(kSpring2024 - 1);
  EXPECT_EQ(winter.offset, 3'600);
  EXPECT_EQ(winter.end, kSpring2024);
  EXPECT_TRUE(winter.holds(kSpring2024 - 1));
  EXPECT_FALSE(winter.holds(kSpring2024));
  const auto summer = paris->at(kSpring2024);
  EXPECT_EQ(summer.offset, 7'200);
  EXPECT_EQ(summer.begin, kSpring2024);
}

TEST(TimeZone, IsUtcWithoutAName) {
  for (const auto* name : {"", "UTC"}) {
    const auto utc = TimeZone::find(name);
    ASSERT_TRUE(utc) << name;
    EXPECT_EQ(utc->at(kSpring2024).offset, 0) << name;
    EXPECT_TRUE(utc->at(0).holds(kSpring2024)) << name;
  }
}

TEST(TimeZone, IsNothingWhereThereIsNone) {
  for (const auto* name : {"Europe/Atlantis", "europe/paris", "Local", "+02:00", "Africa",
                           "../etc/passwd", "/etc/passwd", "posix/Europe/Paris"}) {
    EXPECT_FALSE(TimeZone::find(name)) << name;
  }
}

TEST(TimeZone, DaysToAMonthAndTheCalendarAgree) {
  EXPECT_EQ(days_to_month(1970, 1), 0);
  EXPECT_EQ(days_to_month(2024, 3) - days_to_month(2024, 2), 29);
  const auto civil = civil_of_seconds(days_to_month(2100, 3) * 86'400 - 1);
  EXPECT_EQ(civil.month, 2U);
  EXPECT_EQ(civil.day, 28U);
  EXPECT_EQ(civil.hours, 23);
  EXPECT_EQ(civil.weekday, 0U);
}

}  // namespace
}  // namespace synap

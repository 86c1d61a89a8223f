// When schedules are due. That these are the times of the reference is in tests/cron; here is what
// a reader wants to know, and what is another than there.
#include "cron/schedule.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace synap::cron {
namespace {

Schedule schedule(std::string_view expression) {
  const auto parsed = Schedule::parse(expression);
  EXPECT_TRUE(parsed) << expression << ": " << parsed.error().message;
  return *parsed;
}

std::string next(std::string_view expression, std::string_view after) {
  const auto from = parse_iso8601(after);
  EXPECT_TRUE(from) << after;
  const auto time = schedule(expression).next(*from);
  return time ? to_iso8601(*time) : "never";
}

// The times of the first `count` ticks, on one line.
std::vector<std::string> ticks(std::string_view expression, std::string_view after, int count) {
  std::vector<std::string> times;
  auto from = *parse_iso8601(after);
  for (int i = 0; i < count; ++i) {
    from = *schedule(expression).next(from);
    times.push_back(to_iso8601(from));
  }
  return times;
}

using Times = std::vector<std::string>;

TEST(Schedule, NamesTheTimesOfItsFields) {
  EXPECT_EQ(next("*/5 * * * *", "2025-01-01T00:02:30Z"), "2025-01-01T00:05:00.000Z");
  EXPECT_EQ(next("5/15 * * * *", "2025-01-01T00:36:00Z"), "2025-01-01T00:50:00.000Z");
  EXPECT_EQ(next("1-30/7 12 * * *", "2025-01-01T12:22:00Z"), "2025-01-01T12:29:00.000Z");
  EXPECT_EQ(next("0 0 1 jan,JUL ?", "2025-01-01T00:00:00Z"), "2025-07-01T00:00:00.000Z");
  EXPECT_EQ(next("30 9 * * Mon-FRI", "2025-01-03T09:30:00Z"), "2025-01-06T09:30:00.000Z");
  EXPECT_EQ(next("0 0 29 2 *", "2025-01-01T00:00:00Z"), "2028-02-29T00:00:00.000Z");
}

TEST(Schedule, IsDueStrictlyAfterTheTimeThatIsGivenAndOnWholeSeconds) {
  EXPECT_EQ(next("* * * * *", "2025-01-01T00:00:59.999Z"), "2025-01-01T00:01:00.000Z");
  EXPECT_EQ(next("* * * * *", "2025-01-01T00:01:00.000Z"), "2025-01-01T00:02:00.000Z");
  EXPECT_EQ(next("* * * * *", "2025-01-01T00:01:00.001Z"), "2025-01-01T00:02:00.000Z");
  EXPECT_EQ(next("* * * * *", "1969-12-31T23:58:59.999Z"), "1969-12-31T23:59:00.000Z");
}

TEST(Schedule, TakesEitherDayWhereBothAreRestricted) {
  // Wednesday the 1st; Friday the 3rd, and Monday the 13th.
  EXPECT_EQ(
      ticks("0 0 13 * FRI", "2025-01-01T00:00:00Z", 3),
      (Times{"2025-01-03T00:00:00.000Z", "2025-01-10T00:00:00.000Z", "2025-01-13T00:00:00.000Z"}));
  // A star in one of them leaves the other alone, and so does */1. */2 is a restriction.
  EXPECT_EQ(next("0 0 13 * *", "2025-01-01T00:00:00Z"), "2025-01-13T00:00:00.000Z");
  EXPECT_EQ(next("0 0 */1 * FRI", "2025-01-01T00:00:00Z"), "2025-01-03T00:00:00.000Z");
  EXPECT_EQ(next("0 0 */2 * TUE", "2025-01-01T00:00:00Z"), "2025-01-03T00:00:00.000Z");
}

TEST(Schedule, CountsFromTheTimeThatIsGivenWithEvery) {
  EXPECT_EQ(next("@every 1h30m", "2025-01-01T00:00:10.750Z"), "2025-01-01T01:30:10.000Z");
  EXPECT_EQ(next("@every 1ns", "2025-01-01T00:00:10.750Z"), "2025-01-01T00:00:11.000Z");
  EXPECT_EQ(next("@every -1h", "2025-01-01T00:00:10Z"), "2025-01-01T00:00:11.000Z");
  EXPECT_EQ(next("@every 1.999s", "2025-01-01T00:00:10Z"), "2025-01-01T00:00:11.000Z");
}

TEST(Schedule, MeansTheClocksOfItsZone) {
  EXPECT_EQ(next("TZ=Asia/Kathmandu 0 12 * * *", "2025-01-01T00:00:00Z"),
            "2025-01-01T06:15:00.000Z");
  EXPECT_EQ(next("CRON_TZ=Asia/Kathmandu @daily", "2025-01-01T00:00:00Z"),
            "2025-01-01T18:15:00.000Z");
}

TEST(Schedule, LeavesOutATimeThatTheClocksLeaveOut) {
  // 02:30 is not there on the 30th of March.
  EXPECT_EQ(ticks("TZ=Europe/Paris 30 2 * * *", "2025-03-28T12:00:00Z", 2),
            (Times{"2025-03-29T01:30:00.000Z", "2025-03-31T00:30:00.000Z"}));
}

TEST(Schedule, IsDueTwiceWhereTheClocksShowATimeTwice) {
  EXPECT_EQ(
      ticks("TZ=Europe/Paris 30 2 * * *", "2025-10-25T12:00:00Z", 3),
      (Times{"2025-10-26T00:30:00.000Z", "2025-10-26T01:30:00.000Z", "2025-10-27T01:30:00.000Z"}));
}

// The reference never answers here.
TEST(Schedule, GoesOnWhereAZoneLeavesOutAWholeDay) {
  // There was no 30th of December 2011.
  EXPECT_EQ(next("TZ=Pacific/Apia 0 0 1 * *", "2011-12-20T00:00:00Z"), "2011-12-31T10:00:00.000Z");
  EXPECT_EQ(next("TZ=Pacific/Apia 0 0 30 12 *", "2011-12-20T00:00:00Z"),
            "2012-12-29T10:00:00.000Z");
  // Half a day is enough: there the clocks went from 00:00 of the first day of 1956 to 12:00.
  EXPECT_EQ(next("TZ=Antarctica/McMurdo 0 0 1 * *", "1955-12-31T11:00:00Z"),
            "1956-01-31T12:00:00.000Z");
}

// The reference answers the first of these with 14:00 again, for ever: its clocks went from 03:45
// back to 02:45 then.
TEST(Schedule, NeverStandsStillWhereTheClocksGoBack) {
  EXPECT_EQ(next("TZ=Pacific/Chatham 45 3 * * *", "2023-04-01T14:00:00Z"),
            "2023-04-01T15:00:00.000Z");
  struct Change {
    std::string zone;
    std::string_view at;
  };
  for (const auto& [zone, at] : {Change{"Pacific/Chatham", "2023-04-01T14:00:00Z"},
                                 Change{"America/St_Johns", "2000-10-29T02:31:00Z"},
                                 Change{"Antarctica/Casey", "2010-03-04T15:00:00Z"}}) {
    const auto change = *parse_iso8601(at);
    for (const auto* fields : {"0 0 * * *", "45 3 * * *", "16 23 28 * *", "*/15 0-2 * * *"}) {
      const auto parsed = schedule("TZ=" + zone + " " + fields);
      for (auto from = change - 14'400'000; from < change + 14'400'000; from += 60'000) {
        ASSERT_GT(parsed.next(from), from) << zone << " " << fields;
      }
    }
  }
}

TEST(Schedule, IsNothingWhereNoTimeComesInFiveYears) {
  for (const auto* expression : {"0 0 31 2 *", "0 0 30 feb *", "* * 31 4,6,9,11 *"}) {
    EXPECT_EQ(next(expression, "2025-01-01T00:00:00Z"), "never") << expression;
  }
}

TEST(Schedule, IsNothingOutOfTheYears1To9999) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const auto* expression : {"* * * * *", "@every 1s", "TZ=Europe/Paris 0 0 1 1 *"}) {
    EXPECT_EQ(schedule(expression).next(Limits::max()), std::nullopt) << expression;
    EXPECT_EQ(schedule(expression).next(Limits::min()), std::nullopt) << expression;
    EXPECT_EQ(next(expression, "9999-12-31T23:59:59Z"), "never") << expression;
  }
  EXPECT_EQ(next("@every 2562047h", "9999-01-01T00:00:00Z"), "never");
  EXPECT_EQ(next("0 0 30 2 *", "9998-01-01T00:00:00Z"), "never");
}

TEST(Schedule, IsAValueThatThreadsMayShare) {
  const auto shared = schedule("TZ=America/New_York 30 1 * * *");
  const auto from = *parse_iso8601("2025-11-01T12:00:00Z");
  const auto expected = shared.next(from);
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([shared, from, expected] {
      for (int n = 0; n < 100; ++n) EXPECT_EQ(shared.next(from), expected);
    });
  }
}

}  // namespace
}  // namespace synap::cron

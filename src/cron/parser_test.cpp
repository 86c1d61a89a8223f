// What a schedule may say, and what is said where it may not. That it says what the reference says
// is in tests/cron.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cron/schedule.h"

namespace synap::cron {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view expression) {
  const auto schedule = Schedule::parse(expression);
  if (schedule) return "accepted";
  EXPECT_EQ(schedule.error().code, Code::kBadRequest);
  return schedule.error().message;
}

TEST(CronParser, SaysWhichValuesAFieldMayHave) {
  EXPECT_EQ(refusal("60 * * * *"), "column 1: minute: 60 is above 59; allowed are 0 to 59");
  EXPECT_EQ(refusal("0 24 * * *"), "column 3: hour: 24 is above 23; allowed are 0 to 23");
  EXPECT_EQ(refusal("0 0 0 * *"), "column 5: day of month: 0 is below 1; allowed are 1 to 31");
  EXPECT_EQ(refusal("0 0 * 1,13 *"),
            "column 9: month: 13 is above 12; allowed are 1 to 12, JAN to DEC");
  EXPECT_EQ(refusal("0 0 * * 1-7"),
            "column 11: day of week: 7 is above 6; allowed are 0 to 6, SUN to SAT");
  EXPECT_EQ(refusal("0 0 * * MONDAY"),
            "column 9: day of week: \"MONDAY\" is no value; allowed are 0 to 6, SUN to SAT");
}

TEST(CronParser, SaysWhereARangeOrAStepIsWrong) {
  EXPECT_EQ(refusal("30-10 * * * *"), "column 1: minute: the range 30-10 ends before it begins");
  EXPECT_EQ(refusal("1,5- * * * *"), "column 5: minute: a value is missing; allowed are 0 to 59");
  EXPECT_EQ(refusal("1-2-3 * * * *"),
            "column 1: minute: \"1-2-3\" has more than one hyphen; a range is 1-5");
  EXPECT_EQ(refusal("*/5/5 * * * *"),
            "column 1: minute: \"*/5/5\" has more than one slash; a step is */5");
  EXPECT_EQ(refusal("0 */0 * * *"),
            "column 5: hour: \"0\" is no step; it is a whole number from 1");
  EXPECT_EQ(refusal("0 */-1 * * *"),
            "column 5: hour: \"-1\" is no step; it is a whole number from 1");
}

TEST(CronParser, SaysHowManyFieldsThereAre) {
  EXPECT_EQ(
      refusal("0 0 * *"),
      "column 8: a schedule has 5 fields (minute, hour, day of month, month, day of week) and "
      "this has 4");
  EXPECT_THAT(refusal("0 0 0 * * *"), HasSubstr("column 11: a schedule has 5 fields"));
  EXPECT_THAT(refusal(""), HasSubstr("column 1: a schedule has 5 fields"));
}

TEST(CronParser, SaysWhichNamesThereAre) {
  EXPECT_THAT(refusal("@reboot"), HasSubstr("column 1: \"@reboot\" is no schedule; names are @y"));
  EXPECT_THAT(refusal("TZ=UTC @Daily"), HasSubstr("column 8: \"@Daily\" is no schedule"));
  EXPECT_THAT(refusal("@every 1d"), HasSubstr("column 8: \"1d\" is no duration"));
}

TEST(CronParser, SaysThatThereIsNoSuchZone) {
  EXPECT_EQ(refusal("TZ=Mars/Base * * * * *"),
            "column 4: \"Mars/Base\" is no time zone; they are named as Europe/Paris");
  EXPECT_EQ(refusal("CRON_TZ=UTC"), "column 12: behind the zone come a space and the schedule");
}

TEST(CronParser, CountsColumnsInCharacters) {
  EXPECT_THAT(refusal("*\u00a0*\u3000é * *"), HasSubstr("column 5: day of month: \"é\" is no"));
}

TEST(CronParser, TakesNoMoreThan255Bytes) {
  std::string expression = "0 0 * * 1";
  while (expression.size() < kExpressionBytesMax) expression += " ";
  EXPECT_EQ(refusal(expression), "accepted");
  EXPECT_EQ(refusal(expression + " "),
            "column 256: a schedule has at most 255 bytes and this has 256");
}

TEST(CronParser, TakesNoTextThatIsNoUtf8) {
  EXPECT_EQ(refusal("\xff * * * *"), "column 1: this is no valid UTF-8");
}

// The reference takes these.
TEST(CronParser, RefusesWhatIsNeverDueOrDependsOnTheMachine) {
  EXPECT_EQ(refusal(", * * * *"), "column 1: minute: a value is missing; allowed are 0 to 59");
  EXPECT_EQ(refusal("TZ=Local * * * * *"),
            "column 4: \"Local\" is another zone on each machine; name one, as Europe/Paris");
  EXPECT_THAT(refusal("TZ=localtime * * * * *"), HasSubstr("another zone on each machine"));
}

TEST(CronParser, TakesLineBreaksForWhiteSpace) {
  EXPECT_EQ(refusal("*\n*\r\n* * *\n"), "accepted");
}

}  // namespace
}  // namespace synap::cron

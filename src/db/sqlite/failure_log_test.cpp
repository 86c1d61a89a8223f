#include "db/sqlite/failure_log.h"

#include <gtest/gtest.h>

namespace synap::db::sqlite {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

TEST(RepeatedLines, PrintsOneLineASecondAndTellsHowManyWereLeftOut) {
  RepeatedLines lines;
  const RepeatedLines::Time begin{};
  EXPECT_EQ(lines.add("full", begin), Lines{"full"});
  EXPECT_EQ(lines.add("full", begin + 10ms), Lines{});
  EXPECT_EQ(lines.add("full", begin + 999ms), Lines{});
  EXPECT_EQ(lines.add("other", begin + 999ms), Lines{"other"});
  EXPECT_EQ(lines.add("full", begin + 1s), Lines{"full (and 2 more of these)"});
  EXPECT_EQ(lines.add("full", begin + 1500ms), Lines{});
  EXPECT_EQ(lines.add("full", begin + 9s), Lines{"full (and 1 more of these)"});
  EXPECT_EQ(lines.add("full", begin + 99s), Lines{"full"});
}

TEST(RepeatedLines, TellsWhatWasLeftOutWhenAnotherFailsOrAtTheEnd) {
  RepeatedLines lines;
  const RepeatedLines::Time begin{};
  for (int i = 0; i < 5; ++i) lines.add("full", begin);
  EXPECT_EQ(lines.add("other", begin + 2s), (Lines{"full (and 4 more of these)", "other"}));
  for (int i = 0; i < 3; ++i) lines.add("other", begin + 2s);
  EXPECT_EQ(lines.rest(), Lines{"other (and 3 more of these)"});
  EXPECT_EQ(lines.rest(), Lines{});
}

TEST(RepeatedLines, IsBoundedAndHidesNothing) {
  RepeatedLines lines;
  const RepeatedLines::Time begin{};
  for (int i = 0; i < 2'000; ++i) {
    EXPECT_EQ(lines.add(std::to_string(i), begin), Lines{std::to_string(i)});
  }
  EXPECT_EQ(lines.add("0", begin), Lines{});
  EXPECT_EQ(lines.add("1999", begin), Lines{"1999"});
}

}  // namespace
}  // namespace synap::db::sqlite

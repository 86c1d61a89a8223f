#include "base/recent_lines.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/executor.h"
#include "base/task.h"

namespace synap {
namespace {

LoggedLine line(std::string message, LogLevel level = LogLevel::kInfo, std::int64_t unix_ms = 0) {
  return {.unix_ms = unix_ms,
          .level = level,
          .room = "pod",
          .message = std::move(message),
          .fields = "{}"};
}
std::vector<std::string> messages(const RecentLines::Answer& answer) {
  std::vector<std::string> all;
  for (const auto& found : answer.lines) all.push_back(found.message);
  return all;
}
using Messages = std::vector<std::string>;

TEST(RecentLines, GivesTheNewestOfALevelAndATime) {
  RecentLines recent;
  recent.add(line("one", LogLevel::kError, 10));
  recent.add(line("two", LogLevel::kDebug, 20));
  recent.add(line("three", LogLevel::kWarn, 30));
  recent.add(line("four", LogLevel::kInfo, 40));
  EXPECT_EQ(messages(recent.find({})), (Messages{"one", "two", "three", "four"}));
  EXPECT_EQ(messages(recent.find({.count_max = 2})), (Messages{"three", "four"}));
  EXPECT_EQ(messages(recent.find({.level = LogLevel::kWarn})), (Messages{"one", "three"}));
  EXPECT_EQ(messages(recent.find({.level = LogLevel::kWarn, .count_max = 1})), Messages{"three"});
  EXPECT_EQ(messages(recent.find({.since_unix_ms = 30})), (Messages{"three", "four"}));
  EXPECT_EQ(messages(recent.find({.after = 3})), Messages{"four"});
  EXPECT_EQ(recent.find({}).end, 4);
  EXPECT_EQ(recent.find({}).lines.back().number, 4);
}

TEST(RecentLines, IsBoundedInBytesAndKnowsHowMuchItHasForgotten) {
  RecentLines recent(10'000);
  for (int i = 0; i < 100; ++i) recent.add(line(std::string(500, 'x')));
  const auto all = recent.find({});
  EXPECT_GE(all.lines.size(), 10u);
  EXPECT_LE(all.lines.size(), 20u);
  EXPECT_EQ(all.forgotten, 100 - static_cast<std::int64_t>(all.lines.size()));
  EXPECT_EQ(all.lines.back().number, 100);
  EXPECT_EQ(recent.find({.after = 99}).forgotten, 0);
  recent.add(line(std::string(20'000, 'x')));
  EXPECT_TRUE(recent.find({}).lines.empty()) << "one that has no room at all";
  EXPECT_EQ(recent.find({}).forgotten, 101);
}

Task<void> wait_for(RecentLines& recent, std::int64_t past) {
  co_await recent.end().wait_past(past);
}

TEST(RecentLines, WakesWhoFollows) {
  RecentLines recent;
  ThreadExecutor executor("follower");
  recent.add(line("one"));
  EXPECT_EQ(recent.end().value(), 0) << "nobody was told";
  std::jthread announcing([&] { recent.announce(); });
  sync_wait(executor, wait_for(recent, 0));
  EXPECT_EQ(recent.end().value(), 1);
}

TEST(Log, IsKeptInMemoryAsItIsWritten) {
  testing::internal::CaptureStderr();
  const auto before = recent_lines().find({}).end;
  write_log(LogLevel::kWarn, "workers", "run {run} was \"given\" up",
            {{"run", "r\n1"}, {"attempt", std::int64_t{4}}});
  write_log(LogLevel::kDebug, "api", "left out");
  for (int i = 0; i < 3; ++i) {
    write_log_bounded(Same::kLine, LogLevel::kError, "db", "the disk is full");
  }
  flush_log();
  testing::internal::GetCapturedStderr();
  const auto found = recent_lines().find({.after = before});
  ASSERT_EQ(found.lines.size(), 3u);
  EXPECT_EQ(found.lines[0].level, LogLevel::kWarn);
  EXPECT_EQ(found.lines[0].room, "workers");
  EXPECT_EQ(found.lines[0].message, "run r\\n1 was \"given\" up");
  EXPECT_EQ(found.lines[0].fields, R"({"run":"r\n1","attempt":4})");
  EXPECT_EQ(found.lines[1].message, "the disk is full");
  EXPECT_EQ(found.lines[2].message, "the disk is full (and 2 more of these)");
  EXPECT_EQ(found.lines[2].fields, R"({"left_out":2})");
}

}  // namespace
}  // namespace synap

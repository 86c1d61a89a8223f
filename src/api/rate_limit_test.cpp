#include "api/rate_limit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace synap::api {
namespace {

using namespace std::chrono_literals;

const auto kStart = RateLimit::Clock::time_point(1h);

// Of `calls` made at `at`, how many may be made.
int taken(const RateLimit& limit, RateLimit::Account& user, RateLimit::Clock::time_point at,
          int calls) {
  int count = 0;
  for (int i = 0; i < calls; ++i) count += limit.take(user, at) ? 1 : 0;
  return count;
}

TEST(RateLimit, AllowsOneSecondsWorthAtOnce) {
  const RateLimit limit(10);
  RateLimit::Account user;
  EXPECT_EQ(taken(limit, user, kStart, 100), 10);
}

TEST(RateLimit, GivesBackAsTimePasses) {
  const RateLimit limit(10);
  RateLimit::Account user;
  taken(limit, user, kStart, 100);
  EXPECT_EQ(taken(limit, user, kStart + 99ms, 100), 0);
  EXPECT_EQ(taken(limit, user, kStart + 100ms, 100), 1);
  EXPECT_EQ(taken(limit, user, kStart + 400ms, 100), 3);
  // What was not used is not saved for more than one second.
  EXPECT_EQ(taken(limit, user, kStart + 1h, 100), 10);
}

TEST(RateLimit, RefusedCallsCostNothing) {
  const RateLimit limit(2);
  RateLimit::Account user;
  taken(limit, user, kStart, 1'000'000);
  EXPECT_EQ(taken(limit, user, kStart + 1s, 100), 2);
}

TEST(RateLimit, ZeroIsNoLimit) {
  const RateLimit limit(0);
  RateLimit::Account user;
  EXPECT_EQ(taken(limit, user, kStart, 1000), 1000);
}

TEST(RateLimit, CountsTheCallsOfAllThreads) {
  const RateLimit limit(1000);
  RateLimit::Account user;
  std::atomic<int> count{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { count += taken(limit, user, kStart, 1000); });
  }
  threads.clear();
  EXPECT_EQ(count, 1000);
}

}  // namespace
}  // namespace synap::api

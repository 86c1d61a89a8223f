#include "pod/samples.h"

#include <gtest/gtest.h>

#include "base/background.h"
#include "base/manual_world.h"

namespace synap::pod {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SamplerTest : public testing::Test {
 protected:
  // What follows from `now`, ten seconds later.
  void take() {
    world.pass(Sampler::kEvery);
    sampler.take();
  }

  ManualWorld world;
  Reading now;
  Sampler sampler{[this] { return now; }, world};
};

TEST_F(SamplerTest, CountsAreToldAsRatesAndTimesAsMeansOfTheTimeBetween) {
  now = {.events = 50, .calls = 20, .commits = 4, .commit_time = milliseconds(10)};
  take();
  now.events += 1'000;
  now.calls += 1;
  now.commits += 2;
  now.commit_time += milliseconds(3);
  now.syncs = 1;
  now.sync_time = milliseconds(8);
  take();
  const auto samples = sampler.newest(10);
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].events_per_second, 5);
  EXPECT_EQ(samples[0].calls_per_second, 2);
  EXPECT_EQ(samples[0].commit_seconds, 0.0025);
  EXPECT_EQ(samples[0].sync_seconds, std::nullopt) << "there was none";
  EXPECT_EQ(samples[1].events_per_second, 100);
  EXPECT_EQ(samples[1].calls_per_second, 0.1);
  EXPECT_EQ(samples[1].commit_seconds, 0.0015);
  EXPECT_EQ(samples[1].sync_seconds, 0.008);
  EXPECT_EQ(samples[1].at - samples[0].at, milliseconds(Sampler::kEvery).count());
}

TEST_F(SamplerTest, WhatThereIsIsToldAsItIs) {
  now = {.resident_bytes = 7,
         .log_of_changes_bytes = 6,
         .connections = 5,
         .queued_jobs = 4,
         .lag_events = 3};
  take();
  const auto sample = sampler.newest(1).at(0);
  EXPECT_EQ(sample.resident_bytes, 7);
  EXPECT_EQ(sample.log_of_changes_bytes, 6);
  EXPECT_EQ(sample.connections, 5);
  EXPECT_EQ(sample.queued_jobs, 4);
  EXPECT_EQ(sample.lag_events, 3);
}

TEST_F(SamplerTest, KeepsTheLastHourAndNoMore) {
  constexpr auto kMore = 25;
  for (std::size_t i = 1; i <= Sampler::kKept + kMore; ++i) {
    now.queued_jobs = static_cast<std::int64_t>(i);
    take();
  }
  const auto all = sampler.newest(100'000);
  ASSERT_EQ(all.size(), Sampler::kKept);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].queued_jobs, static_cast<std::int64_t>(i + kMore + 1)) << i;
  }
  const auto newest = sampler.newest(3);
  ASSERT_EQ(newest.size(), 3U);
  EXPECT_EQ(newest.front().queued_jobs, all[all.size() - 3].queued_jobs);
  EXPECT_EQ(newest.back().queued_jobs, all.back().queued_jobs);
}

TEST_F(SamplerTest, AClockThatIsSetBackChangesNoRate) {
  world.jump(-std::chrono::hours(24));
  now.events = 30;
  take();
  EXPECT_EQ(sampler.newest(1).at(0).events_per_second, 3);
}

TEST_F(SamplerTest, IsTakenByTheTimersOfTheWorldUntilItIsAskedToStop) {
  ThreadExecutor executor{"test"};
  Background background{executor};
  background.begin(sampler.run(background.token()));
  for (std::size_t taken = 0; taken < 3; ++taken) {
    ASSERT_TRUE(world.wait_for_sleeper(Sampler::kEvery));
    EXPECT_EQ(sampler.newest(10).size(), taken);
    world.pass(Sampler::kEvery);
  }
  ASSERT_TRUE(world.wait_for_sleeper(Sampler::kEvery));
  background.stop();
  EXPECT_EQ(sampler.newest(10).size(), 3U);
}

}  // namespace
}  // namespace synap::pod

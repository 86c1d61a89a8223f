#include "bus/queue.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/manual_world.h"
#include "base/test_support.h"

namespace synap::bus {
namespace {

const Uuid kLane = Uuid::v7();
const Uuid kOtherLane = Uuid::v7();
constexpr std::chrono::milliseconds kHour(3'600'000);
constexpr std::chrono::milliseconds kMs(1);

Job job(std::int64_t number, std::optional<Uuid> lane = {}, std::int64_t due_at = 0) {
  Job made;
  made.event_position = number;
  made.lane = lane;
  made.due_at = due_at;
  return made;
}

class QueueTest : public testing::Test {
 protected:
  Task<std::optional<Job>> take() { co_return co_await queue.take(); }
  /// The number of the next job, or 0 if there is none at once.
  std::int64_t next() {
    if (queue.ready_count() == 0) return 0;
    taken = *sync_wait(executor, take());
    return taken.event_position;
  }
  std::int64_t in_an_hour() { return world.unix_ms() + kHour.count(); }
  /// What is ready when so much time has passed.
  void pass(std::chrono::milliseconds time) {
    world.pass(time);
    queue.wake_due();
  }

  ManualWorld world;
  Queue queue{world};
  Job taken;
  ThreadExecutor executor{"test"};
};

TEST_F(QueueTest, HandsOutInTheOrderOfPushes) {
  queue.push({job(1), job(2)});
  queue.push({job(3)});
  for (std::int64_t n = 1; n <= 3; ++n) EXPECT_EQ(next(), n);
  EXPECT_EQ(next(), 0);
}

TEST_F(QueueTest, LaneIsHandedOutOneAtATimeInOrder) {
  queue.push({job(1, kLane), job(2, kLane), job(3), job(4, kOtherLane), job(5, kLane)});
  EXPECT_EQ(next(), 1);
  const auto first = taken;
  EXPECT_EQ(next(), 3);
  queue.release(taken);  // without a lane: nothing
  EXPECT_EQ(next(), 4);
  EXPECT_EQ(next(), 0);
  queue.release(first);
  EXPECT_EQ(next(), 2);
  EXPECT_EQ(next(), 0);
  queue.push({job(6, kLane)});
  EXPECT_EQ(next(), 0);
  queue.release(taken);
  EXPECT_EQ(next(), 5);
  queue.release(taken);
  EXPECT_EQ(next(), 6);
  queue.release(taken);
  // Free again.
  queue.push({job(7, kLane)});
  EXPECT_EQ(next(), 7);
}

TEST_F(QueueTest, LaneIsInTheOrderOfEventsAlsoWhenOneComesBack) {
  queue.push({job(3, kLane), job(4, kLane), job(6, kLane)});
  EXPECT_EQ(next(), 3);
  queue.push({job(5, kLane), job(1, kLane), job(7, kLane)});
  for (const std::int64_t n : {1, 4, 5, 6, 7}) {
    queue.release(taken);
    EXPECT_EQ(next(), n);
  }
}

TEST_F(QueueTest, JobThatIsPushedAgainKeepsItsLane) {
  queue.push({job(1, kLane), job(2, kLane)});
  EXPECT_EQ(next(), 1);
  auto again = taken;
  again.due_at = in_an_hour();
  queue.push_again(again);
  EXPECT_EQ(next(), 0);
  EXPECT_EQ(queue.delayed_count(), 1u);
  pass(kHour - kMs);
  EXPECT_EQ(next(), 0);
  pass(kMs);
  EXPECT_EQ(next(), 1);
  EXPECT_EQ(next(), 0);
  queue.release(taken);
  EXPECT_EQ(next(), 2);
}

TEST_F(QueueTest, DelayedHeadHoldsItsLane) {
  const auto due = in_an_hour();
  queue.push({job(1, kLane, due), job(2, kLane), job(3)});
  EXPECT_EQ(next(), 3);
  EXPECT_EQ(next(), 0);
  EXPECT_EQ(queue.next_due_in(), kHour);
  pass(kHour);
  EXPECT_EQ(queue.next_due_in(), std::nullopt);
  EXPECT_EQ(next(), 1);
  queue.release(taken);
  EXPECT_EQ(next(), 2);
}

TEST_F(QueueTest, DelayedJobBehindALaneIsDelayedWhenItsTurnComes) {
  const auto due = in_an_hour();
  queue.push({job(1, kLane), job(2, kLane, due), job(3, kLane)});
  EXPECT_EQ(next(), 1);
  EXPECT_EQ(queue.delayed_count(), 0u);
  queue.release(taken);
  EXPECT_EQ(next(), 0);
  EXPECT_EQ(queue.delayed_count(), 1u);
  pass(kHour);
  EXPECT_EQ(next(), 2);
  queue.release(taken);
  EXPECT_EQ(next(), 3);
}

TEST_F(QueueTest, DelayedJobsWakeInTheOrderOfTheirTimes) {
  const auto due = in_an_hour();
  queue.push({job(1, {}, due + 2), job(2, {}, due), job(3, {}, due + 1), job(4, {}, due)});
  pass(kHour + kMs);
  EXPECT_EQ(next(), 2);
  EXPECT_EQ(next(), 4);
  EXPECT_EQ(next(), 3);
  EXPECT_EQ(next(), 0);
}

TEST_F(QueueTest, AClockThatIsSetBackPutsOffNoJobAndOneThatIsSetForwardHurriesThem) {
  const auto due = in_an_hour();
  queue.push({job(1, kLane), job(2, kLane, due), job(3, {}, due)});
  EXPECT_EQ(next(), 1);
  world.jump(-24 * kHour);
  pass(kHour - kMs);
  queue.release(taken);
  EXPECT_EQ(next(), 0);
  pass(kMs);
  EXPECT_EQ(next(), 3);
  EXPECT_EQ(next(), 2);

  queue.push({job(4, {}, in_an_hour())});
  world.jump(24 * kHour);
  pass(kHour - kMs);
  EXPECT_EQ(next(), 0) << "it was only set right";
  world.jump(kMs);
  pass(0 * kMs);
  EXPECT_EQ(next(), 4);
}

TEST_F(QueueTest, AJobWaitsNoLongerThanWasDecided) {
  auto one = job(1, {}, in_an_hour());
  one.wait_ms = 2'000;
  world.jump(-24 * kHour);
  queue.push({one, job(2, {}, INT64_MAX)});
  EXPECT_EQ(queue.next_due_in(), 2'000 * kMs);
  pass(2'000 * kMs);
  EXPECT_EQ(next(), 1);
  one.due_at = 1;  // long since
  queue.push({one});
  EXPECT_EQ(next(), 1);
  EXPECT_EQ(queue.delayed_count(), 1u);
}

TEST_F(QueueTest, WhatIsDueAtOnceIsSoAlsoBefore1970) {
  world.jump(std::chrono::milliseconds(-2 * world.unix_ms()));
  Queue before(world);
  before.push({job(1), job(2, {}, world.unix_ms() + 1)});
  EXPECT_EQ(before.ready_count(), 1u);
  EXPECT_EQ(before.next_due_in(), kMs);
}

TEST_F(QueueTest, WaitingTakersAreServedInTheirOrder) {
  std::vector<std::int64_t> got;
  auto take_one = [&](int taker) -> Task<bool> {
    const auto one = co_await queue.take();
    got.push_back(10 * taker + one->event_position);
    co_return true;
  };
  test::Started<bool> takers(executor);
  for (int taker = 1; taker <= 3; ++taker) takers.add(take_one(taker));
  test::settle(executor);
  queue.push({job(1), job(2)});
  queue.push({job(3)});
  takers.wait();
  EXPECT_EQ(got, (std::vector<std::int64_t>{11, 22, 33}));
}

TEST_F(QueueTest, TakerThatIsDestroyedWhileItWaitsIsForgotten) {
  auto taker = take();
  test::call_on(executor, [&] {
    taker.start();
    taker = {};
  });
  queue.push({job(1), job(2)});
  EXPECT_EQ(next(), 1);
  EXPECT_EQ(next(), 2);
}

TEST_F(QueueTest, TakerThatIsDestroyedWithAJobInItsHandLeavesItToTheNext) {
  test::Started<std::optional<Job>> others(executor);
  auto taker = take();
  test::call_on(executor, [&] { taker.start(); });
  others.add(take());
  test::settle(executor);
  test::call_on(executor, [&] {
    queue.push({job(1)});  // to the first, who is posted and cannot be resumed yet
    EXPECT_EQ(queue.ready_count(), 0u);
    taker = {};
  });
  EXPECT_EQ(others.wait().front()->event_position, 1);
  queue.push({job(2)});
  EXPECT_EQ(next(), 2);
}

TEST_F(QueueTest, CloseLetsEverybodyGo) {
  test::Started<std::optional<Job>> takers(executor);
  for (int i = 0; i < 5; ++i) takers.add(take());
  test::settle(executor);
  queue.close();
  for (const auto& one : takers.wait()) EXPECT_FALSE(one);
  queue.push({job(1)});
  EXPECT_FALSE(sync_wait(executor, take()));
}

TEST_F(QueueTest, ReleaseOfALaneThatIsNotHeldIsAMistake) {
  EXPECT_DEATH(queue.release(job(1, kLane)), "does not hold");
}

TEST_F(QueueTest, EachJobIsTakenOnceByManyTakersAndNoLaneRunsTwice) {
  constexpr int kJobs = 2'000;
  std::mutex mutex;
  std::set<Uuid> running;
  std::unordered_map<Uuid, std::int64_t> last;
  std::multiset<std::int64_t> seen;
  int wrong = 0;
  std::vector<Uuid> lanes(5);
  for (auto& lane : lanes) lane = Uuid::v7();
  auto work = [&]() -> Task<void> {
    while (auto one = co_await queue.take()) {
      {
        std::lock_guard lock(mutex);
        seen.insert(one->event_position);
        if (one->lane && !running.insert(*one->lane).second) ++wrong;
        if (one->lane && std::exchange(last[*one->lane], one->event_position) > one->event_position)
          ++wrong;
      }
      {
        std::lock_guard lock(mutex);
        if (one->lane) running.erase(*one->lane);
        if (seen.size() == kJobs) queue.close();
      }
      queue.release(*one);
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      ThreadExecutor own("taker");
      sync_wait(own, work());
    });
  }
  // Many at a time, so that all takers are at work at once.
  std::vector<Job> jobs;
  for (int n = 1; n <= kJobs; ++n) {
    const auto lane = static_cast<std::size_t>(n) % (lanes.size() + 1);
    jobs.push_back(job(n, lane < lanes.size() ? std::optional(lanes[lane]) : std::nullopt));
    if (n % 100 == 0) queue.push(std::exchange(jobs, {}));
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kJobs));
}

}  // namespace
}  // namespace synap::bus

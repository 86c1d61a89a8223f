#include "base/timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <random>
#include <thread>

#include "base/first_of.h"
#include "base/test_support.h"

namespace synap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Task<bool> sleep(milliseconds duration, std::stop_token stop = {}) {
  co_return co_await sleep_for(duration, std::move(stop));
}

// Starts one task of each kind that waits for `mark` or `stop`, and lets `act` see them, all on the
// thread of an executor; what was destroyed by then must not run later.
class Cancelled : public testing::Test {
 protected:
  Task<void> note(auto awaitable) {
    co_await awaitable();
    ++ended;
  }
  void start() {
    sleeper = note([this] { return sleep_for(hours(1), stop.get_token()); });
    waiter = note([this] { return mark.wait_past(0, stop.get_token()); });
    sleeper.start();
    waiter.start();
  }
  void destroy() {
    sleeper = {};
    waiter = {};
  }

  Watermark mark;
  std::stop_source stop;
  std::atomic<int> ended = 0;
  Task<void> sleeper;
  Task<void> waiter;
  ThreadExecutor executor{"test"};
};

TEST_F(Cancelled, WhileItWaitsItIsForgotten) {
  test::call_on(executor, [&] {
    start();
    destroy();
  });
  mark.raise(1);
  stop.request_stop();
  test::settle(executor);
  EXPECT_EQ(ended, 0);
}

TEST_F(Cancelled, SleeperLeavesOthersTheirTime) {
  test::call_on(executor, [&] {
    auto early = note([] { return sleep_for(milliseconds(1)); });
    early.start();
  });
  EXPECT_TRUE(sync_wait(executor, sleep(milliseconds(2))));
  EXPECT_EQ(ended, 0);
}

TEST_F(Cancelled, AfterItWasWokenItIsNotResumed) {
  test::call_on(executor, [&] {
    start();
    mark.raise(1);  // both are posted, and this thread is not free to resume them
    stop.request_stop();
    destroy();
  });
  test::settle(executor);
  EXPECT_EQ(ended, 0);
}

TEST_F(Cancelled, InTheTurnThatWouldResumeItItIsNotResumed) {
  auto destroy_first = [this]() -> Task<void> {
    destroy();
    co_return;
  };
  test::call_on(executor, [&] {
    start();
    spawn(executor, destroy_first());
    stop.request_stop();
  });
  test::settle(executor);
  EXPECT_EQ(ended, 0);
}

TEST_F(Cancelled, WhileAnotherThreadWakesItItIsResumedOrNot) {
  for (int round = 0; round < 300; ++round) {
    stop = {};
    Watermark own;
    std::barrier together(3);
    test::call_on(executor, [&] {
      sleeper = note([this] { return sleep_for(milliseconds(0), stop.get_token()); });
      waiter = note([&] { return own.wait_past(0, stop.get_token()); });
      sleeper.start();
      waiter.start();
    });
    std::thread stopper([&] {
      together.arrive_and_wait();
      stop.request_stop();
    });
    std::thread raiser([&] {
      together.arrive_and_wait();
      own.raise(1);
    });
    together.arrive_and_wait();
    test::call_on(executor, [&] { destroy(); });
    stopper.join();
    raiser.join();
  }
  test::settle(executor);
}

Task<bool> wait_past(Watermark& mark, std::int64_t past, std::stop_token stop = {}) {
  co_return co_await mark.wait_past(past, std::move(stop));
}

Task<void> first_of_both(Watermark& mark, milliseconds most, std::stop_token stop = {}) {
  return first_of(
      std::move(stop), [&mark](std::stop_token over) { return mark.wait_past(0, over); },
      [most](std::stop_token over) { return sleep_for(most, over); });
}

TEST(FirstOf, EndsWithTheFirstThatComesOrWhenItIsStopped) {
  ThreadExecutor executor("test");
  Watermark never;
  sync_wait(executor, first_of_both(never, milliseconds(1)));
  Watermark there(1);
  sync_wait(executor, first_of_both(there, hours(1)));
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  sync_wait(executor, first_of_both(never, hours(1), stop.get_token()));
  stopper.join();
}

TEST_F(Cancelled, AllThatAFirstOfWaitsForIsForgotten) {
  test::call_on(executor, [&] {
    waiter = note([this] { return first_of_both(mark, hours(1), stop.get_token()); });
    waiter.start();
  });
  test::settle(executor);
  test::call_on(executor, [&] { destroy(); });
  mark.raise(1);
  stop.request_stop();
  test::settle(executor);
  EXPECT_EQ(ended, 0);
}

TEST(SleepUntil, WakesNotBeforeItsTime) {
  ThreadExecutor executor("test");
  const auto begin = SteadyClock::now();
  EXPECT_TRUE(sync_wait(executor, sleep(milliseconds(20))));
  EXPECT_GE(SteadyClock::now() - begin, milliseconds(20));
  EXPECT_TRUE(sync_wait(executor, sleep(milliseconds(-5))));
}

TEST(SleepUntil, WakesInTheOrderOfTheTimesNotOfTheCalls) {
  ThreadExecutor executor("test");
  std::vector<int> order;
  auto note = [&](int n, SteadyClock::time_point when) -> Task<bool> {
    co_await sleep_until(when);
    order.push_back(n);
    co_return true;
  };
  const auto now = SteadyClock::now();
  test::Started<bool> calls(executor);
  for (const int n : {3, 1, 2}) calls.add(note(n, now + milliseconds(10 * n)));
  calls.wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(SleepUntil, StopEndsItAtOnce) {
  ThreadExecutor executor("test");
  std::stop_source stop;
  test::Started<bool> calls(executor);
  for (int i = 0; i < 50; ++i) calls.add(sleep(hours(1), stop.get_token()));
  test::settle(executor);
  EXPECT_EQ(calls.done(), 0u);
  stop.request_stop();
  for (const bool slept : calls.wait()) EXPECT_FALSE(slept);
  EXPECT_FALSE(sync_wait(executor, sleep(hours(1), stop.get_token())));
}

TEST(SleepUntil, StopMayRaceItsTime) {
  ThreadExecutor executor("test");
  for (int round = 0; round < 100; ++round) {
    std::stop_source stop;
    test::Started<bool> calls(executor);
    for (int i = 0; i < 10; ++i) calls.add(sleep(milliseconds(i % 3), stop.get_token()));
    std::thread stopper([&] { stop.request_stop(); });
    calls.wait();  // each is resumed exactly once, or this does not end well
    stopper.join();
  }
}

TEST(SleepUntil, StopMayComeFromItsOwnExecutor) {
  ThreadExecutor executor("test");
  std::stop_source stop;
  test::Started<bool> calls(executor);
  calls.add(sleep(hours(1), stop.get_token()));
  calls.add([](std::stop_source& source) -> Task<bool> {
    source.request_stop();
    co_return true;
  }(stop));
  EXPECT_EQ(calls.wait(), (std::vector<bool>{false, true}));
}

TEST(Watermark, OnlyGrows) {
  Watermark mark(5);
  mark.raise(3);
  EXPECT_EQ(mark.value(), 5);
  mark.raise(7);
  EXPECT_EQ(mark.value(), 7);
}

TEST(Watermark, WakesThoseWhoseValueIsPastAndNoOthers) {
  ThreadExecutor executor("test");
  Watermark mark(1);
  std::stop_source stop;
  test::Started<bool> calls(executor);
  for (std::int64_t past = 0; past < 10; ++past) {
    calls.add(wait_past(mark, past, stop.get_token()));
  }
  test::settle(executor);
  EXPECT_EQ(calls.done(), 1u);
  mark.raise(5);
  test::settle(executor);
  EXPECT_EQ(calls.done(), 5u);
  mark.raise(5);
  test::settle(executor);
  EXPECT_EQ(calls.done(), 5u);
  stop.request_stop();
  const auto past = calls.wait();
  for (std::size_t i = 0; i < past.size(); ++i) EXPECT_EQ(past[i], i < 5);
}

TEST(Watermark, StopMayRaceARaise) {
  ThreadExecutor executor("test");
  for (int round = 0; round < 200; ++round) {
    Watermark mark;
    std::stop_source stop;
    test::Started<bool> calls(executor);
    for (std::int64_t past = 0; past < 8; ++past) {
      calls.add(wait_past(mark, past % 2, stop.get_token()));
    }
    std::thread raiser([&] {
      mark.raise(1);
      mark.raise(2);
    });
    std::thread stopper([&] { stop.request_stop(); });
    calls.wait();
    raiser.join();
    stopper.join();
  }
}

TEST(Watermark, FollowersOfManyThreadsMissNothing) {
  constexpr std::int64_t kEnd = 2'000;
  Watermark mark;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      ThreadExecutor own("follower");
      auto follow = [&]() -> Task<bool> {
        for (std::int64_t seen = 0; seen < kEnd; seen = mark.value()) {
          co_await mark.wait_past(seen);
        }
        co_return true;
      };
      EXPECT_TRUE(sync_wait(own, follow()));
    });
  }
  for (std::int64_t value = 1; value <= kEnd; ++value) mark.raise(value);
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace synap

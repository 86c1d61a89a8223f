#include "base/world.h"

#include <gtest/gtest.h>

#include "base/manual_world.h"
#include "base/simulated_world.h"
#include "base/task.h"
#include "base/test_support.h"

namespace synap {
namespace {

using namespace std::chrono_literals;

// A made-up room: a thread that numbers what it is given.
class Numberer {
 public:
  explicit Numberer(World& world, std::vector<int>* all = nullptr)
      : all_(all), signal_(world.make_signal()) {
    thread_ = world.start_thread("numberer", ThreadPriority::kNormal, [this] { return turn(); });
  }
  ~Numberer() {
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    signal_->notify_all();
    thread_.reset();
    if (all_ != nullptr) *all_ = seen_;
  }
  void add(int number) {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(number);
    }
    signal_->notify_one();
  }
  std::vector<int> seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }
  int idle = 0;

 private:
  bool turn() {
    std::unique_lock lock(mutex_);
    const auto woken = signal_->wait(lock, [this] { return is_closed_ || !queue_.empty(); }, 1s);
    if (woken == Signal::Woken::kNotYet) return true;
    if (woken == Signal::Woken::kTimeUp) {
      ++idle;
      return true;
    }
    if (queue_.empty()) return false;
    seen_.push_back(queue_.front());
    queue_.erase(queue_.begin());
    return true;
  }

  std::vector<int>* all_;
  std::unique_ptr<Signal> signal_;
  std::mutex mutex_;
  std::vector<int> queue_;
  std::vector<int> seen_;
  bool is_closed_ = false;
  std::unique_ptr<WorldThread> thread_;
};

// Coroutines on two executors, which sleep and write down who they are.
std::string history_of(std::uint64_t seed) {
  SimulatedWorld world(seed);
  const auto one = world.make_executor("one");
  const auto other = world.make_executor("other");
  std::string history;
  int running = 0;
  const auto walk = [&](char name) -> Task<void> {
    for (int step = 0; step < 5; ++step) {
      history += name;
      co_await world.sleep_for(std::chrono::milliseconds(world.below(10)));
    }
    --running;
  };
  for (char name = 'a'; name < 'e'; ++name) {
    ++running;
    spawn(name % 2 == 0 ? *one : *other, walk(name));
  }
  world.run_until([&] { return running == 0; });
  return history + world.new_id().to_string();
}

TEST(SimulatedWorld, GivesOneHistoryForOneSeed) {
  EXPECT_EQ(history_of(1), history_of(1));
  EXPECT_NE(history_of(1), history_of(2));
}

TEST(SimulatedWorld, LetsNoTimePassByItself) {
  SimulatedWorld world(1);
  const auto executor = world.make_executor("test");
  const auto before = world.unix_ms();
  bool is_awake = false;
  const auto sleep = [&]() -> Task<void> {
    co_await world.sleep_for(1h);
    is_awake = true;
  };
  spawn(*executor, sleep());
  world.settle();
  EXPECT_EQ(world.unix_ms(), before);
  EXPECT_FALSE(is_awake);
  world.pass(1h - 1ms);
  world.settle();
  EXPECT_FALSE(is_awake);
  world.pass(1ms);
  world.settle();
  EXPECT_TRUE(is_awake);
  EXPECT_EQ(world.unix_ms(), before + 3'600'000);
}

TEST(SimulatedWorld, JumpsWithItsWallClockAlone) {
  SimulatedWorld world(1);
  const auto wall = world.unix_ms();
  const auto steady = world.now();
  const auto first = world.new_id();
  world.jump(-24h);
  EXPECT_EQ(world.unix_ms(), wall - 86'400'000);
  EXPECT_EQ(world.now(), steady);
  EXPECT_LT(first, world.new_id());
  world.jump(48h);
  EXPECT_EQ(world.new_id().unix_ms(), wall + 86'400'000);
}

TEST(SimulatedWorld, TurnsAThreadOnlyWhenItHasSomethingToDo) {
  SimulatedWorld world(1);
  Numberer numberer(world);
  world.settle();
  numberer.add(1);
  EXPECT_TRUE(numberer.seen().empty());
  numberer.add(2);
  world.settle();
  EXPECT_EQ(numberer.seen(), (std::vector<int>{1, 2}));
  EXPECT_EQ(numberer.idle, 0);
  EXPECT_TRUE(world.pass_to_next());
  world.settle();
  EXPECT_EQ(numberer.idle, 1);
}

TEST(SimulatedWorld, EndsAThreadBeforeItsOwnerGoes) {
  SimulatedWorld world(1);
  {
    Numberer numberer(world);
    numberer.add(1);
  }
  EXPECT_FALSE(world.turn());
}

TEST(SimulatedWorldDeathTest, SaysWhenNothingCanHappenAnyMore) {
  SimulatedWorld world(1);
  EXPECT_DEATH(world.run_until([] { return false; }), "everything waits");
}

TEST(RealWorld, TurnsAThreadOfItsOwnUntilItEnds) {
  std::vector<int> seen;
  {
    Numberer numberer(real_world(), &seen);
    for (int i = 0; i < 100; ++i) numberer.add(i);
  }
  ASSERT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.back(), 99);
}

TEST(ManualWorld, WakesWhoeverSleepsWhenItsTimeIsMovedAndNotBefore) {
  ManualWorld world;
  const auto executor = world.make_executor("test");
  test::Started<bool> sleepers(*executor);
  sleepers.add_awaitable([&] { return world.sleep_for(1s); });
  sleepers.add_awaitable([&] { return world.sleep_for(2s); });
  ASSERT_TRUE(world.wait_for_sleeper(1s));
  test::settle(*executor);
  world.pass(999ms);
  test::settle(*executor);
  EXPECT_EQ(sleepers.done(), 0u);
  world.pass(1ms);
  test::settle(*executor);
  EXPECT_EQ(sleepers.done(), 1u);
  world.pass(1h);
  EXPECT_EQ(sleepers.wait(), (std::vector<bool>{true, true}));
}

TEST(ManualWorld, ASleepUntilWhatHasPassedIsOverAtOnce) {
  ManualWorld world;
  const auto executor = world.make_executor("test");
  const auto when = world.now() + 1s;
  world.pass(2s);
  EXPECT_TRUE(test::run(*executor, [&] { return world.sleep_until(when); }));
}

TEST(ManualWorld, AJumpIsSeenByTheWallClockAlone) {
  ManualWorld world;
  const auto wall = world.unix_ms();
  const auto steady = world.now();
  world.jump(-1h);
  EXPECT_EQ(world.unix_ms(), wall - 3'600'000);
  EXPECT_EQ(world.now(), steady);
  world.pass(1s);
  EXPECT_EQ(world.unix_ms(), wall - 3'599'000);
}

}  // namespace
}  // namespace synap

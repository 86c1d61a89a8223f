#include "base/executor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <thread>

#include "base/task.h"
#include "base/test_support.h"
#include "base/timer.h"
#include "base/world.h"

namespace synap {
namespace {

TEST(ThreadExecutor, ResumesOnItsOwnThreadInTheOrderOfPosts) {
  ThreadExecutor executor("test");
  std::vector<int> order;
  bool on_executor = true;
  auto note = [&](int n) -> Task<void> {
    on_executor = on_executor && Executor::current() == &executor;
    order.push_back(n);
    co_return;
  };
  for (int n = 0; n < 100; ++n) spawn(executor, note(n));
  test::settle(executor);
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(on_executor);
  EXPECT_EQ(Executor::current(), nullptr);
}

int niceness(Executor& executor) {
  return sync_wait(executor, []() -> Task<int> {
    co_return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
  }());
}

TEST(ThreadExecutor, MattersAsMuchAsTheProgramWhoeverMakesIt) {
  const auto own = getpriority(PRIO_PROCESS, 0);
  ThreadExecutor background("background", ThreadPriority::kBackground);
  EXPECT_GT(niceness(background), own);
  std::unique_ptr<ThreadExecutor> made;
  std::unique_ptr<WorldThread> thread;
  std::atomic<int> of_thread = INT_MAX;
  sync_wait(background, [](auto& executor, auto& started, auto& seen) -> Task<void> {
    executor = std::make_unique<ThreadExecutor>("made there");
    started = real_world().start_thread("made there", ThreadPriority::kNormal, [&seen] {
      seen = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
      return false;
    });
    co_return;
  }(made, thread, of_thread));
  EXPECT_EQ(niceness(*made), own);
  thread.reset();
  EXPECT_EQ(of_thread, own);
}

Task<void> spawn_next(Executor& executor, std::atomic<int>& ran, int left) {
  ++ran;
  if (left > 0) spawn(executor, spawn_next(executor, ran, left - 1));
  co_return;
}

TEST(ThreadExecutor, StopFinishesWhatIsQueuedAndWhatThatQueues) {
  std::atomic<int> ran = 0;
  {
    ThreadExecutor executor("test");
    for (int i = 0; i < 10; ++i) spawn(executor, spawn_next(executor, ran, 20));
    executor.stop();
    EXPECT_EQ(ran, 210);
    executor.stop();
  }
}

// Resumes a coroutine from a thread of its own, as the database and the content store do.
class Elsewhere {
 public:
  ~Elsewhere() { thread_.join(); }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    thread_ = std::thread([self, executor = Executor::current()] { executor->post(self); });
  }
  void await_resume() const noexcept {}

 private:
  std::thread thread_;
};

TEST(ThreadExecutor, MayEndAsSoonAsItsLastCoroutineHas) {
  for (int i = 0; i < 300; ++i) {
    std::optional<Elsewhere> elsewhere(std::in_place);
    {
      ThreadExecutor executor("short");
      sync_wait(executor, [](Elsewhere& there) -> Task<void> { co_await there; }(*elsewhere));
    }
  }
}

TEST(ThreadExecutor, TakesPostsFromManyThreads) {
  ThreadExecutor executor("test");
  int count = 0;  // of the executor's thread only
  auto add = [&]() -> Task<void> {
    ++count;
    co_return;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) spawn(executor, add());
    });
  }
  for (auto& thread : threads) thread.join();
  test::settle(executor);
  EXPECT_EQ(count, 4'000);
}

// Waits until somebody posts it by hand, and has no Waiter: what is posted is a raw handle.
struct ByHand {
  std::coroutine_handle<>& at;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const noexcept { at = self; }
  void await_resume() const noexcept {}
};

TEST(Executor, DoesNotResumeWhatWasWithdrawn) {
  ThreadExecutor executor("test");
  std::vector<int> resumed;
  std::coroutine_handle<> handles[3];
  auto note = [&](int n) -> Task<void> {
    co_await ByHand{handles[n]};
    resumed.push_back(n);
  };
  Task<void> tasks[] = {note(0), note(1), note(2)};
  test::call_on(executor, [&] {
    for (auto& task : tasks) task.start();
    executor.post_all({handles[0], handles[1], handles[2]});
    executor.withdraw(handles[1]);
  });
  test::settle(executor);
  EXPECT_EQ(resumed, (std::vector<int>{0, 2}));
}

TEST(Executor, DoesNotResumeWhatIsWithdrawnByOneBeforeItInTheSameTurn) {
  ThreadExecutor executor("test");
  bool has_resumed = false;
  std::coroutine_handle<> handle;
  auto note = [&]() -> Task<void> {
    co_await ByHand{handle};
    has_resumed = true;
  };
  auto withdraw = [&]() -> Task<void> {
    executor.withdraw(handle);
    co_return;
  };
  auto task = note();
  test::call_on(executor, [&] {
    task.start();
    spawn(executor, withdraw());
    executor.post(handle);
  });
  test::settle(executor);
  EXPECT_FALSE(has_resumed);
}

Task<void> wait_past(Watermark& mark, std::int64_t past) {
  co_await mark.wait_past(past);
}

TEST(Executor, HasItsFramesDestroyedByItsOwnThreadWhileItRuns) {
  auto destroy_from_here = [] {
    Watermark mark;
    ThreadExecutor executor("test");
    auto task = wait_past(mark, 0);
    test::call_on(executor, [&] { task.start(); });
    task = {};
  };
  EXPECT_DEATH(destroy_from_here(), "executor's own thread");
}

TEST(Executor, HasItsFramesDestroyedByAnyThreadOnceItHasEnded) {
  Watermark mark;
  ThreadExecutor executor("test");
  auto task = wait_past(mark, 0);
  test::call_on(executor, [&] { task.start(); });
  executor.stop();
  mark.raise(1);  // posted, to nobody
  task = {};
}

}  // namespace
}  // namespace synap

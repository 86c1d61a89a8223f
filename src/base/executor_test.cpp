#include "base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/task.h"
#include "base/test_support.h"

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

TEST(ThreadExecutor, StopFinishesWhatIsQueuedAndWhatThatQueues) {
  std::atomic<int> ran = 0;
  {
    ThreadExecutor executor("test");
    auto again = [&](auto self, int left) -> Task<void> {
      ++ran;
      if (left > 0) spawn(executor, self(self, left - 1));
      co_return;
    };
    for (int i = 0; i < 10; ++i) spawn(executor, again(again, 20));
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

}  // namespace
}  // namespace synap

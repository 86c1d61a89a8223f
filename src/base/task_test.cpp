#include "base/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/stream.h"
#include "base/test_support.h"

namespace synap {
namespace {

Task<int> value(int n) { co_return n; }

Task<int> sum_down(int n) {
  if (n == 0) co_return 0;
  co_return n + co_await sum_down(n - 1);
}

TEST(Task, IsLazyAndYieldsItsValue) {
  ThreadExecutor executor("test");
  bool has_run = false;
  auto task = [](bool& ran) -> Task<std::string> {
    ran = true;
    co_return "value";
  }(has_run);
  EXPECT_FALSE(has_run);
  EXPECT_EQ(sync_wait(executor, std::move(task)), "value");
}

TEST(Task, CarriesWhatCannotBeCopied) {
  ThreadExecutor executor("test");
  auto made = [](int n) -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(n); };
  EXPECT_EQ(*sync_wait(executor, made(7)), 7);
}

TEST(Task, ReturnsWithoutGrowingTheStack) {
  ThreadExecutor executor("test");
  auto many = []() -> Task<long> {
    long sum = 0;
    for (int i = 0; i < 200'000; ++i) sum += co_await value(1);
    co_return sum;
  };
  EXPECT_EQ(sync_wait(executor, many()), 200'000);
  EXPECT_EQ(sync_wait(executor, sum_down(1'000)), 500'500);
}

TEST(Task, DestroysItsFrameWhereItIsSuspended) {
  auto alive = std::make_shared<int>(1);
  {
    auto task = [](std::shared_ptr<int> held) -> Task<int> { co_return *held; }(alive);
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
  // Suspended inside: what it awaits goes with it.
  struct Never {
    std::coroutine_handle<>& at;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) const noexcept { at = self; }
    void await_resume() const noexcept {}
  };
  std::coroutine_handle<> suspended;
  auto inner = [](std::shared_ptr<int> held, std::coroutine_handle<>& at) -> Task<int> {
    co_await Never{at};
    co_return *held;
  };
  auto outer = [](Task<int> task, std::shared_ptr<int> held) -> Task<int> {
    co_return co_await std::move(task) + *held;
  };
  {
    auto task = outer(inner(alive, suspended), alive);
    auto awaiter = std::move(task).operator co_await();
    awaiter.await_suspend(std::noop_coroutine()).resume();
    EXPECT_TRUE(suspended);
    EXPECT_EQ(alive.use_count(), 3);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Task, MovedFromTaskIsEmpty) {
  ThreadExecutor executor("test");
  auto first = value(3);
  auto second = std::move(first);
  first = value(4);
  second = std::move(first);
  EXPECT_EQ(sync_wait(executor, std::move(second)), 4);
  EXPECT_DEATH(std::move(first).operator co_await(), "moved-from Task");  // NOLINT
}

TEST(WhenAll, KeepsTheOrderOfItsTasks) {
  ThreadExecutor executor("test");
  auto all = []() -> Task<std::vector<int>> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(value(i));
    co_return co_await when_all(std::move(tasks));
  };
  const auto results = sync_wait(executor, all());
  ASSERT_EQ(results.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i);
}

TEST(WhenAll, RunsAllAtOnceAndWaitsForTheLast) {
  ThreadExecutor executor("test");
  // Each raises the mark by one, and waits until all have: one after another they would never end.
  struct Meeting {
    int there = 0;
    std::vector<std::coroutine_handle<>> waiting;
  };
  struct Meet {
    Meeting& meeting;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) {
      if (++meeting.there < 10) {
        meeting.waiting.push_back(self);
        return true;
      }
      Executor::current()->post_all(meeting.waiting);
      return false;
    }
    void await_resume() const noexcept {}
  };
  Meeting meeting;
  auto attend = [&](int n) -> Task<int> {
    co_await Meet{meeting};
    co_return n;
  };
  auto all = [&]() -> Task<std::vector<int>> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(attend(i));
    co_return co_await when_all(std::move(tasks));
  };
  EXPECT_EQ(sync_wait(executor, all()), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(WhenAll, OfNothingIsNothing) {
  ThreadExecutor executor("test");
  EXPECT_TRUE(sync_wait(executor, when_all(std::vector<Task<int>>{})).empty());
}

using Numbers = Stream<int, std::string>;

Numbers count(int most, bool& is_alive) {
  struct Alive {
    bool& flag;
    explicit Alive(bool& f) : flag(f) { flag = true; }
    ~Alive() { flag = false; }
  } alive(is_alive);
  for (int i = 1; i <= most; ++i) co_yield i;
  co_return "end";
}

TEST(Stream, YieldsItsItemsAndThenItsEnd) {
  ThreadExecutor executor("test");
  bool is_alive = false;
  auto read = [&]() -> Task<std::string> {
    auto stream = count(3, is_alive);
    EXPECT_FALSE(is_alive);  // lazy
    std::string seen;
    while (auto item = co_await stream.next()) seen += std::to_string(*item);
    EXPECT_FALSE(co_await stream.next());
    co_return seen + stream.end();
  };
  EXPECT_EQ(sync_wait(executor, read()), "123end");
}

TEST(Stream, WithoutItemsHasItsEnd) {
  ThreadExecutor executor("test");
  bool is_alive = false;
  auto read = [&]() -> Task<std::string> {
    auto stream = count(0, is_alive);
    EXPECT_FALSE(co_await stream.next());
    co_return stream.end();
  };
  EXPECT_EQ(sync_wait(executor, read()), "end");
}

TEST(Stream, MayBeDestroyedBetweenTwoItems) {
  ThreadExecutor executor("test");
  bool is_alive = false;
  auto read = [&]() -> Task<int> {
    auto stream = count(9, is_alive);
    const auto first = co_await stream.next();
    EXPECT_TRUE(is_alive);
    stream = Numbers();
    EXPECT_FALSE(is_alive);
    EXPECT_FALSE(stream);
    co_return *first;
  };
  EXPECT_EQ(sync_wait(executor, read()), 1);
}

TEST(Stream, OfManyItemsDoesNotGrowTheStack) {
  ThreadExecutor executor("test");
  bool is_alive = false;
  auto read = [&]() -> Task<long> {
    auto stream = count(200'000, is_alive);
    long sum = 0;
    while (auto item = co_await stream.next()) sum += *item;
    co_return sum;
  };
  EXPECT_EQ(sync_wait(executor, read()), 200'000L * 200'001 / 2);
}

}  // namespace
}  // namespace synap

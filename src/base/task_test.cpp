#include "base/task.h"
#include "base/run_on.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/run_on.h"
#include "base/stream.h"
#include "base/test_support.h"
#include "base/timer.h"

namespace synap {
namespace {

Task<int> value(int n) {
  co_return n;
}

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
    task.start();
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

Task<int> throws(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}

TEST(Task, ThrowsWhereItIsAwaited) {
  ThreadExecutor executor("test");
  auto careful = []() -> Task<std::string> {
    try {
      co_await throws("one");
    } catch (const std::exception& thrown) {
      co_return thrown.what();
    }
    co_return "nothing";
  };
  EXPECT_EQ(sync_wait(executor, careful()), "one");
  auto careless = []() -> Task<void> { co_await throws("two"); };
  EXPECT_THROW(sync_wait(executor, careless()), std::runtime_error);
}

TEST(Task, ThatIsDetachedMayNotThrow) {
  auto careless = []() -> Task<void> { co_await throws("three"); };
  EXPECT_DEATH(
      {
        ThreadExecutor executor("test");
        spawn(executor, careless());
        executor.stop();
      },
      "three");
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

// Waits in each of the ways there are, and counts its frame.
Task<int> wait(int way, Watermark& mark, std::shared_ptr<int> held) {
  if (way == 0) co_await mark.wait_past(0);
  if (way == 1) co_await sleep_for(std::chrono::hours(1));
  if (way == 2) {
    std::vector<Task<int>> inner;
    inner.push_back(wait(0, mark, held));
    inner.push_back(wait(1, mark, held));
    co_await when_all(std::move(inner));
  }
  co_return *held;
}

Task<void> wait_in_all_ways(Watermark& mark, std::shared_ptr<int> held, bool& has_ended) {
  std::vector<Task<int>> tasks;
  for (int way = 0; way < 4; ++way) tasks.push_back(wait(way, mark, held));  // the last ends
  co_await when_all(std::move(tasks));
  has_ended = true;
}

TEST(WhenAll, DestroysItsChildrenWithItself) {
  ThreadExecutor executor("test");
  Watermark mark;
  bool has_ended = false;
  const auto alive = std::make_shared<int>(1);
  auto task = wait_in_all_ways(mark, alive, has_ended);
  test::call_on(executor, [&] { task.start(); });
  test::settle(executor);
  EXPECT_GT(alive.use_count(), 5);
  test::call_on(executor, [&] { task = {}; });
  EXPECT_EQ(alive.use_count(), 1);
  mark.raise(1);
  test::settle(executor);
  EXPECT_FALSE(has_ended);
}

TEST(WhenAll, DestroysChildrenThatHaveNotBegun) {
  ThreadExecutor executor("test");
  Watermark mark;
  bool has_ended = false;
  const auto alive = std::make_shared<int>(1);
  test::call_on(executor, [&] {
    auto task = wait_in_all_ways(mark, alive, has_ended);
    task.start();
  });
  EXPECT_EQ(alive.use_count(), 1);
  test::settle(executor);
  EXPECT_FALSE(has_ended);
}

Task<void> waits(Watermark& mark, std::shared_ptr<int>) {
  co_await mark.wait_past(0);
}
Task<void> throws() {
  throw std::runtime_error("thrown");
  co_return;
}
Task<void> ends() {
  co_return;
}

TEST(FirstToEnd, DestroysTheOthersBehindWhatIsAwaitedThen) {
  ThreadExecutor executor("test");
  Watermark never;
  const auto alive = std::make_shared<int>(0);
  long before = 0;
  const auto first = sync_wait(executor, [&]() -> Task<std::size_t> {
    std::vector<Task<void>> tasks;
    tasks.push_back(waits(never, alive));
    tasks.push_back(ends());
    auto number = co_await first_to_end(tasks, [&](std::size_t) -> Task<void> {
      co_await NextTurn{};
      before = alive.use_count();
    });
    EXPECT_EQ(alive.use_count(), 1);
    co_return number;
  }());
  EXPECT_EQ(first, 1);
  EXPECT_EQ(before, 2);
}

TEST(FirstToEnd, IsOneThatThrowsAndOfTwoThatEndTheFirst) {
  ThreadExecutor executor("test");
  const auto thrown = sync_wait(executor, []() -> Task<bool> {
    std::vector<Task<void>> tasks;
    tasks.push_back(throws());
    tasks.push_back(ends());
    // The other ends while this is awaited.
    const auto first = co_await first_to_end(tasks, [](std::size_t) -> Task<void> {
      co_await NextTurn{};
      co_await NextTurn{};
    });
    co_return first == 0 && tasks[0].has_thrown() && tasks[1].has_ended();
  }());
  EXPECT_TRUE(thrown);
}

struct CountedBranches : Branches {
  void note_fewer() override { told.push_back(count()); }
  std::vector<int> told;
};

TEST(Branches, AreAllThatATaskAwaitsAtOnceUntilTheyHaveEnded) {
  ThreadExecutor executor("test");
  CountedBranches branches;
  std::vector<int> seen;
  const auto sees = [&]() -> Task<int> {
    seen.push_back(branches.count());
    co_await NextTurn{};
    co_return 0;
  };
  const auto both = [&]() -> Task<int> {
    std::vector<Task<int>> tasks;
    tasks.push_back(sees());
    tasks.push_back(sees());
    co_await when_all(std::move(tasks));
    co_return 0;
  };
  auto whole = [&]() -> Task<void> {
    co_await sees();
    std::vector<Task<int>> tasks;
    tasks.push_back(both());
    tasks.push_back(sees());
    co_await when_all(std::move(tasks));
    std::vector<Task<int>> racing;
    racing.push_back(sees());
    racing.push_back(both());  // which has not come to its children when the other ends
    co_await first_to_end(racing, [](std::size_t) -> Task<void> { co_return; });
    co_await when_all(std::vector<Task<int>>());
    co_await sees();
  };
  auto counted = whole();
  counted.count(branches);
  sync_wait(executor, std::move(counted));
  EXPECT_EQ(branches.count(), 1);
  EXPECT_EQ(seen, (std::vector{1, 3, 3, 3, 2, 1}));
}

TEST(Branches, AreFewerWhereOneThrowsOrIsDestroyed) {
  ThreadExecutor executor("test");
  CountedBranches branches;
  Watermark never;
  auto whole = [&]() -> Task<void> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 3; ++i) {
      tasks.push_back([](Watermark& mark, int number) -> Task<int> {
        if (number == 2) throw std::runtime_error("thrown");
        co_await mark.wait_past(0);
        co_return 0;
      }(never, i));
    }
    try {
      co_await when_all(std::move(tasks));
    } catch (const std::runtime_error&) {
    }
  };
  auto counted = whole();
  counted.count(branches);
  sync_wait(executor, std::move(counted));
  EXPECT_EQ(branches.count(), 1);
  EXPECT_EQ(branches.told.back(), 1);
}

// Goes to `driver`, which destroys the coroutine that does so: what a step does that parks.
struct Park {
  std::coroutine_handle<>& driver;
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept { return driver; }
  void await_resume() const noexcept {}
};
struct KeepHandle {
  std::coroutine_handle<>& at;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> self) const noexcept {
    at = self;
    return false;
  }
  void await_resume() const noexcept {}
};

TEST(WhenAll, MayBeDestroyedByAChildAsSoonAsThatBegins) {
  ThreadExecutor executor("test");
  Watermark mark;
  std::coroutine_handle<> driver;
  const auto alive = std::make_shared<int>(1);
  bool has_gone_on = false;
  auto park = [&]() -> Task<int> {
    co_await Park{driver};
    has_gone_on = true;
    co_return 0;
  };
  auto call = [&]() -> Task<void> {
    std::vector<Task<int>> tasks;
    tasks.push_back(wait(0, mark, alive));
    tasks.push_back(park());
    tasks.push_back(wait(0, mark, alive));
    co_await when_all(std::move(tasks));
    has_gone_on = true;
  };
  auto drive = [&]() -> Task<long> {
    co_await KeepHandle{driver};
    co_await call();
    co_return alive.use_count();
  };
  EXPECT_EQ(sync_wait(executor, drive()), 1);
  mark.raise(1);
  test::settle(executor);
  EXPECT_FALSE(has_gone_on);
}

TEST(WhenAll, DestroysTheOthersWhenOneThrows) {
  ThreadExecutor executor("test");
  Watermark mark;
  Watermark to_throw;
  const auto alive = std::make_shared<int>(1);
  auto throw_later = [&]() -> Task<int> {
    co_await to_throw.wait_past(0);
    co_return co_await throws("later");
  };
  auto all = [&]() -> Task<std::string> {
    std::vector<Task<int>> tasks;
    tasks.push_back(value(1));
    tasks.push_back(wait(2, mark, alive));
    tasks.push_back(throw_later());
    tasks.push_back(wait(0, mark, alive));
    try {
      co_await when_all(std::move(tasks));
    } catch (const std::exception& thrown) {
      co_return thrown.what() + std::to_string(alive.use_count());
    }
    co_return "nothing";
  };
  test::Started<std::string> calls(executor);
  calls.add(all());
  test::settle(executor);
  to_throw.raise(1);
  EXPECT_EQ(calls.wait(), std::vector<std::string>{"later1"});
  mark.raise(1);
  test::settle(executor);
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

TEST(Stream, MayBeDestroyedWhileItWaits) {
  ThreadExecutor executor("test");
  Watermark mark;
  const auto alive = std::make_shared<int>(1);
  auto follow = [](Watermark& to, std::shared_ptr<int> held) -> Numbers {
    co_await to.wait_past(0);
    co_yield *held;
    co_return "end";
  };
  auto read = [&]() -> Task<void> {
    auto stream = follow(mark, alive);
    co_await stream.next();
  };
  auto task = read();
  test::call_on(executor, [&] { task.start(); });
  EXPECT_EQ(alive.use_count(), 2);
  test::call_on(executor, [&] { task = {}; });
  EXPECT_EQ(alive.use_count(), 1);
  mark.raise(1);
  test::settle(executor);
}

TEST(Stream, ThrowsOutOfNext) {
  ThreadExecutor executor("test");
  auto one_and_throw = []() -> Numbers {
    co_yield 1;
    throw std::runtime_error("no two");
  };
  auto read = [&]() -> Task<std::string> {
    auto stream = one_and_throw();
    const int first = *co_await stream.next();
    try {
      co_await stream.next();
    } catch (const std::exception& thrown) {
      co_return std::to_string(first) + thrown.what();
    }
    co_return "nothing";
  };
  EXPECT_EQ(sync_wait(executor, read()), "1no two");
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

TEST(RunOn, GoesThereAndComesBack) {
  ThreadExecutor here("here");
  ThreadExecutor there("there");
  const auto where = []() -> Task<Executor*> { co_return Executor::current(); };
  const auto both = [&]() -> Task<std::pair<Executor*, Executor*>> {
    auto* before = co_await run_on(there, where());
    co_return std::pair(before, Executor::current());
  };
  const auto [before, after] = sync_wait(here, both());
  EXPECT_EQ(before, &there);
  EXPECT_EQ(after, &here);
}

}  // namespace
}  // namespace synap

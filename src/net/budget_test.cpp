#include "net/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "base/task.h"

namespace synap::net {
namespace {

using Grant = Budget::Grant;

class BudgetTest : public testing::Test {
 protected:
  // Takes what there is at once; nothing if it would have to wait.
  bool take(Grant& grant, std::size_t bytes) {
    Budget::Wait wait(grant, bytes);
    return wait.await_ready() && wait.await_resume();
  }
  Grant taken(std::string_view account, std::size_t bytes) {
    Grant grant(budget, account);
    EXPECT_TRUE(take(grant, bytes)) << account;
    return grant;
  }
  // Waits on the executor and says so in `order`.
  Task<> waiter(std::string account, std::size_t bytes, Grant& kept) {
    kept = Grant(budget, account);
    Budget::Wait wait(kept, bytes);
    waits.push_back(&wait);
    const bool is_granted = co_await wait;
    order += account + std::to_string(bytes) + (is_granted ? " " : "! ");
  }
  // Runs `action` on the executor, behind all that was posted before.
  void on_executor(const std::function<void()>& action) {
    auto body = [&]() -> Task<> {
      action();
      co_return;
    };
    sync_wait(executor, body());
  }

  ThreadExecutor executor{"test"};
  Budget budget{{.all = 100, .account = 60, .strangers = 20}};
  std::vector<Budget::Wait*> waits;
  std::string order;
};

TEST_F(BudgetTest, BoundsTheWholeEachAccountAndAllStrangers) {
  auto ann = taken("ann", 60);
  auto stranger = taken("", 15);
  Grant more(budget, "ann");
  Grant other(budget, "");
  Grant ben(budget, "ben");
  EXPECT_FALSE(take(more, 1));
  EXPECT_TRUE(more.is_account_full(1));
  EXPECT_FALSE(take(other, 6));
  EXPECT_FALSE(take(ben, 26));
  EXPECT_FALSE(ben.is_account_full(26)) << "it is the whole that is full";
  EXPECT_TRUE(take(ben, 25));
  EXPECT_EQ(budget.used(), 100u);
}

TEST_F(BudgetTest, GivesBackWhatIsGivenUp) {
  auto ann = taken("ann", 50);
  ann.shrink(20);
  EXPECT_EQ(budget.used(), 20u);
  {
    auto part = ann.split(15);
    EXPECT_EQ(part.bytes(), 15u);
    EXPECT_EQ(ann.bytes(), 5u);
    EXPECT_EQ(budget.used(), 20u);
  }
  EXPECT_EQ(budget.used(), 5u);
  ann = Grant();
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(BudgetTest, SaysAtOnceWhatCanNeverBe) {
  Grant grant(budget, "");
  Budget::Wait wait(grant, 21);
  EXPECT_TRUE(wait.await_ready());
  EXPECT_FALSE(wait.await_resume());
}

TEST_F(BudgetTest, ServesTheLineInOrderAndAFullAccountHoldsUpNobodyElse) {
  auto ann = taken("ann", 50);
  auto ben = taken("ben", 30);
  Grant a1, a2, b, s;
  on_executor([&] {
    spawn(executor, waiter("ann", 20, a1));  // its account is full
    spawn(executor, waiter("ann", 5, a2));   // would fit, but not before the one above
    spawn(executor, waiter("ben", 25, b));   // the whole is full
    spawn(executor, waiter("", 10, s));      // would fit, but not before the one above
  });
  on_executor([] {});
  EXPECT_EQ(order, "");
  ben.shrink(25);
  on_executor([] {});
  EXPECT_EQ(order, "ben25 ");
  ann = Grant();
  on_executor([] {});
  EXPECT_EQ(order, "ben25 ann20 ann5 10 ");
  EXPECT_EQ(budget.used(), 25u + 25 + 25 + 10);
}

TEST_F(BudgetTest, ForgetsWhoDoesNotWaitAnyLonger) {
  auto ann = taken("ann", 60);
  Grant kept;
  on_executor([&] { spawn(executor, waiter("ann", 10, kept)); });
  on_executor([&] { waits.front()->cancel(); });
  on_executor([] {});
  EXPECT_EQ(order, "ann10! ");
  ann = Grant();
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(BudgetTest, LosesNothingBetweenThreads) {
  Budget large({.all = 1'000, .account = 700, .strangers = 300});
  std::atomic<int> left = 4 * 500;
  auto worker = [&](std::string account) -> Task<> {
    for (int i = 0; i < 500; ++i) {
      Grant grant(large, account);
      EXPECT_TRUE(co_await Budget::Wait(grant, static_cast<std::size_t>(1 + i % 300)));
      EXPECT_LE(large.used(), 1'000u);
      --left;
    }
  };
  std::vector<std::thread> threads;
  for (const char* account : {"ann", "ann", "ben", ""}) {
    threads.emplace_back([&, account] {
      ThreadExecutor own("budget");
      sync_wait(own, worker(account));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(large.used(), 0u);
}

}  // namespace
}  // namespace synap::net

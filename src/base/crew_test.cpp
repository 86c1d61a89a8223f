#include "base/crew.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace synap {
namespace {

class GateTest : public testing::Test {
 protected:
  Task<void> wait(int n) {
    co_await gate.wait();
    passed.push_back(n);
  }
  Gate gate;
  std::vector<int> passed;
  Task<void> first = wait(1);
  Task<void> second = wait(2);
  ThreadExecutor executor{"test"};
};

TEST_F(GateTest, ForgetsWhoeverIsDestroyedWhileWaiting) {
  test::call_on(executor, [&] {
    first.start();
    second.start();
    first = {};
    gate.wake_one();
  });
  test::settle(executor);
  EXPECT_EQ(passed, std::vector<int>{2});
}

TEST_F(GateTest, PassesOnTheTurnOfOneThatIsDestroyedBeforeItGoesOn) {
  test::call_on(executor, [&] {
    first.start();
    second.start();
    gate.wake_one();
    first = {};
  });
  test::settle(executor);
  EXPECT_EQ(passed, std::vector<int>{2});
}

}  // namespace
}  // namespace synap

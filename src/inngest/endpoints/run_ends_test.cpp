#include "inngest/endpoints/run_ends.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

constexpr Uuid kRun{{1}};
constexpr Uuid kOther{{2}};

TEST(RunEnds, WakesWhoWaitsForTheRunThatEnds) {
  RunEnds ends;
  const auto one = ends.wait(kRun, "ann");
  const auto other = ends.wait(kOther, "ann");
  ASSERT_TRUE(one && other);
  ends.note(kRun);
  EXPECT_EQ((*one)->value(), 1);
  EXPECT_EQ((*other)->value(), 0);
  // A dead letter that is tried again ends again.
  ends.note(kRun);
  EXPECT_EQ((*one)->value(), 2);
  ends.note(Uuid{{3}});
}

TEST(RunEnds, SoManyWaitForARunAndNoMore) {
  RunEnds ends({.waiting_of_run_max = 2, .waiting_of_user_max = 3});
  auto first = ends.wait(kRun, "ann");
  const auto second = ends.wait(kRun, "ann");
  const auto refused = ends.wait(kRun, "ann");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooManyRequests);
  const auto third = ends.wait(kOther, "ann");
  EXPECT_FALSE(ends.wait(kOther, "ann"));
  const auto of_bob = ends.wait(Uuid{{4}}, "bob");
  EXPECT_TRUE(second && third && of_bob);
  first->reset();
  EXPECT_TRUE(ends.wait(kRun, "ann"));
}

}  // namespace
}  // namespace synap::inngest

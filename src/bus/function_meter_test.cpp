#include "bus/function_meter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bus/function.h"

namespace synap::bus {
namespace {

TEST(FunctionMeters, VersionsOfAFunctionShareOne) {
  Functions functions;
  const auto first = functions.add({.id = "f"});
  first->meter->completed.add();
  const auto second = functions.put({.id = "f", .triggers = {{"a"}}});
  EXPECT_EQ(second->meter, first->meter);
  EXPECT_EQ(functions.own_meter("f")->completed.value(), 1u);
  EXPECT_EQ(functions.own_meter("g"), nullptr);
}

TEST(FunctionMeters, AreNoMoreThanSoManyAndOneForAllOthers) {
  Functions functions;
  for (std::size_t i = 0; i < FunctionMeters::kOwnMax + 50; ++i) {
    functions.add({.id = fmt::format("f{:03}", i)})->meter->completed.add();
  }
  const auto meters = functions.meters();
  ASSERT_EQ(meters.size(), FunctionMeters::kOwnMax + 1);
  EXPECT_EQ(meters.front().first, "f000");
  EXPECT_EQ(meters.front().second->completed.value(), 1u);
  EXPECT_EQ(meters.back().first, FunctionMeters::kOthers);
  EXPECT_EQ(meters.back().second->completed.value(), 50u);
  EXPECT_EQ(functions.own_meter("f220"), nullptr) << "what it shares says nothing about it";
}

TEST(FunctionMeters, WhatIsTakenAwayGivesItsPlaceToAnother) {
  Functions functions;
  for (std::size_t i = 0; i < FunctionMeters::kOwnMax; ++i) {
    functions.add({.id = fmt::format("f{:03}", i)});
  }
  functions.remove("f007");
  functions.add({.id = "new"});
  EXPECT_NE(functions.own_meter("new"), nullptr);
  EXPECT_EQ(functions.meters().size(), FunctionMeters::kOwnMax);
}

}  // namespace
}  // namespace synap::bus

#include "inngest/defers.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

constexpr const char* kHash = "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8";

ReportedOp op_of(std::string kind, std::string_view opts) {
  ReportedOp op{.op = std::move(kind), .hash = workers::step_hash("a", 0), .step_id = "a"};
  op.opts = parse_json(opts).value();
  return op;
}
void store(workers::Memos& memos, const ReportedOp& op) {
  auto result = Defers::result_of(op);
  ASSERT_TRUE(result);
  memos.emplace(result->hash, workers::Memo{std::move(result->memo), result->op, 0});
}

TEST(Defers, AreToldApartFromStepsAndBeginAsRuns) {
  workers::Memos memos;
  memos.emplace(workers::step_hash("a", 0), workers::Memo{R"({"data":1})"});  // of the same name
  store(memos, op_of("DeferAdd", R"({"fn_slug":"app-later","input":{"n":1,"_inngest":{"x":1}}})"));
  EXPECT_EQ(memos.size(), 2U);
  Defers defers;
  defers.take_from(memos);
  EXPECT_EQ(memos.size(), 1U);
  EXPECT_EQ(defers.told().dump(), std::string(R"({")") + kHash + R"(":{"abortable":true}})");
  const auto steps = defers.steps(Uuid{}, "app-f@ann", "ann");
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].invoked->function, "app-later@ann");
  EXPECT_EQ(steps[0].invoked->data.dump(),
            R"({"_inngest":{"fn_slug":"app-later","parent_fn_slug":"app-f",)"
            R"("parent_run_id":"00000000000000000000000000"},"n":1})");
  EXPECT_EQ(defers.steps(Uuid{}, "app-f@ann", "ann")[0].hash, steps[0].hash);
}

TEST(Defers, WhatIsTakenBackDoesNotBegin) {
  workers::Memos memos;
  store(memos, op_of("DeferAbort", std::string(R"({"target_hashed_id":")") + kHash + R"("})"));
  store(memos, op_of("DeferAdd", R"({"fn_slug":"app-later","input":null})"));
  Defers defers;
  defers.take_from(memos);
  EXPECT_EQ(defers.told().dump(), std::string(R"({")") + kHash + R"(":{"abortable":false}})");
  EXPECT_TRUE(defers.steps(Uuid{}, "app-f@ann", "ann").empty());
}

TEST(Defers, WhatSaysNothingIsNone) {
  for (const auto* opts : {"{}", "null", R"({"fn_slug":7})"}) {
    EXPECT_FALSE(Defers::result_of(op_of("DeferAdd", opts))) << opts;
    EXPECT_FALSE(Defers::result_of(op_of("DeferAbort", opts))) << opts;
  }
  EXPECT_FALSE(Defers::result_of(op_of("StepRun", R"({"fn_slug":"x"})")));
}

}  // namespace
}  // namespace synap::inngest

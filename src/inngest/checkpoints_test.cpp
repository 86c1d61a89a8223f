#include "inngest/checkpoints.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/crypto.h"

namespace synap::inngest {
namespace {

Json defer(int number, std::string_view input = "x") {
  Json op = Json::object({{"op", "DeferAdd"}, {"displayName", "later"}});
  op.set("id", to_hex(workers::step_hash(fmt::format("later {}", number), 0)));
  op.set("opts", Json::object({{"fn_slug", "app-f"}, {"input", Json::object({{"x", input}})}}));
  return Json(Json::Array{op});
}

std::string tell(OpenCall& call, const Json& steps) {
  const auto results = call.reserve(steps, 0);
  return results ? fmt::format("{} stored", results->size()) : results.error().message;
}

TEST(OpenCall, TakesAsManyDefersAsARunMayHave) {
  OpenCall call({}, {}, {.count = 18, .bytes = 0}, 1);
  EXPECT_EQ(tell(call, defer(1)), "1 stored");
  EXPECT_EQ(tell(call, defer(1)), "1 stored") << "told again";
  EXPECT_EQ(tell(call, defer(2)), "1 stored");
  EXPECT_EQ(tell(call, defer(3)), "A run defers at most 20 functions");
}

TEST(OpenCall, TakesNoMoreOfTheirInputsTogetherThanFourMebibytes) {
  OpenCall call({}, {}, {.count = 1, .bytes = kDeferBytesMax - 1'000}, 1);
  EXPECT_EQ(tell(call, defer(1, std::string(500, 'x'))), "1 stored");
  EXPECT_EQ(tell(call, defer(2, std::string(500, 'x'))),
            "The inputs of what a run defers have at most 4194304 bytes together");
}

}  // namespace
}  // namespace synap::inngest

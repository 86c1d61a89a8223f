#include "inngest/endpoints/run_outputs.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

constexpr Uuid kRun{{1}};
constexpr std::int64_t kNow = 1'800'000'000;

TEST(OutputTokens, AreGoodForOneRunAndSomeTime) {
  const OutputTokens tokens("secret");
  const auto token = tokens.make(kRun, kNow);
  const auto last = kNow + OutputTokens::kSecondsMax;
  EXPECT_TRUE(tokens.check(kRun, token, kNow));
  EXPECT_TRUE(tokens.check(kRun, token, last - 1));
  EXPECT_EQ(tokens.check(kRun, token, last).error().message, "The token has expired");
  EXPECT_FALSE(tokens.check(Uuid{{2}}, token, kNow));
  EXPECT_FALSE(OutputTokens("another").check(kRun, token, kNow));
}

TEST(OutputTokens, ThatSomebodyHasWrittenAreNone) {
  const OutputTokens tokens("secret");
  const auto token = tokens.make(kRun, kNow);
  const auto signature = token.substr(token.find('.'));
  for (const auto& wrong :
       {std::string(), std::string("."), signature, "9" + token, token + "0", token.substr(1),
        std::to_string(kNow + 2 * OutputTokens::kSecondsMax) + signature, "-1" + signature,
        std::string("99999999999999999999") + signature, token.substr(0, token.find('.')),
        std::to_string(kNow + OutputTokens::kSecondsMax) + "."}) {
    const auto checked = tokens.check(kRun, wrong, kNow);
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().message, "The token is none of this run's") << wrong;
  }
}

TEST(RunOutputs, TellTheStreamOfARunThatEndsWithoutItsApp) {
  EXPECT_EQ(RunOutputs::last_event(workers::EndOfRun{.status = "completed", .output = "1"}), "");
  const auto told = RunOutputs::last_event(
      workers::EndOfRun{.status = "failed", .error = R"({"name":"TypeError","message":"oh"})"});
  EXPECT_TRUE(told.starts_with("event: inngest.response\ndata: {\"status\":\"failed\"")) << told;
  EXPECT_TRUE(told.contains("\"statusCode\":500")) << told;
  EXPECT_TRUE(told.ends_with("\n\n")) << told;
}

}  // namespace
}  // namespace synap::inngest

#include "models/failure.h"

#include <gtest/gtest.h>

#include "models/retry.h"

namespace synap::models {
namespace {

using std::chrono::milliseconds;

const std::string kKey = "sk-proj-AbCdEf0123456789";

Provider provider() {
  return {.name = "p", .key = kKey};
}

TEST(Failure, NeverRepeatsAKey) {
  for (const auto& said : {"Incorrect API key provided: " + kKey + ".",
                           std::string("Incorrect API key provided: sk-proj-********6789."),
                           std::string("key *****456789 is wrong"),
                           std::string("Bearer sk-other-key-of-somebody"), "x=" + kKey + "&y"}) {
    const auto shown = redacted(said, kKey);
    EXPECT_FALSE(shown.contains("AbCdEf")) << shown;
    EXPECT_FALSE(shown.contains("6789")) << shown;
    EXPECT_FALSE(shown.contains("sk-")) << shown;
    EXPECT_TRUE(shown.contains("[key]")) << shown;
  }
  EXPECT_EQ(redacted("The model gpt-of-2026 does not exist", kKey),
            "The model gpt-of-2026 does not exist");
  EXPECT_LE(redacted(std::string(100'000, 'x'), kKey).size(), 600U);
  EXPECT_EQ(redacted("nothing", ""), "nothing");
}

TEST(Failure, TellsTheStatusTheSentenceAndTheRequest) {
  const outbound::Head head{.status = 429,
                            .headers = {{"X-Request-Id", "req_7"}, {"Retry-After", "3"}}};
  const auto failure = failure_of_status(
      provider(), head, R"({"error":{"message":"Slow down","type":"rate_limit_error"}})", 0);
  EXPECT_EQ(failure.error.code, Code::kTooManyRequests);
  EXPECT_EQ(failure.error.message, "The model provider p answers with status 429: Slow down");
  EXPECT_EQ(failure.error.details->dump(),
            R"({"reason":"MODEL_RATE_LIMITED","provider":"p","status":429,"requestId":"req_7"})");
  EXPECT_TRUE(failure.is_transient);
  EXPECT_EQ(failure.retry_after, milliseconds(3'000));
}

TEST(Failure, KnowsWhatMayBeTriedAgain) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(failure_of_status(provider(), {.status = status}, "", 0).is_transient) << status;
  }
  for (const int status : {301, 400, 401, 402, 403, 404, 413, 422}) {
    EXPECT_FALSE(failure_of_status(provider(), {.status = status}, "", 0).is_transient) << status;
  }
  EXPECT_EQ(failure_of_status(provider(), {.status = 400},
                              R"({"error":{"code":"context_length_exceeded","message":"long"}})", 0)
                .error.code,
            Code::kPayloadTooLarge);
  EXPECT_EQ(failure_of_status(provider(), {.status = 500}, "<html>oh</html>", 0).error.message,
            "The model provider p answers with status 500: <html>oh</html>");
}

TEST(Failure, ReadsHowLongAProviderWantsToBeLeftAlone) {
  const auto after = [](const char* name, const char* value) {
    return retry_after_of({{name, value}}, 1'700'000'000'000);
  };
  EXPECT_EQ(after("Retry-After", "2"), milliseconds(2'000));
  EXPECT_EQ(after("retry-after-ms", "150"), milliseconds(150));
  EXPECT_EQ(after("Retry-After", "Tue, 14 Nov 2023 22:13:25 GMT"), milliseconds(5'000));
  EXPECT_EQ(after("Retry-After", "Tue, 14 Nov 2023 22:13:15 GMT"), milliseconds(0));
  for (const auto* odd : {"-1", "soon", "", "1e400", "nan", "inf"}) {
    EXPECT_EQ(after("Retry-After", odd), std::nullopt) << odd;
  }
}

TEST(Retry, WaitsLongerEachTimeAndNoLongerThanItIsWorth) {
  auto& world = real_world();
  for (int i = 0; i < 50; ++i) {
    EXPECT_GE(*pause_before(1, std::nullopt, world), milliseconds(250));
    EXPECT_LE(*pause_before(1, std::nullopt, world), milliseconds(750));
    EXPECT_GE(*pause_before(3, std::nullopt, world), milliseconds(1'000));
    EXPECT_LE(*pause_before(99, std::nullopt, world), milliseconds(24'000));
  }
  EXPECT_EQ(pause_before(1, milliseconds(7'000), world), milliseconds(7'000));
  EXPECT_EQ(pause_before(1, milliseconds(31'000), world), std::nullopt);
}

}  // namespace
}  // namespace synap::models

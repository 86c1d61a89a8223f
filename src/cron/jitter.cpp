#include "cron/jitter.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/duration.h"
#include "base/json.h"

namespace synap::cron {
namespace {

constexpr std::int64_t kNanosPerMs = 1'000'000;
constexpr std::size_t kShownBytesMax = 64;

}  // namespace

Result<std::int64_t> parse_jitter(std::string_view text) {
  const auto nanos = parse_duration_ns(text);
  if (!nanos) {
    const bool can_be_shown = text.size() <= kShownBytesMax && is_valid_utf8(text);
    return fail(Code::kBadRequest, fmt::format("the jitter{} is no duration; it is written as 30s",
                                               can_be_shown ? fmt::format(" \"{}\"", text) : ""));
  }
  if (*nanos < kJitterMsMin * kNanosPerMs || *nanos > kJitterMsMax * kNanosPerMs) {
    return fail(Code::kBadRequest,
                fmt::format("the jitter {} is out of range; allowed are 1s to 5m",
                            text.size() <= kShownBytesMax ? text : "given"));
  }
  return *nanos / kNanosPerMs;
}

std::int64_t jitter_ms(std::int64_t max_ms, std::string_view key) {
  if (max_ms <= 0) return 0;
  const auto hash = sha256(key);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | hash[i];
  return static_cast<std::int64_t>(number % static_cast<std::uint64_t>(max_ms));
}

}  // namespace synap::cron

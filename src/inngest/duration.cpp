#include "inngest/duration.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/duration.h"

namespace synap::inngest {
namespace {

constexpr std::int64_t kNsOfMs = 1'000'000;

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  const auto ns = parse_long_duration_ns(text);
  if (ns && *ns >= 0) return *ns / kNsOfMs;
  return fail(
      Code::kBadRequest,
      fmt::format("\"{}\" is no duration: \"30s\", \"1h30m\" or \"1w2d\" are", text.substr(0, 64)));
}

Result<std::int64_t> parse_wait(std::string_view text, std::int64_t unix_ms) {
  if (text.empty()) return 0;
  std::int64_t wait = 0;
  if (const auto moment = parse_iso8601(text)) {
    wait = std::max<std::int64_t>(*moment - unix_ms, 0);
  } else {
    const auto duration = parse_duration(text);
    if (!duration) return duration;
    wait = *duration;
  }
  if (wait <= kWaitMsMax) return wait;
  return fail(Code::kBadRequest,
              fmt::format("\"{}\" is more than 366 days away", text.substr(0, 64)));
}

}  // namespace synap::inngest

// Durations and times as Inngest's SDKs write them: "1w2d3h", "30m", "500ms", "1.5h", or a moment
// in ISO 8601.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace synap::inngest {

/// The most that a sleep or a wait may last.
inline constexpr std::int64_t kWaitMsMax = std::int64_t{366} * 24 * 60 * 60 * 1'000;

/// Milliseconds. kBadRequest: it is none, negative, or longer than 292 years.
Result<std::int64_t> parse_duration(std::string_view text);
/// The milliseconds from `unix_ms` until what `text` says, a duration or a moment; 0 if that is
/// past, or if it is empty. kBadRequest: it is neither, or later than kWaitMsMax.
Result<std::int64_t> parse_wait(std::string_view text, std::int64_t unix_ms);

}  // namespace synap::inngest

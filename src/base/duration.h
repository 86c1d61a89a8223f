// Reading spans of time as Go writes them: 1h30m, -1.5s, 100ms, 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace synap {

/// The nanoseconds of a text as Go's time.ParseDuration reads it: numbers, each with a unit (ns,
/// us, ms, s, m, h), after a sign if there is one. Nothing where it is no such text or more than
/// 292 years.
std::optional<std::int64_t> parse_duration_ns(std::string_view text);
/// As parse_duration_ns, and also days and weeks as go-str2duration has them: 1w2d.
std::optional<std::int64_t> parse_long_duration_ns(std::string_view text);

}  // namespace synap

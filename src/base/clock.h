// Wall-clock time: milliseconds since 1970-01-01 UTC, and its ISO 8601 text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synap {

std::int64_t unix_ms_now();

/// "2026-01-31T12:00:00.000Z"
std::string to_iso8601(std::int64_t unix_ms);
/// Reads YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM); digits beyond milliseconds are dropped.
std::optional<std::int64_t> parse_iso8601(std::string_view text);

}  // namespace synap

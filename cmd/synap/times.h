// Times: for people in the zone of their machine, for programs as the pod says them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace synap::cli {

/// "2026-01-31 13:00:05" in the zone of $TZ; a text that is no time as it is.
std::string local_time(std::string_view iso8601);

/// "12 ms", "3.4 s", "2 min 10 s", "3 h 5 min", "4 d 2 h".
std::string duration_text(std::int64_t ms);
/// From one time to another; empty where one of them is no time.
std::string duration_between(std::string_view from_iso8601, std::string_view to_iso8601);

/// What --since and --from say, in milliseconds since 1970: "90s", "15m", "2h", "3d" or "1w" before
/// `now`, a day (2026-01-31, from its beginning in the zone of $TZ), or a time
/// (2026-01-31T12:00:00Z). kBadRequest: none of these.
Result<std::int64_t> parse_since(std::string_view text, std::int64_t now_ms,
                                 std::string_view flag = "--since");
/// What --until and --to say, which is a time of which everything before is meant: a day counts
/// whole, so it is its end.
Result<std::int64_t> parse_until(std::string_view text, std::int64_t now_ms, std::string_view flag);
/// The filters `from` and `to` of a procedure, where the flags say them.
Result<> set_times(Json& filter, const std::optional<std::string>& from, std::string_view from_flag,
                   const std::optional<std::string>& to, std::string_view to_flag,
                   std::int64_t now_ms);

}  // namespace synap::cli

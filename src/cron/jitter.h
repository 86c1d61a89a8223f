// Jitter: work of one schedule that is spread over some seconds, so that not all of it is due in
// the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace synap::cron {

inline constexpr std::int64_t kJitterMsMin = 1'000;
inline constexpr std::int64_t kJitterMsMax = 5 * 60 * 1'000;

/// Reads a jitter as a trigger has it: a duration from 1s to 5m, as "30s". Answers with
/// milliseconds.
Result<std::int64_t> parse_jitter(std::string_view text);

/// How many milliseconds the work named by `key` is put off: 0 to below `max_ms`, the same for the
/// same two on every machine and in every version, and evenly spread over keys. 0 where `max_ms` is
/// not above 0.
std::int64_t jitter_ms(std::int64_t max_ms, std::string_view key);

}  // namespace synap::cron

// Timestamp and Duration: CEL's two kinds of time, their texts, their arithmetic and their parts.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time_zone.h"

namespace synap::cel {

/// A moment from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
struct Timestamp {
  std::int64_t seconds = 0;  // since 1970-01-01T00:00:00Z
  std::int32_t nanos = 0;    // 0 to 999,999,999, forward in time

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// A span of time of at most 292 years, as cel-go has it.
struct Duration {
  std::int64_t nanos = 0;

  friend auto operator<=>(const Duration&, const Duration&) = default;
};

bool is_in_range(const Timestamp& time);

/// Reads RFC 3339: 2026-01-31T12:00:00.5Z, with Z or +01:00.
std::optional<Timestamp> parse_timestamp(std::string_view text);
/// Reads Go's durations: 1h30m, -1.5s, 100ms, 0.
std::optional<Duration> parse_duration(std::string_view text);
/// As parse_duration, and also days and weeks as go-str2duration has them: 1w2d.
std::optional<Duration> parse_long_duration(std::string_view text);
/// Reads what Inngest's date() takes: RFC 3339, also without a zone (UTC) or a time of day, and the
/// forms of RFC 1123 and RFC 850 ("Mon, 02 Jan 2006 15:04:05 MST") where the zone is UTC or GMT.
std::optional<Timestamp> parse_date(std::string_view text);
/// Unix time in seconds, milliseconds or nanoseconds, by its size; nothing before the year 2000.
std::optional<Timestamp> date_of_number(std::int64_t number);

Timestamp timestamp_of_unix_ms(std::int64_t unix_ms);

std::string to_text(const Timestamp& time);     // 2026-01-31T12:00:00.5Z
std::string to_text(const Duration& duration);  // 1.5s

// Nothing where the result is out of range.
std::optional<Timestamp> add(const Timestamp& time, const Duration& duration);
std::optional<Duration> add(const Duration& left, const Duration& right);
std::optional<Duration> negated(const Duration& duration);
std::optional<Duration> between(const Timestamp& later, const Timestamp& earlier);

/// What getFullYear() and the like read off a timestamp, in one time zone.
/// `zone` is empty (UTC), a name of the time zone database or an offset ("+02:00", "-08:00",
/// "02:00"). Nothing if there is no such zone.
std::optional<CivilTime> civil_time(const Timestamp& time, std::string_view zone);

}  // namespace synap::cel

#include "cel/time.h"

#include <fmt/format.h>

#include <cctype>
#include <limits>

#include "base/duration.h"
#include "base/time_zone.h"

namespace synap::cel {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

// [+-]HH:MM
std::optional<std::int64_t> fixed_offset(std::string_view zone) {
  const bool is_negative = zone.starts_with('-');
  if (is_negative || zone.starts_with('+')) zone.remove_prefix(1);
  if (zone.size() != 5 || zone[2] != ':') return std::nullopt;
  for (const auto at : {0U, 1U, 3U, 4U}) {
    if (std::isdigit(static_cast<unsigned char>(zone[at])) == 0) return std::nullopt;
  }
  const auto hours = (zone[0] - '0') * 10 + (zone[1] - '0');
  const auto minutes = (zone[3] - '0') * 10 + (zone[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  const std::int64_t offset = hours * 3'600 + minutes * 60;
  return is_negative ? -offset : offset;
}

// Seconds that the clocks of a zone are ahead of UTC at a moment: see civil_time for zones.
std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t unix_seconds) {
  if (zone == "Z") return 0;
  if (const auto fixed = fixed_offset(zone)) return fixed;
  const auto found = TimeZone::find(zone);
  return found ? std::optional(found->at(unix_seconds).offset) : std::nullopt;
}

// ".5", with no more digits than it takes; nothing for 0.
std::string fraction_text(std::int64_t nanos) {
  if (nanos == 0) return "";
  auto text = fmt::format(".{:09}", nanos);
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

bool is_in_range(const Timestamp& time) {
  return time.seconds >= kFirstSecond && time.seconds <= kLastSecond;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto nanos = parse_duration_ns(text);
  return nanos ? std::optional(Duration{*nanos}) : std::nullopt;
}

std::optional<Duration> parse_long_duration(std::string_view text) {
  const auto nanos = parse_long_duration_ns(text);
  return nanos ? std::optional(Duration{*nanos}) : std::nullopt;
}

std::optional<Timestamp> date_of_number(std::int64_t number) {
  // The borders are those of Inngest's date().
  constexpr std::int64_t kYear2000 = 946'684'800;
  constexpr std::int64_t kSecondsMax = 9'999'999'999;
  constexpr std::int64_t kMillisecondsMax = 9'999'999'999'999;
  if (number < kYear2000) return std::nullopt;
  if (number < kSecondsMax) return Timestamp{number, 0};
  if (number < kMillisecondsMax) return timestamp_of_unix_ms(number);
  return Timestamp{number / kNanosPerSecond, static_cast<std::int32_t>(number % kNanosPerSecond)};
}

Timestamp timestamp_of_unix_ms(std::int64_t unix_ms) {
  const auto seconds = floor_div(unix_ms, 1'000);
  return {seconds, static_cast<std::int32_t>((unix_ms - seconds * 1'000) * 1'000'000)};
}

std::string to_text(const Timestamp& time) {
  const auto civil = civil_time(time, "");
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", civil->year, civil->month,
                     civil->day, civil->hours, civil->minutes, civil->seconds,
                     fraction_text(time.nanos));
}

std::string to_text(const Duration& duration) {
  const auto seconds = duration.nanos / kNanosPerSecond;
  const auto nanos = duration.nanos % kNanosPerSecond;
  return fmt::format("{}{}{}s", duration.nanos < 0 && seconds == 0 ? "-" : "", seconds,
                     fraction_text(nanos < 0 ? -nanos : nanos));
}

std::optional<Timestamp> add(const Timestamp& time, const Duration& duration) {
  const auto seconds = floor_div(duration.nanos, kNanosPerSecond);
  auto nanos = time.nanos + (duration.nanos - seconds * kNanosPerSecond);
  Timestamp sum{time.seconds + seconds, 0};
  if (nanos >= kNanosPerSecond) {
    nanos -= kNanosPerSecond;
    ++sum.seconds;
  }
  sum.nanos = static_cast<std::int32_t>(nanos);
  return is_in_range(sum) ? std::optional(sum) : std::nullopt;
}

std::optional<Duration> add(const Duration& left, const Duration& right) {
  Duration sum;
  if (__builtin_add_overflow(left.nanos, right.nanos, &sum.nanos)) return std::nullopt;
  return sum;
}

std::optional<Duration> negated(const Duration& duration) {
  if (duration.nanos == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return Duration{-duration.nanos};
}

std::optional<Duration> between(const Timestamp& later, const Timestamp& earlier) {
  Duration span;
  if (__builtin_mul_overflow(later.seconds - earlier.seconds, kNanosPerSecond, &span.nanos) ||
      __builtin_add_overflow(span.nanos, later.nanos - earlier.nanos, &span.nanos)) {
    return std::nullopt;
  }
  return span;
}

std::optional<CivilTime> civil_time(const Timestamp& time, std::string_view zone) {
  const auto offset = zone_offset(zone, time.seconds);
  if (!offset) return std::nullopt;
  return civil_of_seconds(time.seconds + *offset);
}

}  // namespace synap::cel

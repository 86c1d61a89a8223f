#include "synap/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/clock.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

std::optional<std::int64_t> unit_of(char unit) {
  switch (unit) {
    case 's':
      return kSecond;
    case 'm':
      return kMinute;
    case 'h':
      return kHour;
    case 'd':
      return kDay;
    case 'w':
      return 7 * kDay;
    default:
      return std::nullopt;
  }
}

std::optional<std::int64_t> number_of(std::string_view text) {
  if (!text.empty() && text.front() == '-') return std::nullopt;
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  // Of weeks, in milliseconds, far from where they overflow. More is as long ago as
  // anything.
  constexpr std::int64_t kMax = 10'000'000'000;
  if (read.ec == std::errc::result_out_of_range && read.ptr == text.data() + text.size())
    return kMax;
  return is_whole ? std::optional(std::min(number, kMax)) : std::nullopt;
}

// The beginning of a day, YYYY-MM-DD, in the zone of this machine, or of one so many days later.
std::optional<std::int64_t> day_of(std::string_view text, int days_later = 0) {
  if (text.size() != 10) return std::nullopt;
  const auto noon = parse_iso8601(std::string(text) + "T12:00:00Z");
  if (!noon) return std::nullopt;
  std::tm day{};
  day.tm_year = static_cast<int>(number_of(text.substr(0, 4)).value_or(1970)) - 1900;
  day.tm_mon = static_cast<int>(number_of(text.substr(5, 2)).value_or(1)) - 1;
  day.tm_mday = static_cast<int>(number_of(text.substr(8, 2)).value_or(1)) + days_later;
  day.tm_isdst = -1;
  return static_cast<std::int64_t>(std::mktime(&day)) * kSecond;
}

}  // namespace

std::string local_time(std::string_view iso8601) {
  const auto ms = parse_iso8601(iso8601);
  if (!ms) return std::string(iso8601);
  const auto seconds = static_cast<std::time_t>(*ms / kSecond);
  std::tm local{};
  std::array<char, 32> text{};
  if (::localtime_r(&seconds, &local) == nullptr) return std::string(iso8601);
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return {text.data(), size};
}

std::string duration_text(std::int64_t ms) {
  if (ms < kSecond) return fmt::format("{} ms", ms);
  if (ms < kMinute) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1'000);
  if (ms < kHour) return fmt::format("{} min {} s", ms / kMinute, ms % kMinute / kSecond);
  if (ms < kDay) return fmt::format("{} h {} min", ms / kHour, ms % kHour / kMinute);
  return fmt::format("{} d {} h", ms / kDay, ms % kDay / kHour);
}

std::string duration_between(std::string_view from_iso8601, std::string_view to_iso8601) {
  const auto from = parse_iso8601(from_iso8601);
  const auto to = parse_iso8601(to_iso8601);
  // A clock that was set back in between says nothing.
  if (!from || !to || *to < *from) return "";
  return duration_text(*to - *from);
}

Result<std::int64_t> parse_since(std::string_view text, std::int64_t now_ms,
                                 std::string_view flag) {
  if (text.size() > 1) {
    const auto unit = unit_of(text.back());
    const auto number = number_of(text.substr(0, text.size() - 1));
    if (unit && number) return std::max<std::int64_t>(now_ms - *number * *unit, 0);
  }
  if (const auto day = day_of(text)) return *day;
  if (const auto time = parse_iso8601(text)) return *time;
  return fail(Code::kBadRequest,
              fmt::format("{} must be as 90s, 15m, 2h, 3d or 1w, a day as 2026-01-31 or a time "
                          "as 2026-01-31T12:00:00Z; it is \"{}\"",
                          flag, text));
}

Result<std::int64_t> parse_until(std::string_view text, std::int64_t now_ms,
                                 std::string_view flag) {
  if (const auto next_day = day_of(text, 1)) return *next_day;
  return parse_since(text, now_ms, flag);
}

Result<> set_times(Json& filter, const std::optional<std::string>& from, std::string_view from_flag,
                   const std::optional<std::string>& to, std::string_view to_flag,
                   std::int64_t now_ms) {
  if (from) {
    const auto time = parse_since(*from, now_ms, from_flag);
    if (!time) return fail(time.error());
    filter.set("from", to_iso8601(*time));
  }
  if (to) {
    const auto time = parse_until(*to, now_ms, to_flag);
    if (!time) return fail(time.error());
    filter.set("to", to_iso8601(*time));
  }
  return {};
}

}  // namespace synap::cli

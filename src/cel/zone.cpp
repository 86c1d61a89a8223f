#include "cel/zone.h"

#include <date/tz.h>

#include <cctype>
#include <chrono>
#include <stdexcept>

namespace synap::cel {
namespace {

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

}  // namespace

std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t unix_seconds) {
  if (zone.empty() || zone == "UTC" || zone == "Z") return 0;
  if (const auto fixed = fixed_offset(zone)) return fixed;
  // The library throws where there is no such zone, or no database on this machine.
  try {
    const auto* found = date::locate_zone(zone);
    const std::chrono::sys_seconds at{std::chrono::seconds(unix_seconds)};
    return found->get_info(at).offset.count();
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

CivilTime civil_of_seconds(std::int64_t seconds) {
  const date::sys_seconds at{std::chrono::seconds(seconds)};
  const auto midnight = date::floor<date::days>(at);
  const date::year_month_day day(midnight);
  const date::hh_mm_ss time(at - midnight);
  const auto new_year = date::sys_days(day.year() / date::January / 1);
  CivilTime civil{};
  civil.year = static_cast<int>(day.year());
  civil.month = static_cast<unsigned>(day.month());
  civil.day = static_cast<unsigned>(day.day());
  civil.day_of_year = static_cast<int>((midnight - new_year).count());
  civil.weekday = date::weekday(midnight).c_encoding();
  civil.hours = static_cast<int>(time.hours().count());
  civil.minutes = static_cast<int>(time.minutes().count());
  civil.seconds = static_cast<int>(time.seconds().count());
  return civil;
}

std::optional<std::int64_t> unix_seconds_of(const DateAndTime& date) {
  const auto day = date::year(date.year) / date.month / date.day;
  if (!day.ok() || date.hours > 23 || date.minutes > 59 || date.seconds > 59) return std::nullopt;
  const std::chrono::seconds days(date::sys_days(day).time_since_epoch());
  return days.count() + date.hours * 3'600 + date.minutes * 60 + date.seconds;
}

}  // namespace synap::cel

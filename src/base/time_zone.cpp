#include "base/time_zone.h"

#include <date/tz.h>

#include <chrono>
#include <stdexcept>

namespace synap {
namespace {

date::sys_seconds moment(std::int64_t unix_seconds) {
  return date::sys_seconds(std::chrono::seconds(unix_seconds));
}

}  // namespace

CivilTime civil_of_seconds(std::int64_t unix_seconds) {
  const auto at = moment(unix_seconds);
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

std::int64_t days_to_month(int year, unsigned month) {
  return date::sys_days(date::year(year) / month / 1).time_since_epoch().count();
}

std::optional<std::int64_t> unix_seconds_of(const DateAndTime& date) {
  const auto day = date::year(date.year) / date.month / date.day;
  if (!day.ok() || date.hours > 23 || date.minutes > 59 || date.seconds > 59) return std::nullopt;
  const std::chrono::seconds days(date::sys_days(day).time_since_epoch());
  return days.count() + date.hours * 3'600 + date.minutes * 60 + date.seconds;
}

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (name.empty() || name == "UTC") return TimeZone();
  // The library throws where there is no such zone, or no database on this machine. It reads the
  // file of a zone when it is first asked for an offset: asked here, at() need not fail.
  try {
    const auto* zone = date::locate_zone(name);
    zone->get_info(moment(0));
    return TimeZone(zone);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

TimeZone::Stretch TimeZone::at(std::int64_t unix_seconds) const {
  if (zone_ == nullptr) return {};
  const auto info = zone_->get_info(moment(unix_seconds));
  return {.begin = info.begin.time_since_epoch().count(),
          .end = info.end.time_since_epoch().count(),
          .offset = info.offset.count()};
}

}  // namespace synap

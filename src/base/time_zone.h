// Time zones and the calendar, by Howard Hinnant's date library, which reads the system's time zone
// database (tzdata). All here may be used on any thread.
//
// From 2038 on, a zone that had daylight saving stays on the time it had last: the library reads
// the changes that tzdata lists, up to 2037, and not the rule behind them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace date {
class time_zone;
}

namespace synap {

/// What a calendar and a clock show at a moment.
struct CivilTime {
  int year;
  unsigned month;    // from 1
  unsigned day;      // of the month, from 1
  int day_of_year;   // from 0
  unsigned weekday;  // from 0, Sunday
  int hours;
  int minutes;
  int seconds;
};

/// The calendar in UTC. `unix_seconds` are within the years -9999 to 9999.
CivilTime civil_of_seconds(std::int64_t unix_seconds);

/// Days from 1970-01-01 to the first of a month. `month` is 1 to 12.
std::int64_t days_to_month(int year, unsigned month);

/// A date and a time of day, in UTC or as the clocks of some zone show it.
struct DateAndTime {
  int year = 0;
  unsigned month = 1;
  unsigned day = 1;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
};
/// Seconds since 1970-01-01 of a date and a time of day in UTC, or nothing if there is no such.
std::optional<std::int64_t> unix_seconds_of(const DateAndTime& date);

/// A zone of the time zone database. A value: a pointer to what the library keeps until the end.
class TimeZone {
 public:
  /// UTC.
  TimeZone() = default;

  /// The zone of this name ("Europe/Paris"; "" and "UTC" are UTC), or nothing if there is none, or
  /// no database on this machine. Names are told apart by upper and lower case.
  static std::optional<TimeZone> find(std::string_view name);

  /// A stretch of time in which the clocks of a zone are not changed.
  struct Stretch {
    std::int64_t begin = std::numeric_limits<std::int64_t>::min();  // Unix time, seconds
    std::int64_t end = std::numeric_limits<std::int64_t>::max();    // the first second behind it
    std::int64_t offset = 0;  // seconds that the clocks are ahead of UTC

    bool holds(std::int64_t unix_seconds) const {
      return begin <= unix_seconds && unix_seconds < end;
    }
  };
  Stretch at(std::int64_t unix_seconds) const;

 private:
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_ = nullptr;  // UTC where there is none
};

}  // namespace synap

// Calendar and time zones, by Howard Hinnant's date library. Private to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cel/time.h"

namespace synap::cel {

/// Seconds that the clocks of a zone are ahead of UTC at a moment: see civil_time for zones.
std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t unix_seconds);

CivilTime civil_of_seconds(std::int64_t seconds);

/// Seconds since 1970-01-01 of a date and a time of day, or nothing if there is no such.
struct DateAndTime {
  int year = 0;
  unsigned month = 1;
  unsigned day = 1;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
};
std::optional<std::int64_t> unix_seconds_of(const DateAndTime& date);

}  // namespace synap::cel

// Schedules: texts that say when something is to be done, again and again, and the times they name.
//
//   expression  = [ ("TZ=" / "CRON_TZ=") zone " " ] ( fields / name / "@every " duration )
//   fields      = minute hour day-of-month month day-of-week   ; white space between them
//   field       = range *( "," range )
//   range       = ( "*" / "?" / value [ "-" value ] ) [ "/" step ]
//   value       = number / JAN to DEC / SUN to SAT             ; upper or lower case
//   name        = "@yearly" / "@annually" / "@monthly" / "@weekly" / "@daily" / "@midnight"
//               / "@hourly"
//
// The reference is github.com/robfig/cron v3.0.1, which Inngest's server runs: what it takes is
// taken here and named times are the same to the second, changes of clocks included (docs/cron.md
// says where this room is another on purpose). tests/cron has 55,000 of its answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/time_zone.h"

namespace synap::cron {

/// The longest expression, in bytes.
inline constexpr std::size_t kExpressionBytesMax = 255;

/// What an expression says. In a set of values the bit of each value is set; kStarBit beside them
/// says that the field was written with a star.
struct Rule {
  static constexpr std::uint64_t kStarBit = std::uint64_t{1} << 63U;

  std::uint64_t minutes = 0;        // 0 to 59
  std::uint64_t hours = 0;          // 0 to 23
  std::uint64_t days_of_month = 0;  // 1 to 31
  std::uint64_t months = 0;         // 1 to 12
  std::uint64_t days_of_week = 0;   // 0, Sunday, to 6
  TimeZone zone;                    // whose clocks and calendar the sets are of
  std::int64_t every_seconds = 0;   // of "@every": the sets then say nothing. 0 where they do
};

/// When something is to be done. A value of some 60 bytes that never changes; any thread.
class Schedule {
 public:
  /// Reads an expression. An error (kBadRequest) says where it is wrong, in which field, and what
  /// may stand there.
  static Result<Schedule> parse(std::string_view expression);

  /// The first time behind `after_ms` that this schedule names, in whole seconds; both are Unix
  /// time in milliseconds. Nothing where there is none in the five years that come ("0 0 30 2 *"),
  /// or out of the years 1 to 9999. Takes some 3 microseconds, 100 at worst.
  ///
  /// "@every" counts from `after_ms`: whoever wants an even beat asks with the time it named last.
  std::optional<std::int64_t> next(std::int64_t after_ms) const;

 private:
  explicit Schedule(const Rule& rule) : rule_(rule) {}

  Rule rule_;
};

}  // namespace synap::cron

#include "features/noun/dates.h"

#include "base/clock.h"

namespace synap::features {
namespace {

constexpr std::size_t kDayCharacters = 10;

bool is_date(std::string_view text) {
  if (text.size() == kDayCharacters) {
    return parse_iso8601(std::string(text) + "T00:00:00Z").has_value();
  }
  return text.ends_with('Z') && parse_iso8601(text).has_value();
}

// The same in JavaScript: whatever a client's own check lets through is taken, also the 29th of
// February of a leap year.
constexpr const char* kPattern =
    R"(^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|)"
    R"(\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|)"
    R"(02-(?:0[1-9]|1\d|2[0-8])))(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z)?$)";

}  // namespace

StringSchema date_schema() {
  return string().max(40).pattern(
      kPattern, is_date, "a date, as 2026-01-31, or a time in UTC, as 2026-01-31T12:00:00Z");
}

bool is_before(std::string_view a, std::string_view b) {
  if (a.size() == kDayCharacters || b.size() == kDayCharacters) {
    return a.substr(0, kDayCharacters) < b.substr(0, kDayCharacters);
  }
  // Not as texts, where "12:00:00Z" is behind "12:00:00.5Z".
  const auto end = parse_iso8601(a);
  const auto begin = parse_iso8601(b);
  return end && begin && *end < *begin;
}

}  // namespace synap::features

// timestamp(), duration() and what can be read off them.
#include <array>

#include "cel/functions.h"

namespace synap::cel {
namespace {

constexpr std::int64_t kNanosPerMs = 1'000'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

Result<Value> timestamp(const Call& call) {
  const auto& value = call[0];
  if (value.is(Kind::kTimestamp)) return value;
  if (value.is(Kind::kInt)) {
    const Timestamp time{value.as_int(), 0};
    if (!is_in_range(time)) return fail_evaluation("a timestamp is in the years 1 to 9999");
    return Value(time);
  }
  if (!value.is(Kind::kString)) return no_overload(call);
  const auto time = parse_timestamp(value.as_string());
  if (!time) {
    return fail_evaluation("timestamp() reads RFC 3339, as 2026-01-31T12:00:00Z, this is not");
  }
  return Value(*time);
}

Result<Value> duration(const Call& call) {
  const auto& value = call[0];
  if (value.is(Kind::kDuration)) return value;
  if (!value.is(Kind::kString)) return no_overload(call);
  const auto span = parse_duration(value.as_string());
  if (!span) return fail_evaluation("duration() reads texts as 1h30m or 1.5s, up to 292 years");
  return Value(*span);
}

// A field of a timestamp in the zone that is given, or in UTC.
template <auto kField, int kAdd>
Result<Value> field(const Call& call) {
  if (!call[0].is(Kind::kTimestamp)) return no_overload(call);
  if (call.size() == 2 && !call[1].is(Kind::kString)) return no_overload(call);
  const auto zone = call.size() == 2 ? call[1].as_string() : std::string_view();
  const auto civil = civil_time(call[0].as_timestamp(), zone);
  if (!civil) return fail_evaluation("there is no such time zone");
  return Value(static_cast<std::int64_t>((*civil).*kField) + kAdd);
}

// A timestamp's hour of the day, a duration's hours: one name in CEL.
template <auto kField, std::int64_t kUnit>
Result<Value> part(const Call& call) {
  if (call[0].is(Kind::kDuration) && call.size() == 1) {
    return Value(call[0].as_duration().nanos / kUnit);
  }
  return field<kField, 0>(call);
}

Result<Value> milliseconds(const Call& call) {
  if (call[0].is(Kind::kDuration) && call.size() == 1) {
    return Value(call[0].as_duration().nanos % kNanosPerSecond / kNanosPerMs);
  }
  if (!call[0].is(Kind::kTimestamp)) return no_overload(call);
  return Value(call[0].as_timestamp().nanos / kNanosPerMs);
}

}  // namespace

std::span<const Function> time_functions() {
  using enum Style;
  static constexpr std::array kFunctions = {
      Function{"timestamp", kGlobal, 1, 1, timestamp},
      Function{"duration", kGlobal, 1, 1, duration, Nature::kDate},
      Function{"getFullYear", kMember, 1, 2, field<&CivilTime::year, 0>},
      Function{"getMonth", kMember, 1, 2, field<&CivilTime::month, -1>},
      Function{"getDate", kMember, 1, 2, field<&CivilTime::day, 0>},
      Function{"getDayOfMonth", kMember, 1, 2, field<&CivilTime::day, -1>},
      Function{"getDayOfWeek", kMember, 1, 2, field<&CivilTime::weekday, 0>},
      Function{"getDayOfYear", kMember, 1, 2, field<&CivilTime::day_of_year, 0>},
      Function{"getHours", kMember, 1, 2, part<&CivilTime::hours, 3'600 * kNanosPerSecond>},
      Function{"getMinutes", kMember, 1, 2, part<&CivilTime::minutes, 60 * kNanosPerSecond>},
      Function{"getSeconds", kMember, 1, 2, part<&CivilTime::seconds, kNanosPerSecond>},
      Function{"getMilliseconds", kMember, 1, 2, milliseconds},
  };
  return kFunctions;
}

}  // namespace synap::cel

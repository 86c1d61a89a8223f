// What Inngest adds: lowercase, uppercase, b64decode, json_parse, date, now, now_plus, now_minus.
#include <array>

#include "cel/base64.h"
#include "cel/functions.h"

namespace synap::cel {
namespace {

Result<Value> b64decode(const Call& call) {
  if (!call[0].is(Kind::kString)) return no_overload(call);
  auto decoded = from_base64(call[0].as_string());
  if (!decoded) return fail_evaluation("b64decode() reads base64, this is not");
  if (!is_valid_utf8(*decoded)) return fail_evaluation("b64decode() gives texts, this is none");
  return made_string(call.context, std::move(*decoded));
}

Result<Value> json_parse(const Call& call) {
  if (!call[0].is(Kind::kString)) return no_overload(call);
  const auto text = call[0].as_string();
  // A value takes some times the memory of its text.
  constexpr std::int64_t kBytesOfAByte = 4;
  if (!call.budget().make(static_cast<std::int64_t>(text.size()) * kBytesOfAByte)) return Value();
  auto parsed = parse_json(text);
  if (!parsed) return fail_evaluation("json_parse() reads JSON, this is not");
  const auto kept = std::make_shared<const Json>(std::move(*parsed));
  return Value::of(*kept, kept);
}

Result<Value> date(const Call& call) {
  const auto& value = call[0];
  std::optional<Timestamp> time;
  if (value.is(Kind::kTimestamp)) time = value.as_timestamp();
  if (value.is(Kind::kString)) time = parse_date(value.as_string());
  if (value.is(Kind::kInt)) time = date_of_number(value.as_int());
  if (!time) return fail_evaluation("date() reads RFC 3339 and Unix times, this is none");
  return Value(*time);
}

Result<Value> now(const Call& call) {
  return Value(timestamp_of_unix_ms(call.context.options.now_unix_ms));
}

template <bool kIsPast>
Result<Value> now_shifted(const Call& call) {
  if (!call[0].is(Kind::kString)) return no_overload(call);
  auto span = parse_long_duration(call[0].as_string());
  if (span && kIsPast) span = negated(*span);
  if (!span) return fail_evaluation("a duration is a text as 1h30m or 2d");
  const auto time = add(timestamp_of_unix_ms(call.context.options.now_unix_ms), *span);
  if (!time) return fail_evaluation("a time is out of range");
  return Value(*time);
}

}  // namespace

std::span<const Function> inngest_functions() {
  using enum Style;
  static constexpr std::array kFunctions = {
      Function{"lowercase", kGlobal, 1, 1, lower_ascii, Nature::kPlain, true},
      Function{"uppercase", kGlobal, 1, 1, upper_ascii, Nature::kPlain, true},
      Function{"b64decode", kGlobal, 1, 1, b64decode, Nature::kPlain, true},
      Function{"json_parse", kGlobal, 1, 1, json_parse, Nature::kPlain, true},
      Function{"date", kGlobal, 1, 1, date, Nature::kDate, true},
      Function{"now", kGlobal, 0, 0, now, Nature::kDate, true},
      Function{"now_plus", kGlobal, 1, 1, now_shifted<false>, Nature::kDate, true},
      Function{"now_minus", kGlobal, 1, 1, now_shifted<true>, Nature::kDate, true},
  };
  return kFunctions;
}

}  // namespace synap::cel

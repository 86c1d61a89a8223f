// int(), uint(), double(), string(), bytes(), bool(), type(), dyn().
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "cel/functions.h"

namespace synap::cel {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

std::unexpected<Error> out_of_range(const Call& call) {
  return fail_evaluation(fmt::format("{}() does not reach this number", call.node.name));
}

template <class Number>
Result<Value> parse_number(const Call& call) {
  auto text = call[0].as_string();
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail_evaluation(fmt::format("{}() does not read this text", call.node.name));
  }
  return Value(number);
}

Result<Value> to_int(const Call& call) {
  const auto& value = call[0];
  switch (value.kind()) {
    case Kind::kInt:
      return value;
    case Kind::kUint:
      if (value.as_uint() > std::numeric_limits<std::int64_t>::max()) return out_of_range(call);
      return Value(static_cast<std::int64_t>(value.as_uint()));
    case Kind::kDouble: {
      // The borders themselves are refused, as the specification's tests have it: a double near
      // them stands for numbers beyond.
      const auto number = value.as_double();
      if (!(number > -kTwoTo63 && number < kTwoTo63)) return out_of_range(call);
      return Value(static_cast<std::int64_t>(number));
    }
    case Kind::kString:
      return parse_number<std::int64_t>(call);
    case Kind::kTimestamp:
      return Value(value.as_timestamp().seconds);
    case Kind::kDuration:
      return Value(value.as_duration().nanos);
    default:
      return no_overload(call);
  }
}

Result<Value> to_uint(const Call& call) {
  const auto& value = call[0];
  switch (value.kind()) {
    case Kind::kUint:
      return value;
    case Kind::kInt:
      if (value.as_int() < 0) return out_of_range(call);
      return Value(static_cast<std::uint64_t>(value.as_int()));
    case Kind::kDouble:
      if (!(value.as_double() > -1 && value.as_double() < kTwoTo64) || value.as_double() < 0) {
        return out_of_range(call);
      }
      return Value(static_cast<std::uint64_t>(value.as_double()));
    case Kind::kString:
      return parse_number<std::uint64_t>(call);
    default:
      return no_overload(call);
  }
}

Result<Value> to_double(const Call& call) {
  const auto& value = call[0];
  switch (value.kind()) {
    case Kind::kDouble:
      return value;
    case Kind::kInt:
      return Value(static_cast<double>(value.as_int()));
    case Kind::kUint:
      return Value(static_cast<double>(value.as_uint()));
    case Kind::kString:
      return parse_number<double>(call);
    default:
      return no_overload(call);
  }
}

Result<Value> to_string(const Call& call) {
  const auto& value = call[0];
  switch (value.kind()) {
    case Kind::kString:
      return value;
    case Kind::kBool:
      return Value(Text{{}, value.as_bool() ? "true" : "false"});
    case Kind::kInt:
      return made_string(call.context, fmt::format("{}", value.as_int()));
    case Kind::kUint:
      return made_string(call.context, fmt::format("{}", value.as_uint()));
    case Kind::kDouble:
      return made_string(call.context, fmt::format("{}", value.as_double()));
    case Kind::kBytes:
      if (!is_valid_utf8(value.as_bytes())) return fail_evaluation("the bytes are not UTF-8");
      return made_string(call.context, std::string(value.as_bytes()));
    case Kind::kTimestamp:
      return made_string(call.context, to_text(value.as_timestamp()));
    case Kind::kDuration:
      return made_string(call.context, to_text(value.as_duration()));
    default:
      return no_overload(call);
  }
}

Result<Value> to_bytes(const Call& call) {
  if (call[0].is(Kind::kBytes)) return call[0];
  if (!call[0].is(Kind::kString)) return no_overload(call);
  call.budget().make(static_cast<std::int64_t>(call[0].as_string().size()));
  return Value::bytes(std::string(call[0].as_string()));
}

Result<Value> to_bool(const Call& call) {
  if (call[0].is(Kind::kBool)) return call[0];
  if (!call[0].is(Kind::kString)) return no_overload(call);
  // Those of Go's strconv.ParseBool, as cel-go has it.
  for (const auto yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (call[0].as_string() == yes) return Value(true);
  }
  for (const auto no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (call[0].as_string() == no) return Value(false);
  }
  return fail_evaluation("bool() does not read this text");
}

Result<Value> type_of(const Call& call) {
  return Value(Type{type_name(call[0].kind())});
}

Result<Value> dyn(const Call& call) {
  return call[0];
}

}  // namespace

std::span<const Function> conversion_functions() {
  using enum Style;
  static constexpr std::array kFunctions = {
      Function{"int", kGlobal, 1, 1, to_int, Nature::kConversion},
      Function{"uint", kGlobal, 1, 1, to_uint, Nature::kConversion},
      Function{"double", kGlobal, 1, 1, to_double, Nature::kConversion},
      Function{"string", kGlobal, 1, 1, to_string},
      Function{"bytes", kGlobal, 1, 1, to_bytes},
      Function{"bool", kGlobal, 1, 1, to_bool},
      Function{"type", kGlobal, 1, 1, type_of},
      Function{"dyn", kGlobal, 1, 1, dyn},
  };
  return kFunctions;
}

}  // namespace synap::cel

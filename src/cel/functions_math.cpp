// CEL's extension "math": math.greatest, math.ceil, math.bitAnd and so on.
#include <array>
#include <cmath>
#include <limits>

#include "cel/compare.h"
#include "cel/functions.h"

namespace synap::cel {
namespace {

// The one of all arguments, or of the one list, that is first in an order.
template <bool kIsGreatest>
Result<Value> extreme(const Call& call) {
  const bool is_of_list = call.size() == 1 && call[0].is(Kind::kList);
  const auto count = is_of_list ? call[0].as_list().size() : call.size();
  if (count == 0) return fail_evaluation(fmt::format("{}() of nothing", call.node.name));
  Value best;
  for (std::size_t at = 0; at < count; ++at) {
    if (!call.budget().spend(1)) return Value();
    auto value = is_of_list ? call[0].as_list().at(at) : call[at];
    if (!value.is_number()) return no_overload(call);
    const auto order = at == 0 ? std::nullopt : compare(value, best, call.budget());
    if (at == 0 || (kIsGreatest ? *order > 0 : *order < 0)) best = std::move(value);
  }
  return best;
}

template <double (*kRound)(double)>
Result<Value> rounded(const Call& call) {
  if (!call[0].is(Kind::kDouble)) return no_overload(call);
  return Value(kRound(call[0].as_double()));
}

double ceil_of(double value) {
  return std::ceil(value);
}
double floor_of(double value) {
  return std::floor(value);
}
double round_of(double value) {
  return std::round(value);
}
double trunc_of(double value) {
  return std::trunc(value);
}

template <bool (*kTest)(double)>
Result<Value> tested(const Call& call) {
  if (!call[0].is(Kind::kDouble)) return no_overload(call);
  return Value(kTest(call[0].as_double()));
}

bool is_nan(double value) {
  return std::isnan(value);
}
bool is_inf(double value) {
  return std::isinf(value);
}
bool is_finite(double value) {
  return std::isfinite(value);
}

Result<Value> abs(const Call& call) {
  const auto& value = call[0];
  if (value.is(Kind::kUint)) return value;
  if (value.is(Kind::kDouble)) return Value(std::abs(value.as_double()));
  if (!value.is(Kind::kInt)) return no_overload(call);
  if (value.as_int() == std::numeric_limits<std::int64_t>::min()) {
    return fail_evaluation("integer overflow");
  }
  return Value(std::abs(value.as_int()));
}

Result<Value> sign(const Call& call) {
  const auto& value = call[0];
  if (value.is(Kind::kUint)) return Value(std::uint64_t{value.as_uint() > 0 ? 1U : 0U});
  if (value.is(Kind::kInt)) {
    return Value(std::int64_t{(value.as_int() > 0 ? 1 : 0) - (value.as_int() < 0 ? 1 : 0)});
  }
  if (!value.is(Kind::kDouble)) return no_overload(call);
  if (std::isnan(value.as_double())) return value;
  return Value((value.as_double() > 0 ? 1.0 : 0.0) - (value.as_double() < 0 ? 1.0 : 0.0));
}

enum class Bits : std::uint8_t { kAnd, kOr, kXor };

template <class Integer>
Value combine(Bits bits, Integer left, Integer right) {
  switch (bits) {
    case Bits::kAnd:
      return Value(left & right);
    case Bits::kOr:
      return Value(left | right);
    default:
      return Value(left ^ right);
  }
}

template <Bits kBits>
Result<Value> combined(const Call& call) {
  if (call[0].is(Kind::kInt) && call[1].is(Kind::kInt)) {
    return combine(kBits, call[0].as_int(), call[1].as_int());
  }
  if (call[0].is(Kind::kUint) && call[1].is(Kind::kUint)) {
    return combine(kBits, call[0].as_uint(), call[1].as_uint());
  }
  return no_overload(call);
}

Result<Value> bit_not(const Call& call) {
  if (call[0].is(Kind::kInt)) return Value(~call[0].as_int());
  if (call[0].is(Kind::kUint)) return Value(~call[0].as_uint());
  return no_overload(call);
}

// Shifts are of bits without a sign, of int too: -1024 >> 3 is a large number.
template <bool kIsLeft>
Result<Value> shifted(const Call& call) {
  const bool is_int = call[0].is(Kind::kInt);
  if ((!is_int && !call[0].is(Kind::kUint)) || !call[1].is(Kind::kInt)) return no_overload(call);
  const auto by = call[1].as_int();
  if (by < 0) return fail_evaluation("a shift is by at least 0");
  const auto bits = is_int ? static_cast<std::uint64_t>(call[0].as_int()) : call[0].as_uint();
  std::uint64_t result = 0;
  if (by < 64) result = kIsLeft ? bits << by : bits >> by;
  return is_int ? Value(static_cast<std::int64_t>(result)) : Value(result);
}

}  // namespace

std::span<const Function> math_functions() {
  using enum Style;
  static constexpr std::array kFunctions = {
      Function{"math.greatest", kGlobal, 1, kAnyNumber, extreme<true>},
      Function{"math.least", kGlobal, 1, kAnyNumber, extreme<false>},
      Function{"math.ceil", kGlobal, 1, 1, rounded<ceil_of>},
      Function{"math.floor", kGlobal, 1, 1, rounded<floor_of>},
      Function{"math.round", kGlobal, 1, 1, rounded<round_of>},
      Function{"math.trunc", kGlobal, 1, 1, rounded<trunc_of>},
      Function{"math.isNaN", kGlobal, 1, 1, tested<is_nan>},
      Function{"math.isInf", kGlobal, 1, 1, tested<is_inf>},
      Function{"math.isFinite", kGlobal, 1, 1, tested<is_finite>},
      Function{"math.abs", kGlobal, 1, 1, abs},
      Function{"math.sign", kGlobal, 1, 1, sign},
      Function{"math.bitAnd", kGlobal, 2, 2, combined<Bits::kAnd>},
      Function{"math.bitOr", kGlobal, 2, 2, combined<Bits::kOr>},
      Function{"math.bitXor", kGlobal, 2, 2, combined<Bits::kXor>},
      Function{"math.bitNot", kGlobal, 1, 1, bit_not},
      Function{"math.bitShiftLeft", kGlobal, 2, 2, shifted<true>},
      Function{"math.bitShiftRight", kGlobal, 2, 2, shifted<false>},
  };
  return kFunctions;
}

}  // namespace synap::cel

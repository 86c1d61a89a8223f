#include "cel/operators.h"

#include <array>
#include <cmath>
#include <limits>

#include "cel/compare.h"

namespace synap::cel {
namespace {

constexpr std::size_t kElementBytes = sizeof(Value);

std::unexpected<Error> no_operator(Operation operation, const Value& left, const Value& right) {
  return no_overload(symbol(operation), std::array{left, right});
}

std::unexpected<Error> overflow() {
  return fail_evaluation("integer overflow");
}

template <class Integer>
Result<Value> calculate(Operation operation, Integer left, Integer right) {
  Integer result = 0;
  bool is_over = false;
  switch (operation) {
    case Operation::kAdd:
      is_over = __builtin_add_overflow(left, right, &result);
      break;
    case Operation::kSubtract:
      is_over = __builtin_sub_overflow(left, right, &result);
      break;
    case Operation::kMultiply:
      is_over = __builtin_mul_overflow(left, right, &result);
      break;
    default:
      if (right == 0) {
        return fail_evaluation(operation == Operation::kDivide ? "divide by zero"
                                                               : "modulus by zero");
      }
      // The one quotient that does not fit.
      if (std::is_signed_v<Integer> && left == std::numeric_limits<Integer>::min() &&
          right == static_cast<Integer>(-1)) {
        return overflow();
      }
      result = operation == Operation::kDivide ? left / right : left % right;
  }
  if (is_over) return overflow();
  return Value(result);
}

Result<Value> calculate_doubles(Operation operation, double left, double right) {
  switch (operation) {
    case Operation::kAdd:
      return Value(left + right);
    case Operation::kSubtract:
      return Value(left - right);
    case Operation::kMultiply:
      return Value(left * right);
    case Operation::kDivide:
      return Value(left / right);
    default:
      return no_operator(operation, Value(left), Value(right));
  }
}

template <class Time>
Result<Value> in_range(const std::optional<Time>& time) {
  if (!time) return fail_evaluation("a time is out of range");
  return Value(*time);
}

Result<Value> add_times(const Value& left, const Value& right) {
  if (left.is(Kind::kDuration) && right.is(Kind::kDuration)) {
    return in_range(add(left.as_duration(), right.as_duration()));
  }
  if (left.is(Kind::kTimestamp) && right.is(Kind::kDuration)) {
    return in_range(add(left.as_timestamp(), right.as_duration()));
  }
  if (left.is(Kind::kDuration) && right.is(Kind::kTimestamp)) {
    return in_range(add(right.as_timestamp(), left.as_duration()));
  }
  return no_operator(Operation::kAdd, left, right);
}

Result<Value> subtract_times(const Value& left, const Value& right) {
  if (left.is(Kind::kTimestamp) && right.is(Kind::kTimestamp)) {
    return in_range(between(left.as_timestamp(), right.as_timestamp()));
  }
  const auto back = right.is(Kind::kDuration) ? negated(right.as_duration()) : std::nullopt;
  if (!right.is(Kind::kDuration)) return no_operator(Operation::kSubtract, left, right);
  if (!back) return fail_evaluation("a time is out of range");
  if (left.is(Kind::kDuration)) return in_range(add(left.as_duration(), *back));
  if (left.is(Kind::kTimestamp)) return in_range(add(left.as_timestamp(), *back));
  return no_operator(Operation::kSubtract, left, right);
}

Result<Value> concatenate_lists(const List& left, const List& right, Context& context) {
  const auto count = left.size() + right.size();
  std::vector<Value> items;
  if (!context.budget.make(static_cast<std::int64_t>(count * kElementBytes))) return Value();
  items.reserve(count);
  for (std::size_t at = 0; at < left.size(); ++at) items.push_back(left.at(at));
  for (std::size_t at = 0; at < right.size(); ++at) items.push_back(right.at(at));
  return Value(List(std::move(items)));
}

std::string joined(std::string_view left, std::string_view right, Context& context) {
  std::string text;
  const auto bytes = left.size() + right.size();
  if (!context.budget.make(static_cast<std::int64_t>(bytes))) return text;
  text.reserve(bytes);
  text.append(left).append(right);
  return text;
}

Result<Value> add_others(const Value& left, const Value& right, Context& context) {
  if (left.kind() == right.kind()) {
    switch (left.kind()) {
      case Kind::kString:
        return Value::string(joined(left.as_string(), right.as_string(), context));
      case Kind::kBytes:
        return Value::bytes(joined(left.as_bytes(), right.as_bytes(), context));
      case Kind::kList:
        return concatenate_lists(left.as_list(), right.as_list(), context);
      default:
        break;
    }
  }
  return add_times(left, right);
}

Result<Value> arithmetic(Operation operation, const Value& left, const Value& right,
                         Context& context) {
  if (left.is_number() && left.kind() == right.kind()) {
    if (left.is(Kind::kInt)) return calculate(operation, left.as_int(), right.as_int());
    if (left.is(Kind::kUint)) return calculate(operation, left.as_uint(), right.as_uint());
    return calculate_doubles(operation, left.as_double(), right.as_double());
  }
  if (operation == Operation::kAdd) return add_others(left, right, context);
  if (operation == Operation::kSubtract) return subtract_times(left, right);
  return no_operator(operation, left, right);
}

Result<Value> order(Operation operation, const Value& left, const Value& right, Context& context) {
  const auto order = compare(left, right, context.budget);
  if (!order) return no_operator(operation, left, right);
  switch (operation) {
    case Operation::kLess:
      return Value(*order < 0);
    case Operation::kLessOrEqual:
      return Value(*order <= 0);
    case Operation::kGreater:
      return Value(*order > 0);
    default:
      return Value(*order >= 0);
  }
}

Result<Value> is_in(const Value& element, const Value& container, Context& context) {
  if (container.is(Kind::kMap)) {
    return Value(container.as_map().find(element, context.budget).has_value());
  }
  if (!container.is(Kind::kList)) return no_operator(Operation::kIn, element, container);
  const auto& list = container.as_list();
  for (std::size_t at = 0; at < list.size() && context.budget.spend(1); ++at) {
    if (equal(list.at(at), element, context.budget)) return Value(true);
  }
  return Value(false);
}

// Which element of a list a key means: any whole number does.
std::optional<std::int64_t> list_index(const Value& key) {
  constexpr double kIndexMax = 9007199254740992.0;
  switch (key.kind()) {
    case Kind::kInt:
      return key.as_int();
    case Kind::kUint:
      return key.as_uint() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                 ? std::optional(static_cast<std::int64_t>(key.as_uint()))
                 : std::nullopt;
    case Kind::kDouble:
      if (std::trunc(key.as_double()) != key.as_double() || std::abs(key.as_double()) > kIndexMax) {
        return std::nullopt;
      }
      return static_cast<std::int64_t>(key.as_double());
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<Value> apply_unary(Operation operation, const Value& operand) {
  if (operation == Operation::kNot && operand.is(Kind::kBool)) return Value(!operand.as_bool());
  if (operation == Operation::kNegate) {
    if (operand.is(Kind::kInt)) {
      return calculate<std::int64_t>(Operation::kSubtract, 0, operand.as_int());
    }
    if (operand.is(Kind::kDouble)) return Value(-operand.as_double());
    if (operand.is(Kind::kDuration)) return in_range(negated(operand.as_duration()));
  }
  return no_overload(symbol(operation), std::array{operand});
}

Result<Value> apply_binary(Operation operation, const Value& left, const Value& right,
                           Context& context) {
  switch (operation) {
    case Operation::kEqual:
      return Value(equal(left, right, context.budget));
    case Operation::kNotEqual:
      return Value(!equal(left, right, context.budget));
    case Operation::kLess:
    case Operation::kLessOrEqual:
    case Operation::kGreater:
    case Operation::kGreaterOrEqual:
      return order(operation, left, right, context);
    case Operation::kIn:
      return is_in(left, right, context);
    default:
      return arithmetic(operation, left, right, context);
  }
}

Result<Value> apply_index(const Value& container, const Value& key, Context& context) {
  if (container.is(Kind::kMap)) {
    const auto found = container.as_map().find(key, context.budget);
    if (!found) return fail_evaluation("no such key");
    return *found;
  }
  if (!container.is(Kind::kList)) return no_overload("_[_]", std::array{container, key});
  const auto index = list_index(key);
  if (!index) return fail_evaluation("the index of a list is a whole number");
  const auto& list = container.as_list();
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= list.size()) {
    return fail_evaluation(fmt::format("index {} is outside of a list of {}", *index, list.size()));
  }
  return list.at(static_cast<std::size_t>(*index));
}

}  // namespace synap::cel

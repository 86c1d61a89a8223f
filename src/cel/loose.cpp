// Inngest's operators. The reference (its server's package expressions) evaluates with cel-go and
// looks at the arguments of each call before it is made; what it then does is written down here as
// plain rules. Where its rule is an accident of cel-go that nobody can mean, the sentence says so.
#include <array>

#include "cel/operators.h"

namespace synap::cel {
namespace {

// What has no type of its own there.
Value zero_like(const Value& other) {
  switch (other.kind()) {
    case Kind::kInt:
      return Value(std::int64_t{0});
    case Kind::kUint:
      return Value(std::uint64_t{0});
    case Kind::kDouble:
      return Value(0.0);
    case Kind::kString:
      return Value(Text{{}, ""});
    default:
      return Value();
  }
}

bool is_order(Operation operation) {
  switch (operation) {
    case Operation::kLess:
    case Operation::kLessOrEqual:
    case Operation::kGreater:
    case Operation::kGreaterOrEqual:
      return true;
    default:
      return false;
  }
}

// A missing value is null to an equality, and below everything to an order, whichever side the
// question is asked from.
Value compare_missing(Operation operation, const Value& left, const Value& right) {
  switch (operation) {
    case Operation::kEqual:
      return Value(left.is(Kind::kNull) || right.is(Kind::kNull));
    case Operation::kNotEqual:
      return Value(!left.is(Kind::kNull) && !right.is(Kind::kNull));
    case Operation::kLess:
    case Operation::kLessOrEqual:
      return Value(left.is(Kind::kMissing));
    default:
      return Value(!left.is(Kind::kMissing));
  }
}

double number_of(const Value& value) {
  if (value.is(Kind::kInt)) return static_cast<double>(value.as_int());
  if (value.is(Kind::kUint)) return static_cast<double>(value.as_uint());
  return value.as_double();
}

// Lists and maps are written out, so `owned` counts them before: one may hold another many times.
std::string text_of_value(const Value& value, Budget& budget) {
  if (value.is(Kind::kString)) return std::string(value.as_string());
  const auto counted = value.owned(budget);
  return budget.is_exhausted() ? std::string() : counted.to_json().dump();
}

Result<Value> join_texts(const Value& left, const Value& right, Context& context) {
  auto text = text_of_value(left, context.budget);
  text += text_of_value(right, context.budget);
  return made_string(context, std::move(text));
}

// The reference joins everything that has no sum as texts, int and double among it ("5.51"), since
// there every number of an event is a double; here numbers of both kinds are added.
Result<Value> add_loosely(const Value& left, const Value& right, Context& context) {
  if (left.is_nothing() && right.is_nothing()) return Value(false);
  if (left.is_nothing()) return right;
  if (right.is_nothing()) return left;
  auto sum = apply_binary(Operation::kAdd, left, right, context);
  if (sum || left.kind() == right.kind()) return sum;
  return join_texts(left, right, context);
}

}  // namespace

Result<Value> apply_unary_loosely(Operation operation, const Value& operand) {
  if (!operand.is_nothing()) return apply_unary(operation, operand);
  // The reference answers false for `!missing` as for any call with what is missing. It is no slip
  // to be mended: filters are written, and stored, with it.
  return operation == Operation::kNot ? Value(false) : Value::missing();
}

Result<Value> apply_binary_loosely(Operation operation, const Value& left, const Value& right,
                                   Context& context) {
  const bool has_missing = left.is(Kind::kMissing) || right.is(Kind::kMissing);
  if (operation == Operation::kAdd) {
    const bool are_numbers = left.is_number() && right.is_number();
    if (!are_numbers || left.kind() == right.kind()) return add_loosely(left, right, context);
  }
  if (operation == Operation::kIn) {
    if (left.is(Kind::kMissing) || right.is_nothing()) return Value(false);
    return apply_binary(operation, left, right, context);
  }
  if (operation == Operation::kEqual || operation == Operation::kNotEqual) {
    if (has_missing) return compare_missing(operation, left, right);
    return apply_binary(operation, left, right, context);
  }
  if (is_order(operation)) {
    if (has_missing) return compare_missing(operation, left, right);
    if (left.is(Kind::kNull)) return apply_binary(operation, zero_like(right), right, context);
    if (right.is(Kind::kNull)) return apply_binary(operation, left, zero_like(left), context);
    return apply_binary(operation, left, right, context);
  }
  if (left.is_nothing() || right.is_nothing()) return Value::missing();
  if (left.is_number() && right.is_number() && left.kind() != right.kind()) {
    return apply_binary(operation, Value(number_of(left)), Value(number_of(right)), context);
  }
  return apply_binary(operation, left, right, context);
}

Result<Value> call_loosely(const Call& call) {
  bool has_nothing = false;
  bool has_missing = false;
  for (const auto& argument : call.arguments) {
    has_nothing = has_nothing || argument.is_nothing();
    has_missing = has_missing || argument.is(Kind::kMissing);
  }
  if (!has_missing) {
    auto result = call.node.function->body(call);
    if (result || !has_nothing) return result;
  }
  if (call.node.function->name == "size") return Value(std::int64_t{0});
  if (call.node.function->nature == Nature::kPredicate) return Value(false);
  return Value::missing();
}

}  // namespace synap::cel

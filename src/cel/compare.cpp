#include "cel/compare.h"

namespace synap::cel {
namespace {

std::partial_ordering compare_numbers(std::int64_t left, std::uint64_t right) {
  if (left < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(left) <=> right;
}

std::partial_ordering reversed(std::partial_ordering order) {
  return 0 <=> order;
}

std::partial_ordering compare_numbers(const Value& left, const Value& right) {
  if (left.is(Kind::kInt)) {
    if (right.is(Kind::kInt)) return left.as_int() <=> right.as_int();
    if (right.is(Kind::kUint)) return compare_numbers(left.as_int(), right.as_uint());
    // Rounded where it has more than 53 bits, as the specification's tests want it: 2^63-1 is then
    // not less than 2^63.
    return static_cast<double>(left.as_int()) <=> right.as_double();
  }
  if (left.is(Kind::kUint)) {
    if (right.is(Kind::kUint)) return left.as_uint() <=> right.as_uint();
    if (right.is(Kind::kInt)) return reversed(compare_numbers(right.as_int(), left.as_uint()));
    return static_cast<double>(left.as_uint()) <=> right.as_double();
  }
  if (right.is(Kind::kDouble)) return left.as_double() <=> right.as_double();
  return reversed(compare_numbers(right, left));
}

bool are_lists_equal(const List& left, const List& right, Budget& budget) {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at < left.size(); ++at) {
    if (!budget.spend(1) || !equal(left.at(at), right.at(at), budget)) return false;
  }
  return true;
}

bool are_maps_equal(const Map& left, const Map& right, Budget& budget) {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at < left.size(); ++at) {
    if (!budget.spend(1)) return false;
    const auto [key, value] = left.at(at);
    const auto other = right.find(key, budget);
    if (!other || !equal(value, *other, budget)) return false;
  }
  return true;
}

}  // namespace

bool equal(const Value& left, const Value& right, Budget& budget) {
  if (left.is_number() && right.is_number()) return compare_numbers(left, right) == 0;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return left.as_bool() == right.as_bool();
    case Kind::kString:
      budget.spend(steps_of_text(left.as_string().size()));
      return left.as_string() == right.as_string();
    case Kind::kBytes:
      budget.spend(steps_of_text(left.as_bytes().size()));
      return left.as_bytes() == right.as_bytes();
    case Kind::kList:
      return are_lists_equal(left.as_list(), right.as_list(), budget);
    case Kind::kMap:
      return are_maps_equal(left.as_map(), right.as_map(), budget);
    case Kind::kTimestamp:
      return left.as_timestamp() == right.as_timestamp();
    case Kind::kDuration:
      return left.as_duration() == right.as_duration();
    case Kind::kType:
      return left.as_type().name == right.as_type().name;
    default:
      return false;
  }
}

std::optional<std::partial_ordering> compare(const Value& left, const Value& right,
                                             Budget& budget) {
  if (left.is_number() && right.is_number()) return compare_numbers(left, right);
  if (left.kind() != right.kind()) return std::nullopt;
  switch (left.kind()) {
    case Kind::kBool:
      return left.as_bool() <=> right.as_bool();
    case Kind::kString:
      budget.spend(steps_of_text(left.as_string().size()));
      return left.as_string() <=> right.as_string();
    case Kind::kBytes:
      budget.spend(steps_of_text(left.as_bytes().size()));
      return left.as_bytes() <=> right.as_bytes();
    case Kind::kTimestamp:
      return left.as_timestamp() <=> right.as_timestamp();
    case Kind::kDuration:
      return left.as_duration() <=> right.as_duration();
    default:
      return std::nullopt;
  }
}

}  // namespace synap::cel

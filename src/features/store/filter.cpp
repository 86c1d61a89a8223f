#include "features/store/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace synap::features::store {
namespace {

constexpr std::array<std::string_view, 8> kOperators = {"$eq", "$ne",  "$gt", "$gte",
                                                        "$lt", "$lte", "$in", "$nin"};

bool is_operator(std::string_view name) {
  return std::ranges::find(kOperators, name) != kOperators.end();
}

bool has_operators(const Json& wanted) {
  return wanted.is_object() && std::ranges::any_of(wanted.as_object(), [](const auto& member) {
           return member.first.starts_with('$');
         });
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.as_number();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.as_string();
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  // "nan" and "infinity" are words.
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

// Whole numbers and others are the same number in JSON: 1 and 1.0.
bool is_equal(const Json& one, const Json& other) {
  if (one.is_number() && other.is_number()) return one.as_number() == other.as_number();
  return one == other;
}

// -1, 0 or 1; nothing where there is no order between them.
std::optional<int> compared(const Json& one, const Json& other) {
  const auto left = number_of(one);
  const auto right = number_of(other);
  if (left && right) return (*left > *right) - (*left < *right);
  if (!one.is_string() || !other.is_string()) return std::nullopt;
  const int order = one.as_string().compare(other.as_string());
  return (order > 0) - (order < 0);
}

bool applies(const Json& value, std::string_view name, const Json& wanted) {
  if (name == "$eq") return is_equal(value, wanted);
  if (name == "$ne") return !is_equal(value, wanted);
  if (name == "$in" || name == "$nin") {
    const bool is_in = std::ranges::any_of(wanted.as_array(),
                                           [&](const Json& one) { return is_equal(value, one); });
    return is_in == (name == "$in");
  }
  const auto order = compared(value, wanted);
  if (!order) return false;
  if (name == "$gt") return *order > 0;
  if (name == "$gte") return *order >= 0;
  if (name == "$lt") return *order < 0;
  return *order <= 0;
}

bool matches(const Json& value, const Json& wanted) {
  if (has_operators(wanted)) {
    return std::ranges::all_of(
        wanted.as_object(), [&](const auto& one) { return applies(value, one.first, one.second); });
  }
  if (wanted.is_object()) return value.is_object() && passes(value, wanted);
  if (wanted.is_array()) {
    return value.is_array() && std::ranges::equal(value.as_array(), wanted.as_array(), matches);
  }
  return is_equal(value, wanted);
}

Result<> check(const Json& wanted) {
  if (wanted.is_array()) {
    for (const auto& one : wanted.as_array()) {
      if (auto fine = check(one); !fine) return fine;
    }
  }
  if (!wanted.is_object()) return {};
  const bool is_of_operators = has_operators(wanted);
  for (const auto& [name, one] : wanted.as_object()) {
    if (!is_of_operators) {
      if (auto fine = check(one); !fine) return fine;
    } else if (!is_operator(name)) {
      return fail(Code::kBadRequest,
                  fmt::format("filter: \"{}\" is no operator; these are $eq, $ne, $gt, $gte, $lt, "
                              "$lte, $in and $nin",
                              name));
    } else if ((name == "$in" || name == "$nin") && !one.is_array()) {
      return fail(Code::kBadRequest, fmt::format("filter: {} takes a list", name));
    }
  }
  return {};
}

}  // namespace

Result<> check_filter(const Json& filter) {
  for (const auto& [name, wanted] : filter.as_object()) {
    if (auto fine = check(wanted); !fine) return fine;
  }
  return {};
}

bool passes(const Json& value, const Json& filter) {
  static const Json kNull;
  return std::ranges::all_of(filter.as_object(), [&](const auto& wanted) {
    const Json* member = value.find(wanted.first);
    return matches(member != nullptr ? *member : kNull, wanted.second);
  });
}

}  // namespace synap::features::store

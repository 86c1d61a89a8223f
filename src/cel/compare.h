// Equality and order of values, as CEL has them.
#pragma once

#include <compare>
#include <optional>

#include "cel/budget.h"
#include "cel/value.h"

namespace synap::cel {

/// Numbers are equal when they are the same number, whatever their kinds; values of other kinds
/// that differ are not equal. NaN equals nothing. Missing equals nothing, not even itself.
bool equal(const Value& left, const Value& right, Budget& budget);

/// Nothing where the two have no order: they are of kinds that differ, or of one without any.
/// `unordered` is what a comparison with NaN gives: it is false whichever way it is asked.
std::optional<std::partial_ordering> compare(const Value& left, const Value& right, Budget& budget);

}  // namespace synap::cel

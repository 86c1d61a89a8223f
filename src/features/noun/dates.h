// Dates as people plan by: a day, or a point of time.
#pragma once

#include <string_view>

#include "schema/schema.h"

namespace synap::features {

/// "2026-01-31", or a time as string().datetime() takes it. Both sort as texts in the order of
/// time, to the second.
StringSchema date_schema();

/// Whether `a` is over when `b` begins; both as date_schema() takes them. A day is over at its end,
/// so a time is not before the day that it is in, nor that day before it. What is no time is before
/// none.
bool is_before(std::string_view a, std::string_view b);

inline constexpr auto kDateDocs = "A day (2026-01-31) or a time (2026-01-31T12:00:00Z).";

}  // namespace synap::features

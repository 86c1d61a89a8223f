// Dates as people plan by: a day, or a point of time.
#pragma once

#include "schema/schema.h"

namespace synap::features {

/// "2026-01-31", or a time as string().datetime() takes it. Both sort as texts in the order of
/// time.
StringSchema date_schema();

inline constexpr auto kDateDocs = "A day (2026-01-31) or a time (2026-01-31T12:00:00Z).";

}  // namespace synap::features

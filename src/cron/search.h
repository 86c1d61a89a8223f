// Finds the next time that a schedule of five fields names. Private to the room.
#pragma once

#include <cstdint>
#include <optional>

#include "cron/schedule.h"

namespace synap::cron {

/// The first second behind `after` (Unix time) that `rule` names, or nothing: see Schedule::next.
/// `after` is within the years 1 to 9999.
std::optional<std::int64_t> next_second(const Rule& rule, std::int64_t after);

}  // namespace synap::cron

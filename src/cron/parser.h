// Reads the text of a schedule. Private to the room.
#pragma once

#include <string_view>

#include "cron/schedule.h"

namespace synap::cron {

Result<Rule> parse_rule(std::string_view expression);

}  // namespace synap::cron

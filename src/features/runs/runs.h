// runs.list, runs.get, runs.retry: the work done for a user's events, and its dead letters.
#pragma once

#include "features/rooms.h"

namespace synap::features::runs {

void add(const Rooms& rooms);

}  // namespace synap::features::runs

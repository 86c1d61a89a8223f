// capture.thought, and the agent behind it.
#pragma once

#include "features/rooms.h"

namespace synap::features::capture {

/// Behind agent_runs::add().
void add(const Rooms& rooms);

}  // namespace synap::features::capture

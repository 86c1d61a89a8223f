// The agent *digest*: a note of what there is to do, and of what was written lately.
#pragma once

#include "features/rooms.h"

namespace synap::features::digest {

/// Behind agent_runs::add() and the nouns.
void add(const Rooms& rooms);

}  // namespace synap::features::digest

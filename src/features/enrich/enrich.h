// The agent *enrich*: gives a note that was made tags and a summary.
#pragma once

#include "features/rooms.h"

namespace synap::features::enrich {

/// Behind agent_runs::add() and the nouns.
void add(const Rooms& rooms);

}  // namespace synap::features::enrich

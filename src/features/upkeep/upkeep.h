// Upkeep: what an owner asks about the pod itself: log.verify, projections.list,
// projections.rebuild and projections.verify.
#pragma once

#include "features/rooms.h"

namespace synap::features::upkeep {

void add(const Rooms& rooms);

}  // namespace synap::features::upkeep

// events.why: what led to a version of a thing, back to who asked for it first.
#pragma once

#include "features/rooms.h"

namespace synap::features::why {

void add(const Rooms& rooms);

}  // namespace synap::features::why

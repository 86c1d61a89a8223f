// Projects: what tasks are gathered under.
#pragma once

#include "features/rooms.h"

namespace synap::features::projects {

void add(const Rooms& rooms);

}  // namespace synap::features::projects

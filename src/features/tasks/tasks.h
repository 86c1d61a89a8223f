// Tasks: what is to be done, by when, and for which project.
#pragma once

#include "features/rooms.h"

namespace synap::features::tasks {

void add(const Rooms& rooms);

}  // namespace synap::features::tasks

// requests.get: what became of a command.
#pragma once

#include "features/rooms.h"

namespace synap::features::requests {

void add(const Rooms& rooms);

}  // namespace synap::features::requests

// users.list, users.create, keys.create, keys.list, keys.revoke, and health: who may come in.
#pragma once

#include "features/rooms.h"

namespace synap::features::access {

void add(const Rooms& rooms);

}  // namespace synap::features::access

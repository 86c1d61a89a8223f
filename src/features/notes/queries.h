// notes.list, notes.get and notes.getById: what a user sees of his notes.
#pragma once

#include "features/rooms.h"

namespace synap::features::notes {

void add_queries(const Rooms& rooms);

}  // namespace synap::features::notes

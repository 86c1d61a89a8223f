// What the workers do when a change of a note was requested.
#pragma once

#include "features/rooms.h"

namespace synap::features::notes {

/// Registers the functions notes.create, notes.update and notes.delete. Changes of one note are
/// carried out one after another, in the order in which they were requested.
void add_handlers(const Rooms& rooms);

}  // namespace synap::features::notes

// Notes: Markdown text with a title and tags. The feature is this folder:
//
//   events.h      what can happen to a note           commands.h   from an input to an event
//   handlers.h    what the workers do with an event   note_table.h the read model and its folds
//   queries.h     notes.list, notes.get
#pragma once

#include "features/rooms.h"

namespace synap::features::notes {

/// Tables of the read model; before add().
std::vector<db::Database::Migration> migrations();

/// Registers event types, functions and procedures. `rooms` must outlive them.
void add(const Rooms& rooms);

}  // namespace synap::features::notes

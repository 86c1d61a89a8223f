// Notes: Markdown text with a title and tags. The feature is this folder:
//
//   events.h      what can happen to a note           commands.h   from an input to an event
//   handlers.h    what the workers do with an event   queries.h    notes.list, notes.get, tags.list
//   note_projection.h  the read models and their folds   versions.h   what a note was;
//   notes.history
#pragma once

#include "features/rooms.h"

namespace synap::features::notes {

/// Registers event types, projections, functions and procedures. `rooms` must outlive them.
void add(const Rooms& rooms);

}  // namespace synap::features::notes

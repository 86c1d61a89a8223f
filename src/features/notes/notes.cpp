#include "features/notes/notes.h"

#include "features/notes/commands.h"
#include "features/notes/events.h"
#include "features/notes/handlers.h"
#include "features/notes/note_projection.h"
#include "features/notes/queries.h"
#include "features/notes/versions.h"

namespace synap::features::notes {

void add(const Rooms& rooms) {
  add_event_types(rooms.types);
  rooms.projections.add(notes_projection());
  rooms.projections.add(tags_projection());
  add_handlers(rooms);
  add_commands(rooms);
  add_queries(rooms);
  add_history(rooms);
}

}  // namespace synap::features::notes

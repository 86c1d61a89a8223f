#include "features/notes/notes.h"

#include "features/notes/commands.h"
#include "features/notes/events.h"
#include "features/notes/handlers.h"
#include "features/notes/note_table.h"
#include "features/notes/queries.h"

namespace synap::features::notes {

std::vector<db::Database::Migration> migrations() {
  return {{"notes.1", kNoteTables}};
}

void add(const Rooms& rooms) {
  add_event_types(rooms.types);
  add_handlers(rooms);
  add_commands(rooms);
  add_queries(rooms);
}

}  // namespace synap::features::notes

// Relations: what things have to do with each other. A relation is typed and leads from one thing
// to another; things are those of any noun.
#pragma once

#include "features/rooms.h"

namespace synap::features::relations {

/// Registers the noun, its queries, and what happens when a thing is deleted that relations lead to
/// or from. Behind all other nouns, so that it knows them.
void add(const Rooms& rooms);

// The parts of it.

/// relations.neighbours
void add_neighbours(const Rooms& rooms);
/// Deletes the relations of things that are deleted.
void add_forgetting(const Rooms& rooms);

}  // namespace synap::features::relations

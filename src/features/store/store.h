// The store of agents outside: what a graph of LangGraph remembers beyond its threads. An item is a
// JSON object under a key in a namespace, which is a list of labels, as ("memories", "ann"). Each
// put that changes it is an event and a version; whoever has read one can write on that version
// alone, so that several agents share what they know.
//
// An item's id follows from its user, namespace and key, so that a put of the same name is about
// the same thing, also after it was deleted. Items are documents of search.
#pragma once

#include "features/rooms.h"

namespace synap::features::store {

/// `rooms` must outlive what is registered.
void add(const Rooms& rooms);

}  // namespace synap::features::store

// events.list, events.get and events.watch: the log as its user sees it, past and present.
#pragma once

#include "features/rooms.h"
#include "schema/schema.h"

namespace synap::features::event_views {

/// SynapEvent v1 with position and aggregateVersion, as clients see it.
Schema synap_event_schema();

void add(const Rooms& rooms);

}  // namespace synap::features::event_views

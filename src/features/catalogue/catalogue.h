// catalogue.eventTypes: the types of events that the pod itself has, who writes them and who reads
// them. What can be called is in /openapi.json, and the types of users are in eventTypes.list.
#pragma once

#include "features/rooms.h"

namespace synap::features::catalogue {

void add(const Rooms& rooms);

}  // namespace synap::features::catalogue

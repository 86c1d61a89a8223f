// Event types that users register, and events of them: eventTypes.register, list and get;
// events.publish and readStream.
//
// A registered type is the pair of its user and its name, which begins with "x.": no type of the
// pod does, and two users may give one name to different things. Its schema is a JSON Schema; each
// one that differs from the one before is a new data version, and an event keeps the version it was
// written with.
#pragma once

#include "features/rooms.h"

namespace synap::features::event_types {

/// `rooms` must outlive what is registered.
void add(const Rooms& rooms);

}  // namespace synap::features::event_types

// functions.list, functions.get: what reacts to events, and how it fares. functions.pause,
// functions.resume, functions.invoke, functions.replay: what a person does with one.
#pragma once

#include "features/rooms.h"

namespace synap::features::functions {

void add(const Rooms& rooms);
void add_replays(const Rooms& rooms);  // of add(): functions.replay and what belongs to it

/// Who asks, as the workers know him.
workers::Person person_of(const api::Session& session);

}  // namespace synap::features::functions

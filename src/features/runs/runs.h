// runs.list, runs.get, runs.retry, runs.cancel: the work done for a user's events, and its dead
// letters. signals.send: what a run waits for by name.
#pragma once

#include "features/rooms.h"

namespace synap::features::runs {

void add(const Rooms& rooms);
void add_signals(const Rooms& rooms);  // of add()

}  // namespace synap::features::runs

// The parts of checkpoints.* and graphThreads.*, each in a file of its own.
#pragma once

#include "api/actor.h"
#include "features/checkpoints/checkpoints.h"
#include "features/checkpoints/shapes.h"
#include "features/procedures.h"

namespace synap::features::checkpoints {

void add_reading(const Rooms& rooms);         // get, list
void add_tending(const Rooms& rooms);         // deleteThread, copyThread, deleteRuns, prune
void add_threads(const Rooms& rooms);         // graphThreads.get, search, count, state, history
void add_thread_changes(const Rooms& rooms);  // graphThreads.create, update, copy

Task<Result<Count>> copy_thread(const Rooms& rooms, api::Session session, CopyThread input);

}  // namespace synap::features::checkpoints

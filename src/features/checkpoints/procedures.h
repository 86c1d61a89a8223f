// The parts of checkpoints.*, each in a file of its own.
#pragma once

#include "features/checkpoints/checkpoints.h"
#include "features/checkpoints/shapes.h"
#include "features/procedures.h"

namespace synap::features::checkpoints {

void add_reading(const Rooms& rooms);  // get, list
void add_tending(const Rooms& rooms);  // deleteThread, copyThread, deleteRuns, prune

}  // namespace synap::features::checkpoints

// Checkpoints as they are read for their user (Database::read_as).
#pragma once

#include <optional>
#include <string>

#include "features/checkpoints/shapes.h"
#include "features/checkpoints/thread_store.h"

namespace synap::features::checkpoints {

struct Thread {
  Uuid id;
  std::string name;
};

std::optional<Thread> find_thread(db::Tx& tx, const std::string& name);
/// The id of the newest checkpoint of a namespace.
std::optional<std::string> newest_of(db::Tx& tx, const Thread& thread, const std::string& ns);
/// A checkpoint with all that belongs to it.
std::optional<Tuple> read_whole(db::Tx& tx, const Thread& thread, const CheckpointName& name);

}  // namespace synap::features::checkpoints

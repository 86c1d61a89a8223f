// Threads as rows: their metadata, status and newest state.
#pragma once

#include <optional>
#include <string>

#include "features/checkpoints/reading.h"
#include "features/checkpoints/thread_shapes.h"

namespace synap::features::checkpoints {

/// kBadRequest: an object of threads' metadata, or of a filter, is too large.
Result<> check_bytes(std::string_view name, const Json& object, std::size_t bytes_max);

/// A thread of a user, with its values. kNotFound: there is none.
Task<Result<GraphThread>> read_thread(const Rooms& rooms, std::string user, std::string name);

}  // namespace synap::features::checkpoints

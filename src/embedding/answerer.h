// Whether the model that answers is the one that has answered before. A provider knows models by
// names, and behind one there may be another model tomorrow, of the same dimension: its vectors
// have nothing in common with those that are there.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"

namespace synap::embedding {

/// kPreconditionFailed, with both names and what can be done: vectors of `model` (Embedder::model)
/// are by one that called itself `before`, and `now` answers. Nothing: these are the same, or one
/// of them says no name.
std::optional<Error> other_answerer(std::string_view model, std::string_view before,
                                    std::string_view now);

}  // namespace synap::embedding

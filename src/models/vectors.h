// The vectors in an answer of POST /embeddings, judged.
#pragma once

#include <string>
#include <vector>

#include "embedding/embedder.h"
#include "models/conversation.h"

namespace synap::models {

/// The vectors of an answer to `count` texts. kBadGateway: they are not what was asked for, and
/// why. `usage` is filled in if the answer tells it.
Result<std::vector<embedding::Vector>> read_vectors(const std::string& body, std::size_t count,
                                                    std::size_t dimension, Usage& usage,
                                                    std::string& answered_by);

}  // namespace synap::models

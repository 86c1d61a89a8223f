// What an embedder answers is taken only where it is what it says: so many vectors, of its
// dimension, numbers, of length 1.
#pragma once

#include <string>
#include <vector>

#include "embedding/embedder.h"

namespace synap::search {

/// Errors of Embedder::embed. kInternalServerError: the model makes no vectors; with a sentence.
Task<Result<std::vector<embedding::Vector>>> embed_checked(embedding::Embedder& embedder,
                                                           std::vector<std::string> texts);

/// How near texts are to each other that have nothing to do with each other, by a model: with some
/// 0, with others 0.7. So what a cosine means.
struct Unrelated {
  double mean = 0;
  double deviation = 0;
};
/// Of a few sentences. Errors of embed_checked().
Task<Result<Unrelated>> unrelated_of(embedding::Embedder& embedder);

}  // namespace synap::search

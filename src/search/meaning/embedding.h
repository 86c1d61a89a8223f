// What an embedder answers is taken only where it is what it says: so many vectors, of its
// dimension, numbers, of length 1, by the model that has answered before.
#pragma once

#include <string>
#include <vector>

#include "embedding/embedder.h"

namespace synap::search {

/// Errors of Embedder::embed. kInternalServerError: the model makes no vectors; with a sentence.
Task<Result<embedding::Embedded>> embed_checked(embedding::Embedder& embedder, embedding::Ask ask);

/// How near texts are to each other that have nothing to do with each other, by a model: with some
/// 0, with others 0.7. So what a cosine means.
struct Unrelated {
  double mean = 0;
  double deviation = 0;
};
/// A model at its first use.
struct Introduction {
  Unrelated unrelated;  // of a few sentences
  std::string answered_by;
};
/// Errors of embed_checked().
Task<Result<Introduction>> introduction_of(embedding::Embedder& embedder);

}  // namespace synap::search

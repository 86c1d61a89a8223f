// ModelSource: a sentence model as it is published: a folder, a model.safetensors with its folder
// around it, or a Python wheel (a zip) that has such a folder. What is read comes from strangers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/status.h"
#include "embedding/shape.h"
#include "embedding/word_pieces.h"

namespace synap::embedding {

struct ModelSource {
  std::string name;            // a-z, 0-9, '.' and '-'
  std::string weights;         // the bytes of model.safetensors
  std::string weights_sha256;  // of them, hexadecimal
  std::string vocabulary;
  Shape shape;
  std::size_t tokens_max = 0;
  WordPieces::Options words;

  /// Reads what is at `path`. `sha256`, hexadecimal, is that of the file at `path`, or of the
  /// model.safetensors in it; of what has another nothing is taken. kNotFound: there is
  /// nothing. kConflict: the hash is another. kBadRequest: it is no model that can be computed
  /// here, with a sentence that says why.
  static Result<ModelSource> read(const std::string& path,
                                  const std::optional<std::string>& sha256);

  /// What it is called where it is documented, if its weights are those (docs/models.md).
  std::optional<std::string> documented_name() const;
};

/// Embedder::only_language() of the model that is documented with these weights; empty: none is.
std::string_view documented_language(std::string_view weights_sha256);

}  // namespace synap::embedding

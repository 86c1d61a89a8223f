// Model: a sentence model of the pod: a file that is mapped, of which texts become vectors. The
// format is in docs/formats.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "embedding/encoder.h"
#include "embedding/model_source.h"
#include "embedding/word_pieces.h"

namespace synap::embedding {

struct ModelInfo {
  std::string id;  // the name, and the beginning of the file's hash
  std::string name;
  std::string source_sha256;  // of the weights that it was made of
  Shape shape;
  std::size_t tokens_max = 0;
  WordPieces::Options words;
  std::size_t bytes = 0;  // of the file
};

class Model {
 public:
  /// A file's bytes of what is published, with the large matrices as bytes. kBadRequest: it is no
  /// good model, or one that loses its meaning so: texts have other vectors than with floats.
  static Result<std::string> file_of(const ModelSource& source);
  /// The id of a file of file_of().
  static Result<std::string> id_of(std::string_view file);

  /// Maps the file, which nobody changes: it is replaced and removed only. Its hash is compared.
  /// kNotFound: there is none. kUnprocessableContent: it is damaged, or of a later version.
  static Result<std::shared_ptr<const Model>> open(const std::string& path);

  const ModelInfo& info() const { return info_; }
  const WordPieces& words() const { return words_; }
  /// The vector of a text, of which no more is read than info().tokens_max.
  Result<Vector> embed(std::string_view text) const;

 private:
  Model(ModelInfo info, WordPieces words, Encoder encoder);
  ModelInfo info_;
  WordPieces words_;
  Encoder encoder_;
};

}  // namespace synap::embedding

// Embedders: the embedders that a pod can have, by their models, and which of them it is to use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/status.h"
#include "embedding/embedder.h"

namespace synap::embedding {

class Embedders {
 public:
  virtual ~Embedders() = default;

  /// The model that is to be used now, which another one may be a moment later. Cheap enough to be
  /// asked every second. kNotFound: none, with a sentence that says why.
  virtual Result<std::string> chosen() = 0;
  /// All that there are.
  virtual std::vector<std::string> models() = 0;
  /// An embedder of the model, which computes on `executor` what it computes here. kNotFound: there
  /// is no such model. Another error: it is damaged.
  virtual Result<std::shared_ptr<Embedder>> open(const std::string& model, Executor& executor) = 0;
};

}  // namespace synap::embedding

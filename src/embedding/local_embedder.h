// LocalEmbedder: the embedder that is built in: a model of the pod's own, on an executor of the
// caller's choice. Texts that nobody waits for belong on a thread of background priority, a query
// on another.
#pragma once

#include <memory>

#include "embedding/embedder.h"
#include "embedding/model.h"

namespace synap::embedding {

class LocalEmbedder final : public Embedder {
 public:
  /// `executor` outlives it. A text takes a thread of it some milliseconds; between two of them
  /// others have their turn.
  LocalEmbedder(std::shared_ptr<const Model> model, Executor& executor)
      : model_(std::move(model)), executor_(executor) {}

  const std::string& model() const override { return model_->info().id; }
  std::size_t dimension() const override { return model_->info().shape.dimension; }
  std::size_t tokens_max() const override { return model_->info().tokens_max; }
  std::size_t count_tokens(std::string_view text) const override {
    return model_->words().count(text) + 2;  // and the marks at both ends
  }
  std::string_view only_language() const override;
  Task<Result<Embedded>> embed(Ask ask) override;

 private:
  std::shared_ptr<const Model> model_;
  Executor& executor_;
};

}  // namespace synap::embedding

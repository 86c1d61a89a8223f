// LocalEmbedders: those of the models that were added to the pod (model_store.h).
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "embedding/embedders.h"
#include "embedding/model_store.h"

namespace synap::embedding {

/// Any thread.
class LocalEmbedders final : public Embedders {
 public:
  /// `model` is the id of the one to use; empty: that which was added last.
  LocalEmbedders(std::string directory, std::string model)
      : store_(std::move(directory)), model_(std::move(model)) {}

  Result<std::string> chosen() override;
  std::vector<std::string> models() override { return store_.newest_ids(); }
  Result<std::shared_ptr<Embedder>> open(const std::string& model, Executor& executor) override;

 private:
  const ModelStore store_;
  const std::string model_;
  std::mutex mutex_;
  // Those that somebody has: a file is mapped once, and its hash compared once.
  std::map<std::string, std::weak_ptr<const Model>, std::less<>> opened_;
};

}  // namespace synap::embedding

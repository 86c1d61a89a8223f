#include "embedding/local_embedders.h"

#include <fmt/format.h>

#include <algorithm>

#include "embedding/local_embedder.h"

namespace synap::embedding {

Result<std::string> LocalEmbedders::chosen() {
  const auto ids = store_.newest_ids();
  if (ids.empty()) {
    return fail(Code::kNotFound, "there is no sentence model; synap model add adds one");
  }
  if (model_.empty()) return ids.front();
  if (std::ranges::find(ids, model_) != ids.end()) return model_;
  return fail(Code::kNotFound,
              fmt::format("there is no model {}, which search_model names", model_));
}

Result<std::shared_ptr<Embedder>> LocalEmbedders::open(const std::string& model,
                                                       Executor& executor) {
  std::lock_guard lock(mutex_);
  auto& known = opened_[model];
  auto opened = known.lock();
  if (opened == nullptr) {
    auto found = store_.open(model);
    if (!found) return fail(found.error());
    opened = std::move(*found);
    known = opened;
  }
  return std::make_shared<LocalEmbedder>(std::move(opened), executor);
}

}  // namespace synap::embedding

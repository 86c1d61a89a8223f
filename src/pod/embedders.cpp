#include "pod/embedders.h"

#include <algorithm>

#include "embedding/local_embedders.h"
#include "models/http_embedder.h"
#include "pod/data_directory.h"

namespace synap::pod {
namespace {

class PodEmbedders final : public embedding::Embedders {
 public:
  PodEmbedders(std::string directory, std::string wanted, models::Models& models)
      : local_(std::move(directory), wanted),
        wanted_(std::move(wanted)),
        models_(models),
        provided_(models::embedders_of(models.options())) {}

  Result<std::string> chosen() override {
    if (wanted_.empty() && !provided_.empty()) return provided_.front();
    if (is_provided(wanted_)) return wanted_;
    return local_.chosen();
  }
  std::vector<std::string> models() override {
    auto all = local_.models();
    all.insert(all.end(), provided_.begin(), provided_.end());
    return all;
  }
  Result<std::shared_ptr<embedding::Embedder>> open(const std::string& model,
                                                    Executor& executor) override {
    if (!is_provided(model)) return local_.open(model, executor);
    return std::shared_ptr<embedding::Embedder>(models::make_embedder(models_, model));
  }

 private:
  bool is_provided(const std::string& model) const {
    return std::ranges::find(provided_, model) != provided_.end();
  }

  embedding::LocalEmbedders local_;
  const std::string wanted_;
  models::Models& models_;
  const std::vector<std::string> provided_;  // the first is asked
};

}  // namespace

std::shared_ptr<embedding::Embedders> make_embedders(std::string directory, std::string wanted,
                                                     models::Models& models) {
  return std::make_shared<PodEmbedders>(std::move(directory), std::move(wanted), models);
}

search::MeaningOptions meaning_options(const PodOptions& options, models::Models& models) {
  return {.embedders =
              make_embedders(DataDirectory::models_of(options.data), options.search.model, models),
          .blocks_bytes_max = static_cast<std::size_t>(options.search.memory_mib) << 20,
          .patience = options.search.patience};
}

}  // namespace synap::pod

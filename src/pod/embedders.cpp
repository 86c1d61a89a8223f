#include "pod/embedders.h"

#include "embedding/local_embedders.h"
#include "models/http_embedder.h"

namespace synap::pod {
namespace {

class PodEmbedders final : public embedding::Embedders {
 public:
  PodEmbedders(std::string directory, std::string wanted, models::Models& models)
      : local_(std::move(directory), wanted), wanted_(std::move(wanted)), models_(models) {
    if (const auto provider = models::make_embedder(models)) provided_ = provider->model();
  }

  Result<std::string> chosen() override {
    const bool is_provided = !provided_.empty() && (wanted_.empty() || wanted_ == provided_);
    if (is_provided) return provided_;
    return local_.chosen();
  }
  std::vector<std::string> models() override {
    auto all = local_.models();
    if (!provided_.empty()) all.push_back(provided_);
    return all;
  }
  Result<std::shared_ptr<embedding::Embedder>> open(const std::string& model,
                                                    Executor& executor) override {
    if (model != provided_) return local_.open(model, executor);
    return std::shared_ptr<embedding::Embedder>(models::make_embedder(models_));
  }

 private:
  embedding::LocalEmbedders local_;
  const std::string wanted_;
  models::Models& models_;
  std::string provided_;  // its id; empty: there is none
};

}  // namespace

std::shared_ptr<embedding::Embedders> make_embedders(std::string directory, std::string wanted,
                                                     models::Models& models) {
  return std::make_shared<PodEmbedders>(std::move(directory), std::move(wanted), models);
}

}  // namespace synap::pod

#include "embedding/local_embedder.h"

#include <fmt/format.h>

#include "base/run_on.h"
#include "embedding/model_source.h"

namespace synap::embedding {
namespace {

// Owns what it uses: it goes on to its end where nobody waits for it any more.
Task<Result<Vector>> embed_one(std::shared_ptr<const Model> model, std::string text) {
  co_return model->embed(text);
}

}  // namespace

std::string_view LocalEmbedder::only_language() const {
  return documented_language(model_->info().source_sha256);
}

Task<Result<Embedded>> LocalEmbedder::embed(Ask ask) {
  auto& texts = ask.texts;
  if (texts.size() > kTextsMax) {
    co_return fail(
        Code::kPayloadTooLarge,
        fmt::format("{} texts at a time, and at most {} are taken", texts.size(), kTextsMax));
  }
  Embedded embedded;
  for (auto& text : texts) {
    auto vector = co_await run_on(executor_, embed_one(model_, std::move(text)));
    if (!vector) co_return fail(vector.error());
    embedded.vectors.push_back(std::move(*vector));
  }
  co_return embedded;
}

}  // namespace synap::embedding

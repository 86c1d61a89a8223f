#include "search/meaning/embedding.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "embedding/answerer.h"

namespace synap::search {
namespace {

// Of as many subjects.
constexpr const char* kSentences[] = {"The train to the coast leaves at seven in the morning.",
                                      "Add two eggs and a pinch of salt to the flour.",
                                      "The court has dismissed the appeal of the tenant.",
                                      "A larger cache makes the database answer faster.",
                                      "She plays the cello in a small orchestra.",
                                      "Frost has killed the seedlings behind the house.",
                                      "Quarterly revenue grew by four percent.",
                                      "The dog must see the vet about its left ear.",
                                      "Stars of this mass end as white dwarfs.",
                                      "Our goalkeeper was injured in the second half.",
                                      "Please sign the contract and send it back by Friday.",
                                      "The old castle was burnt down in the war."};

float product(const embedding::Vector& a, const embedding::Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.F);
}

}  // namespace

Task<Result<embedding::Embedded>> embed_checked(embedding::Embedder& embedder, embedding::Ask ask) {
  constexpr float kLengthError = 1e-3F;  // of its square, as vectors::Block takes it
  const auto count = ask.texts.size();
  const auto before = ask.answered_by;
  auto embedded = co_await embedder.embed(std::move(ask));
  if (!embedded) co_return fail(embedded.error());
  const auto& vectors = embedded->vectors;
  const auto refused = [&](std::string_view why) {
    return fail(Code::kInternalServerError,
                fmt::format("the model {} is of no use: {}", embedder.model(), why));
  };
  if (auto other = embedding::other_answerer(embedder.model(), before, embedded->answered_by)) {
    co_return fail(std::move(*other));
  }
  if (vectors.size() != count) {
    co_return refused(fmt::format("it made {} vectors of {} texts", vectors.size(), count));
  }
  for (const auto& vector : vectors) {
    if (vector.size() != embedder.dimension()) {
      co_return refused(fmt::format("its vector has {} numbers where {} are meant", vector.size(),
                                    embedder.dimension()));
    }
    const float square = product(vector, vector);
    if (!std::isfinite(square)) co_return refused("a value of its vector is no number");
    if (std::fabs(square - 1) > kLengthError) co_return refused("its vector has not the length 1");
  }
  co_return embedded;
}

Task<Result<Introduction>> introduction_of(embedding::Embedder& embedder) {
  embedding::Ask ask{.texts = {std::begin(kSentences), std::end(kSentences)}};
  auto embedded = co_await embed_checked(embedder, std::move(ask));
  if (!embedded) co_return fail(embedded.error());
  const auto& vectors = embedded->vectors;
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double cosine = product(vectors[i], vectors[j]);
      sum += cosine;
      squares += cosine * cosine;
      ++count;
    }
  }
  const double mean = sum / count;
  co_return Introduction{{mean, std::sqrt(std::max(squares / count - mean * mean, 0.0))},
                         std::move(embedded->answered_by)};
}

}  // namespace synap::search

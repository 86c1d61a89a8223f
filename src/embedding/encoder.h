// Encoder: the forward pass of a sentence model of the BERT family: pieces of a text in, a vector
// of length 1 out, which is the mean over the pieces. After "BERT: Pre-training of Deep
// Bidirectional Transformers" (Devlin et al. 2018) and "Sentence-BERT" (Reimers, Gurevych 2019).
//
// The large matrices are floats, or bytes; then each row that is multiplied with them is made bytes
// with a scale of its own, too. Any thread; several at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "embedding/arithmetic.h"
#include "embedding/embedder.h"
#include "embedding/weights.h"
#include "vectors/dots.h"

namespace synap::embedding {

class Encoder {
 public:
  struct Variants {
    const vectors::Dots* dots = &vectors::Dots::best();
    const Arithmetic* arithmetic = &Arithmetic::best();
  };
  explicit Encoder(Weights weights, Variants variants)
      : weights_(std::move(weights)), variants_(variants) {}
  explicit Encoder(Weights weights) : Encoder(std::move(weights), Variants{}) {}

  const Shape& shape() const { return weights_.shape; }

  /// `ids` are 1 to shape().positions numbers below shape().vocabulary. kInternalServerError: what
  /// came out is no vector, so the model is of no use.
  Result<Vector> encode(std::span<const std::int32_t> ids) const;

 private:
  struct Work;
  void embed(std::span<const std::int32_t> ids, std::vector<float>& x) const;
  void normalise(std::vector<float>& rows, const Norm& norm) const;
  void apply(const Linear& linear, const std::vector<float>& in, Work& work,
             std::vector<float>& out) const;
  void attend(Work& work, std::size_t count) const;

  Weights weights_;
  Variants variants_;
};

}  // namespace synap::embedding

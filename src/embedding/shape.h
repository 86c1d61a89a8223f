// Shape: the numbers that a model of the BERT family is built by.
#pragma once

#include <cstddef>
#include <string>

#include "base/json.h"
#include "base/status.h"

namespace synap::embedding {

struct Shape {
  std::size_t vocabulary = 0;  // pieces
  std::size_t positions = 0;   // the longest text, in pieces
  std::size_t dimension = 0;   // values of a vector
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t inner = 0;  // values of the wide layer
  float epsilon = 1e-12F;

  std::size_t head() const { return dimension / heads; }
  friend bool operator==(const Shape&, const Shape&) = default;

  /// kBadRequest: a number is zero or beyond what any such model has (the bounds are in shape.cpp),
  /// or the heads do not divide the dimension; in a sentence.
  Result<> check() const;
  /// Of a model's config.json. kBadRequest, also: it is of another family, or computes otherwise.
  static Result<Shape> from_config(const Json& config);
};

}  // namespace synap::embedding

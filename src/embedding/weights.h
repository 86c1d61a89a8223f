// Weights: all numbers of a model, at the places where they lie in one piece of memory: floats as
// they were published, or bytes with a scale a row. The same order of sections is what a model file
// of the pod has (docs/formats.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "embedding/safetensors.h"
#include "embedding/shape.h"

namespace synap::embedding {

/// How the large matrices are kept.
enum class Precision : std::uint8_t { kFloats, kBytes };

/// Rows of numbers. Of kFloats `floats` has rows * columns; of kBytes `bytes` has rows of
/// vectors::row_bytes(columns), each to be multiplied by its scale; the sum of what they then are
/// stands beside.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  const float* floats = nullptr;
  const std::int8_t* bytes = nullptr;
  const float* scales = nullptr;
  const float* sums = nullptr;
};
struct Linear {
  Matrix weight;  // a row for each value that comes out
  const float* bias = nullptr;
};
struct Norm {
  const float* weight = nullptr;
  const float* bias = nullptr;
};
struct Layer {
  Linear query, key, value, seen;
  Norm seen_norm;
  Linear inner, outer;
  Norm outer_norm;
};

struct Weights {
  Shape shape;
  Precision precision = Precision::kFloats;
  Matrix words;
  const float* positions = nullptr;
  const float* type = nullptr;  // of a text that stands alone: the first of two
  Norm norm;
  std::vector<Layer> layers;
  std::shared_ptr<const void> owner;  // of the memory

  /// Sections begin at multiples of this.
  static constexpr std::size_t kAlignment = 64;
  /// The bytes of a model of a shape that check() has found good.
  static std::size_t size(const Shape& shape, Precision precision);
  /// Those that lie at `memory`, which is of size() bytes, aligned, and belongs to `owner`.
  static Weights at(const std::byte* memory, const Shape& shape, Precision precision,
                    std::shared_ptr<const void> owner);

  /// kBadRequest: a tensor is missing, has another shape, or a value that is no number.
  static Result<Weights> from_safetensors(const Safetensors& file, const Shape& shape);
  /// Writes `from`, which are floats, as bytes into `memory` of size(shape, kBytes).
  static void quantise(const Weights& from, std::byte* memory);
  /// kBadRequest: a number that is not finite.
  Result<> check_finite() const;
};

}  // namespace synap::embedding

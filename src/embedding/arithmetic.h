// Arithmetic: what a sentence model computes beside dot products, for one row at a time. There is a
// variant for processors with AVX2; both give the same bits, since each sum is taken in the same
// eight parts and no product is fused with an addition. So a text has the same vector on every
// machine, where the dot products are those of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace synap::embedding {

/// One head of attention over a text of `count` pieces. Row i of query, key and value begins at
/// i * stride; so do those that are written. `scratch` has (head + 1) * padded(count) floats.
struct Attention {
  const float* query;
  const float* key;
  const float* value;
  std::size_t count;
  std::size_t head;
  std::size_t stride;
  float* scratch;
  float* out;

  static constexpr std::size_t kBlock = 32;  // sums at a time
  static std::size_t padded(std::size_t count) { return (count + kBlock - 1) / kBlock * kBlock; }
};

/// How a row of numbers was made bytes. The middle between the largest and the smallest is apart,
/// since what comes out of GELU is nearly all above zero, and single values of other rows stand far
/// out on one side: with it the worst of the reference texts has a cosine of 0.992, without 0.981.
struct Quantised {
  float scale;
  float middle;
};
/// Of the rows of a matrix: what their bytes are multiplied by, the sum of the numbers that they
/// stand for, and what is added to each product.
struct ScaledRows {
  const float* scales;
  const float* sums;
  const float* bias;
};

struct Arithmetic {
  std::string_view name;  // "plain", "avx2"
  /// Writes each value as a whole number of -127 to 127: value = middle + whole * scale, nearly.
  /// Both are no numbers where one of the values is none, or infinite.
  Quantised (*quantise)(const float* values, std::size_t count, std::int8_t* to);
  /// Products of bytes as those of the numbers that they stand for: to[i] = products[i] *
  /// row.scale * scales[i] + row.middle * sums[i] + bias[i].
  void (*scale)(const std::int32_t* products, Quantised row, const ScaledRows& rows,
                std::size_t count, float* to);
  /// x * the share of a normal distribution below x, to 2e-7 (Abramowitz and Stegun 7.1.26).
  void (*gelu)(float* values, std::size_t count);
  /// Mean 0, variance 1, then times `weight`, plus `bias`. At most 65,536 values.
  void (*normalise)(float* values, std::size_t count, const float* weight, const float* bias,
                    float epsilon);
  void (*attend)(const Attention& attention);

  /// Those that this machine has, the slowest first.
  static std::span<const Arithmetic> all();
  static const Arithmetic& best() { return all().back(); }
};

}  // namespace synap::embedding

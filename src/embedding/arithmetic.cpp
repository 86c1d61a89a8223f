#include "embedding/arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "vectors/processor.h"

// The loops below are plain, and written so that the compiler makes vectors of them. They are put
// into a function for each variant, with the instructions of that.
#define SYNAP_INLINE __attribute__((always_inline)) inline

namespace synap::embedding {
namespace {

constexpr std::size_t kLanes = 8;
// Added and taken away again, it rounds a float of at most 2^22 to the nearest whole number.
constexpr float kRounder = 12582912.F;  // 1.5 * 2^23

SYNAP_INLINE float sum_of(const float* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// e^x to 2e-7 of itself; x is at most 80. Below -87 it is about 1e-38. Of no number it is none.
SYNAP_INLINE float exponential(float x) {
  // The first of both is a number in any case, since the whole part of none is not defined. They
  // are apart because clang-19 takes one select behind another for both, which keeps no number.
  const float defined = x >= -87.F ? x : -87.F;
  x = x < -87.F ? -87.F : x;
  const float shifted = defined * 1.44269504F + kRounder;  // x / ln 2
  const float n = shifted - kRounder;
  const float rest = (x - n * 0.693359375F) - n * -2.12194440e-4F;  // ln 2 in two parts
  float p = 1.9875691500e-4F;  // the polynomial of Cephes' expf
  p = p * rest + 1.3981999507e-3F;
  p = p * rest + 8.3334519073e-3F;
  p = p * rest + 4.1665795894e-2F;
  p = p * rest + 1.6666665459e-1F;
  p = p * rest + 5.0000001201e-1F;
  p = p * (rest * rest) + rest + 1.F;
  const auto exponent = static_cast<std::int32_t>(n);
  return p * std::bit_cast<float>((exponent + 127) << 23);
}

SYNAP_INLINE Quantised quantise_row(const float* values, std::size_t count, std::int8_t* to) {
  float highs[kLanes];
  float lows[kLanes];
  float zeros[kLanes] = {};  // unless a value is no finite number: a comparison would pass it over
  for (std::size_t l = 0; l < kLanes; ++l) highs[l] = lows[l] = values[0];
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float value = values[i + l];
      highs[l] = value > highs[l] ? value : highs[l];
      lows[l] = value < lows[l] ? value : lows[l];
      zeros[l] += value * 0.F;
    }
  }
  float zero = sum_of(zeros);
  float high = values[0];
  float low = values[0];
  for (std::size_t l = 0; l < kLanes; ++l) {
    high = highs[l] > high ? highs[l] : high;
    low = lows[l] < low ? lows[l] : low;
  }
  for (; i < count; ++i) {
    high = values[i] > high ? values[i] : high;
    low = values[i] < low ? values[i] : low;
    zero += values[i] * 0.F;
  }
  const float middle = high * 0.5F + low * 0.5F;
  const float scale = (high * 0.5F - low * 0.5F) / 127;
  const float inverse = scale > 1e-30F ? 1 / scale : 0;
  for (i = 0; i < count; ++i) {
    float whole = ((values[i] - middle) * inverse + kRounder) - kRounder;
    whole = whole >= -127.F ? whole : -127.F;
    whole = whole <= 127.F ? whole : 127.F;
    to[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(whole));
  }
  return {scale + zero, middle + zero};
}

SYNAP_INLINE void scale_row(const std::int32_t* products, Quantised row, const ScaledRows& rows,
                            std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<float>(products[i]) * (row.scale * rows.scales[i]) +
            (row.middle * rows.sums[i] + rows.bias[i]);
  }
}

SYNAP_INLINE void gelu_row(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float x = values[i];
    const float size = std::fabs(x) * 0.70710678F;  // x / sqrt 2
    const float t = 1.F / (1.F + 0.3275911F * size);
    float p = 1.061405429F;
    p = p * t - 1.453152027F;
    p = p * t + 1.421413741F;
    p = p * t - 0.284496736F;
    p = p * t + 0.254829592F;
    const float erf = 1.F - p * t * exponential(-(size * size));
    values[i] = 0.5F * x * (1.F + (x < 0 ? -erf : erf));
  }
}

SYNAP_INLINE void normalise_row(float* values, std::size_t count, const float* weight,
                                const float* bias, float epsilon) {
  const std::size_t whole = count / kLanes * kLanes;
  float sums[kLanes] = {};
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) sums[l] += values[i + l];
  }
  float sum = sum_of(sums);
  for (std::size_t i = whole; i < count; ++i) sum += values[i];
  const float mean = sum / static_cast<float>(count);
  float squares[kLanes] = {};
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float away = values[i + l] - mean;
      squares[l] += away * away;
    }
  }
  float square = sum_of(squares);
  for (std::size_t i = whole; i < count; ++i) {
    const float away = values[i] - mean;
    square += away * away;
  }
  const float inverse = 1.F / std::sqrt(square / static_cast<float>(count) + epsilon);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = (values[i] - mean) * inverse * weight[i] + bias[i];
  }
}

constexpr std::size_t kBlock = Attention::kBlock;

// sums[l] += x * values[l]: a block of sums stays in registers as long as it is added to.
SYNAP_INLINE void add_times(float* sums, float x, const float* values) {
  for (std::size_t l = 0; l < kBlock; ++l) sums[l] += x * values[l];
}

// to[d] = the sum of shares[j] * value[j * stride + d].
SYNAP_INLINE void mix(const Attention& at, const float* shares, float* to) {
  std::size_t d = 0;
  for (; d + kBlock <= at.head; d += kBlock) {
    float sums[kBlock] = {};
    for (std::size_t j = 0; j < at.count; ++j) {
      add_times(sums, shares[j], at.value + j * at.stride + d);
    }
    for (std::size_t l = 0; l < kBlock; ++l) to[d + l] = sums[l];
  }
  for (; d < at.head; ++d) {
    float sum = 0;
    for (std::size_t j = 0; j < at.count; ++j) sum += shares[j] * at.value[j * at.stride + d];
    to[d] = sum;
  }
}

// The keys are turned first, so that the scores of one query with many keys are added at a time.
SYNAP_INLINE void attend_head(const Attention& at) {
  const std::size_t padded = Attention::padded(at.count);
  float* keys = at.scratch;
  float* scores = at.scratch + at.head * padded;
  const float scale = 1.F / std::sqrt(static_cast<float>(at.head));
  for (std::size_t d = 0; d < at.head; ++d) {
    for (std::size_t j = 0; j < at.count; ++j) keys[d * padded + j] = at.key[j * at.stride + d];
    for (std::size_t j = at.count; j < padded; ++j) keys[d * padded + j] = 0;
  }
  for (std::size_t i = 0; i < at.count; ++i) {
    for (std::size_t begin = 0; begin < padded; begin += kBlock) {
      float sums[kBlock] = {};
      for (std::size_t d = 0; d < at.head; ++d) {
        add_times(sums, at.query[i * at.stride + d] * scale, keys + d * padded + begin);
      }
      for (std::size_t l = 0; l < kBlock; ++l) scores[begin + l] = sums[l];
    }
    float largest = scores[0];
    for (std::size_t j = 1; j < at.count; ++j) largest = scores[j] > largest ? scores[j] : largest;
    for (std::size_t j = 0; j < padded; ++j) scores[j] = exponential(scores[j] - largest);
    for (std::size_t j = at.count; j < padded; ++j) scores[j] = 0;
    float sums[kLanes] = {};
    for (std::size_t j = 0; j < padded; j += kLanes) {
      for (std::size_t l = 0; l < kLanes; ++l) sums[l] += scores[j + l];
    }
    const float inverse = 1.F / sum_of(sums);
    for (std::size_t j = 0; j < at.count; ++j) scores[j] *= inverse;
    mix(at, scores, at.out + i * at.stride);
  }
}

Quantised plain_quantise(const float* values, std::size_t count, std::int8_t* to) {
  return quantise_row(values, count, to);
}
void plain_scale(const std::int32_t* products, Quantised row, const ScaledRows& rows,
                 std::size_t count, float* to) {
  scale_row(products, row, rows, count, to);
}
void plain_gelu(float* values, std::size_t count) {
  gelu_row(values, count);
}
void plain_normalise(float* values, std::size_t count, const float* weight, const float* bias,
                     float epsilon) {
  normalise_row(values, count, weight, bias, epsilon);
}
void plain_attend(const Attention& attention) {
  attend_head(attention);
}

#if defined(__x86_64__)
// Without FMA, which would round a product and an addition once instead of twice.
#define SYNAP_AVX2 __attribute__((target("avx2,no-fma")))

SYNAP_AVX2 Quantised avx2_quantise(const float* values, std::size_t count, std::int8_t* to) {
  return quantise_row(values, count, to);
}
SYNAP_AVX2 void avx2_scale(const std::int32_t* products, Quantised row, const ScaledRows& rows,
                           std::size_t count, float* to) {
  scale_row(products, row, rows, count, to);
}
SYNAP_AVX2 void avx2_gelu(float* values, std::size_t count) {
  gelu_row(values, count);
}
SYNAP_AVX2 void avx2_normalise(float* values, std::size_t count, const float* weight,
                               const float* bias, float epsilon) {
  normalise_row(values, count, weight, bias, epsilon);
}
SYNAP_AVX2 void avx2_attend(const Attention& attention) {
  attend_head(attention);
}
#endif

}  // namespace

std::span<const Arithmetic> Arithmetic::all() {
  static const std::vector<Arithmetic> kFound = [] {
    std::vector<Arithmetic> found{
        {"plain", plain_quantise, plain_scale, plain_gelu, plain_normalise, plain_attend}};
#if defined(__x86_64__)
    if (vectors::processor().has_avx2) {
      found.push_back({"avx2", avx2_quantise, avx2_scale, avx2_gelu, avx2_normalise, avx2_attend});
    }
#endif
    return found;
  }();
  return kFound;
}

}  // namespace synap::embedding

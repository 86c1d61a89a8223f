// Dots with AVX2 and FMA. Each function that uses them says so (target), so that the compiler puts
// such instructions nowhere else.
#include <vector>

#include "vectors/dots_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SYNAP_AVX2 __attribute__((target("avx2,fma")))
#define SYNAP_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

namespace synap::vectors {
namespace {

// Rows of `left` that are multiplied at a time: with two rows of `right` that is 8 sums, which with
// what is loaded fit into the 16 registers.
constexpr std::size_t kTile = 4;
constexpr std::size_t kStep = 16;  // values of a row at a time, as 16 bits each

// int8 as int16. The products of two int8 are exact in 16 bits each only so: the instruction that
// multiplies bytes (vpmaddubsw) saturates.
SYNAP_AVX2_INLINE __m256i load_wide(const std::int8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
SYNAP_AVX2_INLINE __m256i load(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
SYNAP_AVX2_INLINE __m256i add_products(__m256i sum, __m256i left, __m256i right) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(left, right));
}

// The four totals of four vectors.
SYNAP_AVX2_INLINE __m128i totals(const __m256i* sums) {
  const __m256i first = _mm256_hadd_epi32(sums[0], sums[1]);
  const __m256i second = _mm256_hadd_epi32(sums[2], sums[3]);
  const __m256i both = _mm256_hadd_epi32(first, second);
  return _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
}

SYNAP_AVX2 void widen(const std::int8_t* from, std::size_t count, std::int16_t* to) {
  for (std::size_t k = 0; k < count; k += kStep) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k), load_wide(from + k));
  }
}

// Four rows of `left` with rows of `right`, two at a time: the rows of `right`, which are many, are
// read and widened once for all four.
SYNAP_AVX2 void four_rows(const std::int16_t* left, const Rows<std::int8_t, std::int32_t>& rows,
                          std::int32_t* out) {
  const std::size_t length = rows.length;
  std::size_t j = 0;
  for (; j + 2 <= rows.right_count; j += 2) {
    const std::int8_t* right = rows.right + j * length;
    __m256i first[kTile] = {};
    __m256i second[kTile] = {};
    for (std::size_t k = 0; k < length; k += kStep) {
      const __m256i one = load_wide(right + k);
      const __m256i other = load_wide(right + length + k);
      for (std::size_t i = 0; i < kTile; ++i) {
        const __m256i values = load(left + i * length + k);
        first[i] = add_products(first[i], values, one);
        second[i] = add_products(second[i], values, other);
      }
    }
    std::int32_t sums[2][kTile];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums[0]), totals(first));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums[1]), totals(second));
    for (std::size_t i = 0; i < kTile; ++i) {
      out[i * rows.right_count + j] = sums[0][i];
      out[i * rows.right_count + j + 1] = sums[1][i];
    }
  }
  for (; j < rows.right_count; ++j) {
    __m256i sums[kTile] = {};
    for (std::size_t k = 0; k < length; k += kStep) {
      const __m256i one = load_wide(rows.right + j * length + k);
      for (std::size_t i = 0; i < kTile; ++i) {
        sums[i] = add_products(sums[i], load(left + i * length + k), one);
      }
    }
    std::int32_t all[kTile];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(all), totals(sums));
    for (std::size_t i = 0; i < kTile; ++i) out[i * rows.right_count + j] = all[i];
  }
}

// One row of `left`, as a search has it, with rows of `right`, four at a time.
SYNAP_AVX2 void one_row(const std::int16_t* left, const Rows<std::int8_t, std::int32_t>& rows,
                        std::int32_t* out) {
  const std::size_t length = rows.length;
  std::size_t j = 0;
  for (; j + kTile <= rows.right_count; j += kTile) {
    const std::int8_t* right = rows.right + j * length;
    __m256i sums[kTile] = {};
    for (std::size_t k = 0; k < length; k += kStep) {
      const __m256i values = load(left + k);
      for (std::size_t i = 0; i < kTile; ++i) {
        sums[i] = add_products(sums[i], values, load_wide(right + i * length + k));
      }
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + j), totals(sums));
  }
  for (; j < rows.right_count; ++j) {
    __m256i sums[kTile] = {};
    for (std::size_t k = 0; k < length; k += kStep) {
      sums[0] = add_products(sums[0], load(left + k), load_wide(rows.right + j * length + k));
    }
    out[j] = _mm_cvtsi128_si32(totals(sums));
  }
}

SYNAP_AVX2_INLINE float total(__m256 sum) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

// kLeft rows with kRight rows.
template <std::size_t kLeft, std::size_t kRight>
SYNAP_AVX2_INLINE void tile(const float* left, const float* right, std::size_t length, float* out,
                            std::size_t out_stride) {
  constexpr std::size_t kFloats = 8;
  const std::size_t whole = length / kFloats * kFloats;
  __m256 sums[kLeft][kRight] = {};
  for (std::size_t k = 0; k < whole; k += kFloats) {
    __m256 others[kRight];
    for (std::size_t j = 0; j < kRight; ++j) others[j] = _mm256_loadu_ps(right + j * length + k);
    for (std::size_t i = 0; i < kLeft; ++i) {
      const __m256 values = _mm256_loadu_ps(left + i * length + k);
      for (std::size_t j = 0; j < kRight; ++j) {
        sums[i][j] = _mm256_fmadd_ps(values, others[j], sums[i][j]);
      }
    }
  }
  for (std::size_t i = 0; i < kLeft; ++i) {
    for (std::size_t j = 0; j < kRight; ++j) {
      float sum = total(sums[i][j]);
      for (std::size_t k = whole; k < length; ++k) {
        sum += left[i * length + k] * right[j * length + k];
      }
      out[i * out_stride + j] = sum;
    }
  }
}

}  // namespace

SYNAP_AVX2 void avx2_of_int8(const Rows<std::int8_t, std::int32_t>& rows) {
  std::vector<std::int16_t> wide(kTile * rows.length);
  std::size_t i = 0;
  for (; i + kTile <= rows.left_count; i += kTile) {
    widen(rows.left + i * rows.length, kTile * rows.length, wide.data());
    four_rows(wide.data(), rows, rows.out + i * rows.right_count);
  }
  for (; i < rows.left_count; ++i) {
    widen(rows.left + i * rows.length, rows.length, wide.data());
    one_row(wide.data(), rows, rows.out + i * rows.right_count);
  }
}

SYNAP_AVX2 void avx2_of_floats(const Rows<float, float>& rows) {
  const std::size_t length = rows.length;
  const std::size_t stride = rows.right_count;
  std::size_t i = 0;
  for (; i + kTile <= rows.left_count; i += kTile) {
    const float* left = rows.left + i * length;
    float* out = rows.out + i * stride;
    std::size_t j = 0;
    for (; j + 2 <= stride; j += 2)
      tile<kTile, 2>(left, rows.right + j * length, length, out + j, stride);
    for (; j < stride; ++j) tile<kTile, 1>(left, rows.right + j * length, length, out + j, stride);
  }
  for (; i < rows.left_count; ++i) {
    const float* left = rows.left + i * length;
    float* out = rows.out + i * stride;
    for (std::size_t j = 0; j < stride; ++j) {
      tile<1, 1>(left, rows.right + j * length, length, out + j, stride);
    }
  }
}

}  // namespace synap::vectors
#endif

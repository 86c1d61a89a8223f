// Dots with VNNI, whose one instruction multiplies and adds four bytes a lane (vpdpbusd): once with
// 256 bits (AVX-VNNI) and once with 512 (AVX-512). It takes unsigned bytes on one side, so each
// value of `right` is taken 128 higher, and 128 times the sum of the row of `left` comes off at the
// end. That is exact: it does not saturate.
#include "vectors/dots_variants.h"

#if defined(__x86_64__)
#ifndef SYNAP_VNNI_EMULATED  // dots_vnni_test.cpp brings the same names for any processor
#include <immintrin.h>
#define SYNAP_AVX_VNNI __attribute__((target("avx2,avxvnni")))
#define SYNAP_AVX512_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define SYNAP_AVX2 __attribute__((target("avx2"), always_inline)) inline
#endif

namespace synap::vectors {
namespace {

constexpr std::size_t kTile = 4;  // rows of each side at a time: 16 sums

std::int32_t sum_of(const std::int8_t* row, std::size_t length) {
  std::int32_t sum = 0;
  for (std::size_t k = 0; k < length; ++k) sum += row[k];
  return sum;
}

SYNAP_AVX2 std::int32_t total(__m256i sum) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b01'00'11'10));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0b10'11'00'01));
  return _mm_cvtsi128_si32(four);
}

// kLeft rows with kRight rows: sums of products with what is 128 too high.
template <std::size_t kLeft, std::size_t kRight>
SYNAP_AVX_VNNI void tile_of_256(const std::int8_t* left, const std::int8_t* right,
                                std::size_t length, std::int32_t (&out)[kLeft][kRight]) {
  const __m256i high = _mm256_set1_epi8(-128);
  __m256i sums[kLeft][kRight];
  for (auto& row : sums) {
    for (auto& sum : row) sum = _mm256_setzero_si256();
  }
  for (std::size_t k = 0; k < length; k += 32) {
    __m256i values[kLeft];
    for (std::size_t i = 0; i < kLeft; ++i) {
      values[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(left + i * length + k));
    }
    for (std::size_t j = 0; j < kRight; ++j) {
      const __m256i bytes = _mm256_xor_si256(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(right + j * length + k)), high);
      for (std::size_t i = 0; i < kLeft; ++i) {
        sums[i][j] = _mm256_dpbusd_avx_epi32(sums[i][j], bytes, values[i]);
      }
    }
  }
  for (std::size_t i = 0; i < kLeft; ++i) {
    for (std::size_t j = 0; j < kRight; ++j) {
      out[i][j] = total(sums[i][j]);
    }
  }
}

template <std::size_t kLeft, std::size_t kRight>
SYNAP_AVX512_VNNI void tile_of_512(const std::int8_t* left, const std::int8_t* right,
                                   std::size_t length, std::int32_t (&out)[kLeft][kRight]) {
  const __m512i high = _mm512_set1_epi8(-128);
  __m512i sums[kLeft][kRight];
  for (auto& row : sums) {
    for (auto& sum : row) sum = _mm512_setzero_si512();
  }
  for (std::size_t k = 0; k < length; k += 64) {
    __m512i values[kLeft];
    for (std::size_t i = 0; i < kLeft; ++i) values[i] = _mm512_loadu_si512(left + i * length + k);
    for (std::size_t j = 0; j < kRight; ++j) {
      const __m512i bytes = _mm512_xor_si512(_mm512_loadu_si512(right + j * length + k), high);
      for (std::size_t i = 0; i < kLeft; ++i) {
        sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], bytes, values[i]);
      }
    }
  }
  for (std::size_t i = 0; i < kLeft; ++i) {
    for (std::size_t j = 0; j < kRight; ++j) {
      out[i][j] = total(_mm256_add_epi32(_mm512_castsi512_si256(sums[i][j]),
                                         _mm512_extracti64x4_epi64(sums[i][j], 1)));
    }
  }
}

template <std::size_t kLeft, std::size_t kRight>
using Tile = void (*)(const std::int8_t*, const std::int8_t*, std::size_t,
                      std::int32_t (&)[kLeft][kRight]);

// kLeft rows of `left` from `i` on, with row j of `right` and those behind it.
template <std::size_t kLeft, std::size_t kRight>
void put(const Rows<std::int8_t, std::int32_t>& rows, std::size_t i, std::size_t j,
         const std::int32_t* too_high, Tile<kLeft, kRight> tile) {
  std::int32_t sums[kLeft][kRight];
  tile(rows.left + i * rows.length, rows.right + j * rows.length, rows.length, sums);
  for (std::size_t a = 0; a < kLeft; ++a) {
    for (std::size_t b = 0; b < kRight; ++b) {
      rows.out[(i + a) * rows.right_count + j + b] = sums[a][b] - too_high[a];
    }
  }
}

template <std::size_t kLeft>
void put_rows(const Rows<std::int8_t, std::int32_t>& rows, std::size_t i, Tile<kLeft, kTile> tile,
              Tile<kLeft, 1> last) {
  std::int32_t too_high[kLeft];
  for (std::size_t a = 0; a < kLeft; ++a) {
    too_high[a] = 128 * sum_of(rows.left + (i + a) * rows.length, rows.length);
  }
  std::size_t j = 0;
  for (; j + kTile <= rows.right_count; j += kTile) put(rows, i, j, too_high, tile);
  for (; j < rows.right_count; ++j) put(rows, i, j, too_high, last);
}

}  // namespace

void avx_vnni_of_int8(const Rows<std::int8_t, std::int32_t>& rows) {
  // Two rows of `left`: 8 sums, since there are 16 registers.
  std::size_t i = 0;
  for (; i + 2 <= rows.left_count; i += 2) {
    put_rows<2>(rows, i, tile_of_256<2, kTile>, tile_of_256<2, 1>);
  }
  for (; i < rows.left_count; ++i) {
    put_rows<1>(rows, i, tile_of_256<1, kTile>, tile_of_256<1, 1>);
  }
}

void avx512_vnni_of_int8(const Rows<std::int8_t, std::int32_t>& rows) {
  std::size_t i = 0;
  for (; i + kTile <= rows.left_count; i += kTile) {
    put_rows<kTile>(rows, i, tile_of_512<kTile, kTile>, tile_of_512<kTile, 1>);
  }
  for (; i < rows.left_count; ++i) {
    put_rows<1>(rows, i, tile_of_512<1, kTile>, tile_of_512<1, 1>);
  }
}

}  // namespace synap::vectors
#endif

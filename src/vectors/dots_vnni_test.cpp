// The variants with VNNI, also where the processor has none: the same source with its instructions
// taken from SIMDe, which says in plain C what each does.
#include <immintrin.h>
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#pragma clang diagnostic pop

#define SYNAP_VNNI_EMULATED
#define SYNAP_AVX_VNNI
#define SYNAP_AVX512_VNNI
#define SYNAP_AVX2
#define __m256i simde__m256i
#define __m512i simde__m512i
#define _mm256_set1_epi8 simde_mm256_set1_epi8
#define _mm256_loadu_si256 simde_mm256_loadu_si256
#define _mm256_xor_si256 simde_mm256_xor_si256
#define _mm256_castsi256_si128 simde_mm256_castsi256_si128
#undef _mm256_extracti128_si256
#define _mm256_extracti128_si256 simde_mm256_extracti128_si256
#define _mm256_add_epi32 simde_mm256_add_epi32
#define _mm256_setzero_si256 simde_mm256_setzero_si256
// Younger than this SIMDe; it does what that of AVX-512 does.
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#define _mm512_set1_epi8 simde_mm512_set1_epi8
#define _mm512_loadu_si512 simde_mm512_loadu_si512
#define _mm512_xor_si512 simde_mm512_xor_si512
#define _mm512_setzero_si512 simde_mm512_setzero_si512
#define _mm512_castsi512_si256 simde_mm512_castsi512_si256
#undef _mm512_extracti64x4_epi64
#define _mm512_extracti64x4_epi64 simde_mm512_extracti64x4_epi64
#define _mm512_dpbusd_epi32 simde_mm512_dpbusd_epi32

// Under names of their own, beside the true ones.
#define avx_vnni_of_int8 emulated_avx_vnni_of_int8
#define avx512_vnni_of_int8 emulated_avx512_vnni_of_int8
#include "vectors/dots_vnni.cpp"  // NOLINT
#undef avx_vnni_of_int8
#undef avx512_vnni_of_int8

#include <gmock/gmock.h>

#include "vectors/test_vectors.h"

namespace synap::vectors {
namespace {

using OfInt8 = void (*)(const Rows<std::int8_t, std::int32_t>& rows);

TEST(DotsVnni, AreThoseOfThePlainVariant) {
  for (const OfInt8 of_int8 : {emulated_avx_vnni_of_int8, emulated_avx512_vnni_of_int8}) {
    for (const std::size_t left_count : {1, 2, 3, 4, 5, 9}) {
      for (const std::size_t right_count : {1, 3, 4, 5, 8, 11}) {
        for (const std::size_t length : {64, 384}) {
          const auto left = test::bytes(left_count * length, 1);
          const auto right = test::bytes(right_count * length, 2);
          std::vector<std::int32_t> out(left_count * right_count, -1);
          std::vector<std::int32_t> wanted(out);
          of_int8({left.data(), left_count, right.data(), right_count, length, out.data()});
          plain_of_int8(
              {left.data(), left_count, right.data(), right_count, length, wanted.data()});
          EXPECT_EQ(out, wanted) << left_count << " x " << right_count << " x " << length;
        }
      }
    }
  }
}

}  // namespace
}  // namespace synap::vectors

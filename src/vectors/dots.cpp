#include "vectors/dots.h"

#include <vector>

#include "vectors/dots_variants.h"
#include "vectors/processor.h"

namespace synap::vectors {
namespace {

std::vector<Dots> find_all() {
  std::vector<Dots> found{{"plain", plain_of_int8, plain_of_floats}};
#if defined(__x86_64__)
  const auto& can = processor();
  if (can.has_avx2) found.push_back({"avx2", avx2_of_int8, avx2_of_floats});
  if (can.has_avx_vnni) found.push_back({"avx-vnni", avx_vnni_of_int8, avx2_of_floats});
  if (can.has_avx2 && can.has_avx512_vnni) {
    found.push_back({"avx512-vnni", avx512_vnni_of_int8, avx2_of_floats});
  }
#endif
  return found;
}

}  // namespace

std::span<const Dots> Dots::all() {
  static const std::vector<Dots> kFound = find_all();
  return kFound;
}

void plain_of_int8(const Rows<std::int8_t, std::int32_t>& rows) {
  for (std::size_t i = 0; i < rows.left_count; ++i) {
    const std::int8_t* left = rows.left + i * rows.length;
    for (std::size_t j = 0; j < rows.right_count; ++j) {
      const std::int8_t* right = rows.right + j * rows.length;
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < rows.length; ++k) sum += left[k] * right[k];
      rows.out[i * rows.right_count + j] = sum;
    }
  }
}

void plain_of_floats(const Rows<float, float>& rows) {
  constexpr std::size_t kLanes = 8;  // so that the compiler may add four at a time
  const std::size_t whole = rows.length / kLanes * kLanes;
  for (std::size_t i = 0; i < rows.left_count; ++i) {
    const float* left = rows.left + i * rows.length;
    for (std::size_t j = 0; j < rows.right_count; ++j) {
      const float* right = rows.right + j * rows.length;
      float sums[kLanes] = {};
      for (std::size_t k = 0; k < whole; k += kLanes) {
        for (std::size_t l = 0; l < kLanes; ++l) sums[l] += left[k + l] * right[k + l];
      }
      float sum = 0;
      for (const float part : sums) sum += part;
      for (std::size_t k = whole; k < rows.length; ++k) sum += left[k] * right[k];
      rows.out[i * rows.right_count + j] = sum;
    }
  }
}

}  // namespace synap::vectors

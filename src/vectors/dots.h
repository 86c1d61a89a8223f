// Dots: many dot products at once, which is nearly all that a sentence model and a scan of vectors
// do. There is one variant for each kind of processor; of whole numbers all give the same result,
// bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace synap::vectors {

/// Rows of int8 are this long, or a multiple of it; what is beyond their values is zero.
inline constexpr std::size_t kRowBytes = 64;
inline constexpr std::size_t row_bytes(std::size_t count) {
  return (count + kRowBytes - 1) / kRowBytes * kRowBytes;
}
/// Up to here no sum of products of int8 overflows 32 bits.
inline constexpr std::size_t kRowBytesMax = 1 << 16;

/// `left` has `left_count` rows of `length` values, `right` has `right_count` of them. To be
/// written: out[i * right_count + j] = row i of `left` times row j of `right`.
template <class In, class Out>
struct Rows {
  const In* left;
  std::size_t left_count;
  const In* right;
  std::size_t right_count;
  std::size_t length;
  Out* out;
};

struct Dots {
  std::string_view name;  // "plain", "avx2", "avx-vnni", "avx512-vnni"
  /// Exact. `length` is a multiple of kRowBytes and at most kRowBytesMax.
  void (*of_int8)(const Rows<std::int8_t, std::int32_t>& rows);
  /// Any length. The order of additions is the variant's own, so the last bits differ.
  void (*of_floats)(const Rows<float, float>& rows);

  /// Those that this machine has, the slowest first: at least "plain".
  static std::span<const Dots> all();
  /// The fastest.
  static const Dots& best() { return all().back(); }
};

}  // namespace synap::vectors

// A number as SQLite writes it: seven bits a byte, the highest first; eight in a ninth.
#pragma once

#include <cstdint>

namespace synap::db::sqlite {

namespace varint_detail {

inline bool read_long(const unsigned char*& at, const unsigned char* end, std::uint64_t& number) {
  constexpr int kBytesMax = 9;
  number = 0;
  for (int i = 1; at < end; ++i) {
    const auto byte = *at++;
    if (i == kBytesMax) {
      number = number << 8 | byte;
      return true;
    }
    number = number << 7 | (byte & 0x7f);
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace varint_detail

/// The number at `at`, which is then behind it. False: it does not end before `end`.
inline bool read_varint(const unsigned char*& at, const unsigned char* end, std::uint64_t& number) {
  if (at < end && *at < 0x80) {
    number = *at++;
    return true;
  }
  return varint_detail::read_long(at, end, number);
}

}  // namespace synap::db::sqlite

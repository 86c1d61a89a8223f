// The variants of dots.h, each to be called on a processor that has what it is named for only.
// Private to the room.
#pragma once

#include <cstdint>

#include "vectors/dots.h"

namespace synap::vectors {

void plain_of_int8(const Rows<std::int8_t, std::int32_t>& rows);
void plain_of_floats(const Rows<float, float>& rows);
void avx2_of_int8(const Rows<std::int8_t, std::int32_t>& rows);
void avx2_of_floats(const Rows<float, float>& rows);
void avx_vnni_of_int8(const Rows<std::int8_t, std::int32_t>& rows);
void avx512_vnni_of_int8(const Rows<std::int8_t, std::int32_t>& rows);

}  // namespace synap::vectors

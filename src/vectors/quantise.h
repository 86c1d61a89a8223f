// A vector of floats as bytes, and the other way round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace synap::vectors {

/// Writes each value as a whole number of -127 to 127 times what is returned, the nearest. Of a
/// vector of zeros that is 0.
float quantise(std::span<const float> values, std::int8_t* to);
/// What quantise() has left over, as whole numbers of -127 to 127 times scale / kFiner.
inline constexpr float kFiner = 254;
void quantise_rest(std::span<const float> values, float scale, const std::int8_t* quantised,
                   std::int8_t* to);

}  // namespace synap::vectors

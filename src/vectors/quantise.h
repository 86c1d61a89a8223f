// A vector of floats as bytes, and the other way round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synap::vectors {

/// Writes each value as a whole number of -127 to 127 times what is returned, the nearest. Of a
/// vector of zeros that is 0.
float quantise(std::span<const float> values, std::int8_t* to);
/// What quantise() has left over, as whole numbers of -127 to 127 times scale / kFiner.
inline constexpr float kFiner = 254;
void quantise_rest(std::span<const float> values, float scale, const std::int8_t* quantised,
                   std::int8_t* to);

/// A vector as it is kept in a file: the scale, four bytes of a float as this machine has it, then
/// the bytes of quantise(), then those of quantise_rest(). So it is what a block has of it.
std::string pack(std::span<const float> values);
/// Nothing: these are not the bytes of so many values.
std::optional<std::vector<float>> unpack(std::string_view bytes, std::size_t count);
/// The same of a vector of length 1, as a block has them. Nothing: it is none.
std::optional<std::vector<float>> unpack_direction(std::string_view bytes, std::size_t count);
/// How far the square of its length may be from 1: what floats lose in 8,192 additions.
inline constexpr float kLengthError = 1e-3F;

}  // namespace synap::vectors

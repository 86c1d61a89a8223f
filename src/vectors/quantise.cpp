#include "vectors/quantise.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace synap::vectors {

float quantise(std::span<const float> values, std::int8_t* to) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  const float scale = largest / 127;
  // A scale so small that its inverse is none is that of zeros, as far as a byte can tell.
  const float inverse = scale > 1e-30F ? 1 / scale : 0;
  std::size_t i = 0;
  for (const float value : values) {
    to[i++] = static_cast<std::int8_t>(std::clamp(std::nearbyint(value * inverse), -127.F, 127.F));
  }
  return inverse == 0 ? 0 : scale;
}

void quantise_rest(std::span<const float> values, float scale, const std::int8_t* quantised,
                   std::int8_t* to) {
  const float inverse = scale > 0 ? kFiner / scale : 0;
  std::size_t i = 0;
  for (const float value : values) {
    const float rest = value - scale * static_cast<float>(quantised[i]);
    to[i++] = static_cast<std::int8_t>(std::clamp(std::nearbyint(rest * inverse), -127.F, 127.F));
  }
}

std::string pack(std::span<const float> values) {
  const std::size_t count = values.size();
  std::string bytes(sizeof(float) + 2 * count, '\0');
  auto* parts = reinterpret_cast<std::int8_t*>(bytes.data() + sizeof(float));
  const float scale = quantise(values, parts);
  quantise_rest(values, scale, parts, parts + count);
  std::memcpy(bytes.data(), &scale, sizeof scale);
  return bytes;
}

std::optional<std::vector<float>> unpack(std::string_view bytes, std::size_t count) {
  if (bytes.size() != sizeof(float) + 2 * count) return std::nullopt;
  float scale = 0;
  std::memcpy(&scale, bytes.data(), sizeof scale);
  const auto* parts = reinterpret_cast<const std::int8_t*>(bytes.data() + sizeof(float));
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] =
        scale * (static_cast<float>(parts[i]) + static_cast<float>(parts[count + i]) / kFiner);
  }
  return values;
}

std::optional<std::vector<float>> unpack_direction(std::string_view bytes, std::size_t count) {
  auto values = unpack(bytes, count);
  if (!values) return std::nullopt;
  const float square = std::inner_product(values->begin(), values->end(), values->begin(), 0.F);
  // Whatever is no number is not near either.
  if (!(std::fabs(square - 1) <= kLengthError)) return std::nullopt;
  return values;
}

}  // namespace synap::vectors

#include "vectors/quantise.h"

#include <algorithm>
#include <cmath>

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

}  // namespace synap::vectors

// Numbers by chance, the same in every run. Included by tests only.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace synap::vectors::test {

inline std::vector<std::int8_t> bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> any(-128, 127);
  std::vector<std::int8_t> values(count);
  for (auto& value : values) value = static_cast<std::int8_t>(any(random));
  return values;
}
inline std::vector<float> floats(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> any;
  std::vector<float> values(count);
  for (auto& value : values) value = any(random);
  return values;
}
/// Of length 1.
inline std::vector<float> unit_vector(std::size_t count, unsigned seed) {
  auto values = floats(count, seed);
  float sum = 0;
  for (const float value : values) sum += value * value;
  for (auto& value : values) value /= std::sqrt(sum);
  return values;
}

}  // namespace synap::vectors::test

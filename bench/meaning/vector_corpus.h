// Vectors of real texts, and more of their like: what the programs here ask for the nearest of.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "vectors/dots.h"

namespace synap::bench {

using Vector = std::vector<float>;

inline constexpr std::size_t kDimension = 384;
inline constexpr std::size_t kQueries = 1000;  // the last of a file
inline constexpr std::size_t kJudged = 200;    // queries whose answers are compared
inline constexpr std::size_t kTop = 10;

inline void be_of_length_one(Vector& vector) {
  const float length =
      std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.F));
  for (auto& value : vector) value /= length;
}

/// Raw floats, kDimension a vector. None where there is no such file.
inline std::vector<Vector> read_vectors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Vector> all(bytes.size() / (kDimension * sizeof(float)), Vector(kDimension));
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::memcpy(all[i].data(), bytes.data() + i * kDimension * sizeof(float),
                kDimension * sizeof(float));
  }
  return all;
}

/// A vector near one that there is: between it and another, and a little beside.
inline Vector made_from(const std::vector<Vector>& all, std::mt19937& random) {
  const auto& one = all[random() % all.size()];
  const auto& other = all[random() % all.size()];
  std::normal_distribution<float> beside(0, 0.01F);
  Vector made(kDimension);
  for (std::size_t i = 0; i < kDimension; ++i) made[i] = one[i] + 0.5F * other[i] + beside(random);
  be_of_length_one(made);
  return made;
}

/// Where the nearest kTop of all are, by floats.
inline std::vector<std::size_t> exactly(const std::vector<Vector>& all, const Vector& query) {
  std::vector<float> scores(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    vectors::Dots::best().of_floats({query.data(), 1, all[i].data(), 1, kDimension, &scores[i]});
  }
  std::vector<std::size_t> numbers(all.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  std::ranges::partial_sort(numbers, numbers.begin() + kTop,
                            [&](auto a, auto b) { return scores[a] > scores[b]; });
  numbers.resize(kTop);
  return numbers;
}

}  // namespace synap::bench

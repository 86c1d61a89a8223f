// BM25F: how relevant a row is to words, by how often each of its columns has them, how long these
// are, and how rare the words are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"

namespace synap::db::sqlite {

struct RankedColumn {
  double weight = 0;     // 0: is not counted
  double mean_size = 1;  // terms, of all rows that are compared
};

/// Of one query, for as many rows as there are.
class Bm25f {
 public:
  Bm25f(std::vector<RankedColumn> columns, std::vector<double> rarities)
      : columns_(std::move(columns)), rarities_(std::move(rarities)) {
    SYNAP_CHECK(columns_.size() <= kColumnsMax);
    for (const double rarity : rarities_) all_ += rarity;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      for (int size = 0; columns_[column].weight > 0 && size < kSizesKnown; ++size) {
        factors_[column].push_back(factor_of(column, size));
      }
    }
  }

  std::size_t columns() const { return columns_.size(); }
  std::size_t words() const { return rarities_.size(); }
  double rarity(std::size_t word) const { return rarities_[word]; }

  /// What one occurrence counts in a column of so many terms.
  double factor(std::size_t column, int size) const {
    if (columns_[column].weight <= 0) return 0;
    return size < kSizesKnown ? factors_[column][static_cast<std::size_t>(size)]
                              : factor_of(column, size);
  }
  /// What a word adds, whose occurrences in the row count so much.
  double part(std::size_t word, double frequency) const {
    return rarities_[word] * frequency * (kSaturation + 1) / (frequency + kSaturation);
  }
  /// Of a row: the sums of its words' parts, and of their rarities.
  double relevance(double parts, double found) const {
    return all_ > 0 ? parts * (kPartKept + (1 - kPartKept) * found / all_) : parts;
  }
  /// No row is more relevant that has these sums, and besides words whose rarities are `others`.
  double relevance_max(double parts, double found, double others) const {
    constexpr double kRounding = 1 + 1e-9;
    return kRounding * relevance(parts + part_max(others), found + others);
  }
  /// What words of such a rarity add at most.
  static double part_max(double rarity) { return rarity * (kSaturation + 1); }
  /// Of a row with so many terms in each column, and, of each word and in it of each column, so
  /// many occurrences.
  double relevance(std::span<const int> sizes, std::span<const int> counts) const {
    std::array<double, kColumnsMax> factors{};
    for (std::size_t i = 0; i < columns(); ++i) factors[i] = factor(i, sizes[i]);
    double found = 0;
    double parts = 0;
    for (std::size_t word = 0; word < words(); ++word) {
      double frequency = 0;
      for (std::size_t i = 0; i < columns(); ++i) {
        frequency += factors[i] * counts[word * columns() + i];
      }
      if (frequency <= 0) continue;
      found += rarities_[word];
      parts += part(word, frequency);
    }
    return relevance(parts, found);
  }

 private:
  // Of BM25, as everybody has them.
  static constexpr double kSaturation = 1.2;  // k1: how soon a further occurrence counts for little
  static constexpr double kLengths = 0.75;    // b: how much a long text has to have more of them
  // So much of a relevance is kept by a row that has the rarest of many words alone.
  static constexpr double kPartKept = 0.3;
  static constexpr std::size_t kColumnsMax = 8;
  static constexpr int kSizesKnown = 1'024;

  double factor_of(std::size_t column, int size) const {
    const auto& [weight, mean_size] = columns_[column];
    return weight / (1 - kLengths + kLengths * (size / std::max(mean_size, 1.0)));
  }

  std::vector<RankedColumn> columns_;
  std::vector<double> rarities_;
  double all_ = 0;
  std::array<std::vector<double>, kColumnsMax> factors_;  // of short columns, by size
};

}  // namespace synap::db::sqlite

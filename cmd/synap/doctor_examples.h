// Examples: what a check of the doctor names of many things.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace synap::cli {

/// The first few of many, in words.
class Examples {
 public:
  void add(std::string text) {
    if (texts_.size() < kMax) texts_.push_back(std::move(text));
    ++count_;
  }
  std::size_t count() const { return count_; }
  std::string text() const {
    return fmt::format("{}{}", fmt::join(texts_, ", "), count_ > texts_.size() ? ", …" : "");
  }

 private:
  static constexpr std::size_t kMax = 3;
  std::vector<std::string> texts_;
  std::size_t count_ = 0;
};

}  // namespace synap::cli

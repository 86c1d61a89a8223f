// Trace: what happened, as a number.
#pragma once

#include <cstdint>
#include <string_view>

namespace synap::simulation {

/// Two runs with one number have done the same.
class Trace {
 public:
  void add(std::string_view what) {
    for (const char c : what) {
      hash_ ^= static_cast<std::uint8_t>(c);
      hash_ *= 0x100000001b3;
    }
  }
  std::uint64_t hash() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace synap::simulation

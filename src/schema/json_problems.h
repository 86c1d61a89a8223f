// JsonProblems: what is wrong with a JSON Schema that somebody brought. Private to this room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace synap {

/// Keeps the first of them and counts the others.
class JsonProblems {
 public:
  /// `reason` is a sentence whose subject is the place that `pointer` names.
  void add(const std::string& pointer, std::string reason);
  bool empty() const { return count_ == 0; }
  /// kBadRequest with all that are kept, in the shape of decode()'s errors; their paths begin with
  /// `field`.
  Error error(std::string_view field) const;

 private:
  std::vector<std::pair<std::string, std::string>> kept_;
  std::size_t count_ = 0;
};

}  // namespace synap

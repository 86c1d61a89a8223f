#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synap::bench {

// The figures of one run, in the order in which they are told.
class Report {
 public:
  explicit Report(std::string_view mode) : mode_(mode) {}

  void add(std::string_view name, double value) { figures_.emplace_back(name, value); }
  // Empty when the run kept its promises.
  void fail(std::string_view why);
  bool has_failed() const { return !failure_.empty(); }

  std::string to_table() const;
  // One line.
  std::string to_json() const;

 private:
  std::string mode_;
  std::vector<std::pair<std::string, double>> figures_;
  std::string failure_;
};

}  // namespace synap::bench

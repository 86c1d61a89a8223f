// Budget: how much one evaluation may still do and make.
#pragma once

#include <cstdint>

namespace synap::cel {

/// What one evaluation may take. A step is about what it takes to look at one node, one element or
/// 16 bytes of text: 100,000 of them are some 10 ms. Made bytes are those of texts, lists and maps
/// that the expression puts together; what it only reads costs none.
struct Limits {
  std::int64_t steps_max = 100'000;
  std::int64_t bytes_max = 1024 * 1024;
};

/// One evaluation's count. Not to be shared between threads. What spends does not have to say that
/// nothing is left: it stops and answers anything, and the evaluator asks after every node.
class Budget {
 public:
  explicit Budget(Limits limits) : steps_(limits.steps_max), bytes_(limits.bytes_max) {}

  /// False when nothing is left.
  bool spend(std::int64_t steps) {
    steps_ = steps > steps_ ? -1 : steps_ - steps;
    return steps_ >= 0;
  }
  /// As spend; to be called before the memory is asked for.
  bool make(std::int64_t bytes) {
    bytes_ = bytes > bytes_ ? -1 : bytes_ - bytes;
    return bytes_ >= 0 && spend(bytes / 16);
  }
  bool is_exhausted() const { return steps_ < 0 || bytes_ < 0; }
  bool has_steps() const { return steps_ >= 0; }

 private:
  std::int64_t steps_;  // negative: more was asked for than there was
  std::int64_t bytes_;
};

/// The steps that looking at a text takes.
inline std::int64_t steps_of_text(std::size_t bytes) {
  return static_cast<std::int64_t>(bytes / 16);
}

}  // namespace synap::cel

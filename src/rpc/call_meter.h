// CallMeter: how often one procedure was called, what came of it, and how long that took. Whoever
// carries its calls out counts them, whatever protocol they came by.
#pragma once

#include <array>
#include <chrono>
#include <optional>

#include "base/metrics.h"
#include "base/status.h"

namespace synap::rpc {

/// Any thread. One for each procedure: both the procedure and those that count hold it.
class CallMeter {
 public:
  /// Nothing for `code`: it went well. A subscription ends here when its stream begins.
  void count(std::optional<Code> code, std::chrono::nanoseconds took) {
    counts_[index_of(code)].add();
    latency_.observe(took);
  }

  std::uint64_t calls(std::optional<Code> code) const { return counts_[index_of(code)].value(); }
  const Histogram& latency() const { return latency_; }

 private:
  static std::size_t index_of(std::optional<Code> code) {
    return code ? static_cast<std::size_t>(*code) + 1 : 0;
  }

  std::array<Counter, kCodeCount + 1> counts_;  // the first: without an error
  Histogram latency_ = Histogram::of_latency();
};

}  // namespace synap::rpc

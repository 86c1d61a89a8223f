// CallMeter: how often one procedure was called, what came of it, and how long that took. Whoever
// carries its calls out counts them, whatever protocol they came by.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
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

  /// One that was refused before its handler began: it took no time that says anything.
  void refuse(Code code) { counts_[index_of(code)].add(); }

  /// Of a subscription: its streams that are open.
  void stream_opened() { streams_.fetch_add(1, std::memory_order_relaxed); }
  void stream_closed() { streams_.fetch_sub(1, std::memory_order_relaxed); }
  std::int64_t streams() const { return streams_.load(std::memory_order_relaxed); }

  std::uint64_t calls(std::optional<Code> code) const { return counts_[index_of(code)].value(); }
  const Histogram& latency() const { return latency_; }

 private:
  static std::size_t index_of(std::optional<Code> code) {
    return code ? static_cast<std::size_t>(*code) + 1 : 0;
  }

  std::array<Counter, kCodeCount + 1> counts_;  // the first: without an error
  std::atomic<std::int64_t> streams_{0};
  Histogram latency_ = Histogram::of_latency();
};

}  // namespace synap::rpc

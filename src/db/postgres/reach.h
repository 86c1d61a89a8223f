// Reach: whether a server can be reached, as those of its connections found that tried. While it
// cannot, one in a while tries; all others need not wait for that one, and are refused at once.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "base/world.h"

namespace synap::db::postgres {

/// Thread-safe.
class Reach {
 public:
  explicit Reach(World& world) : world_(world) {}
  Reach(const Reach&) = delete;
  Reach& operator=(const Reach&) = delete;

  /// Whether something may be asked now. Where the server is away the caller who is told so is the
  /// one who tries, for `kTryTime` or until it is known what has come of it.
  bool is_open() {
    if (!is_away_.load(std::memory_order_relaxed)) return true;
    auto at = try_at_.load(std::memory_order_relaxed);
    const auto now = world_.now();
    return now >= at && try_at_.compare_exchange_strong(at, now + kTryTime);
  }
  void is_there() { is_away_.store(false, std::memory_order_relaxed); }
  /// It is not, and it is of no use to try before `at`.
  void is_away(SteadyClock::time_point at) {
    try_at_.store(at, std::memory_order_relaxed);
    is_away_.store(true, std::memory_order_relaxed);
  }

  /// Nobody waits for answers of the server for longer than `kEndGrace` from now on, by the
  /// machine's clock.
  void end() { end_at_.store(real_world().now() + kEndGrace, std::memory_order_relaxed); }
  SteadyClock::time_point end_at() const { return end_at_.load(std::memory_order_relaxed); }

 private:
  // What a connection takes at most, and a lock behind it.
  static constexpr std::chrono::seconds kTryTime{12};
  static constexpr std::chrono::seconds kEndGrace{2};

  World& world_;
  std::atomic<bool> is_away_{false};
  std::atomic<SteadyClock::time_point> try_at_{};
  std::atomic<SteadyClock::time_point> end_at_{SteadyClock::time_point::max()};
};

}  // namespace synap::db::postgres

// Reach: whether a server can be reached, as those of its connections found that tried. While it
// cannot, one in a while tries; all others need not wait for that one, and are refused at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
  void is_there() {
    if (!is_away_.load(std::memory_order_relaxed)) return;
    is_away_.store(false, std::memory_order_relaxed);
    const std::scoped_lock lock(telling_);
    told_ = {};
  }
  /// It is not, and it is of no use to try before `at`.
  void is_away(SteadyClock::time_point at) {
    try_at_.store(at, std::memory_order_relaxed);
    is_away_.store(true, std::memory_order_relaxed);
  }

  /// Whether it is news that a try has failed so, and is to be written to the log: the first, one
  /// with another reason, and else one in a while that grows up to `kTellPauseMax`. Gives how many
  /// failed before it that were not told.
  std::optional<std::int64_t> news(std::string_view why) {
    const std::scoped_lock lock(telling_);
    const auto now = world_.now();
    if (told_.why == why && now < told_.next_at) {
      ++told_.left_out;
      return std::nullopt;
    }
    if (told_.why != why) told_.pause = {};
    told_.why = why;
    told_.pause = std::clamp(2 * told_.pause, kTellPauseMin, kTellPauseMax);
    told_.next_at = now + told_.pause;
    return std::exchange(told_.left_out, 0);
  }

  /// Nobody waits for answers of the server for longer than `kEndGrace` from now on, by the
  /// machine's clock.
  void end() { end_at_.store(real_world().now() + kEndGrace, std::memory_order_relaxed); }
  SteadyClock::time_point end_at() const { return end_at_.load(std::memory_order_relaxed); }

 private:
  // What a connection takes at most, and a lock behind it.
  static constexpr std::chrono::seconds kTryTime{12};
  static constexpr std::chrono::seconds kEndGrace{2};

  // A database that is not there may not be for days: it is tried every two seconds all the same.
  static constexpr std::chrono::seconds kTellPauseMin{5};
  static constexpr std::chrono::seconds kTellPauseMax{300};
  struct Told {
    std::string why;
    SteadyClock::time_point next_at{};
    std::chrono::seconds pause{};
    std::int64_t left_out = 0;
  };

  World& world_;
  std::mutex telling_;
  Told told_;
  std::atomic<bool> is_away_{false};
  std::atomic<SteadyClock::time_point> try_at_{};
  std::atomic<SteadyClock::time_point> end_at_{SteadyClock::time_point::max()};
};

}  // namespace synap::db::postgres

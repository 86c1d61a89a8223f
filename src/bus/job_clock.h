// JobClock: the time by which jobs wait. It is the wall clock, but never goes back: set forward, it
// makes what waits due sooner; set back, it puts nothing off, since what passes by the steady clock
// has passed. The latter alone would stand still while the machine sleeps.
//
// Many nodes have one clock, that of their database, and tell it now and then (set_by): those of
// their machines may differ.
//
// How far it had come is kept with what waits (job_store.h), so that this holds over restarts, too.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "base/world.h"

namespace synap::bus {

/// Thread-safe.
class JobClock {
 public:
  /// `world` must outlive it.
  explicit JobClock(World& world) : world_(world), ahead_ms_(world.unix_ms() - steady_ms()) {}

  /// Unix ms, as it were.
  std::int64_t now() {
    std::lock_guard lock(mutex_);
    // That the two are not read at one moment is no more than once a millisecond, since it is their
    // largest difference that is kept.
    const auto steady = steady_ms();
    if (!is_set_) ahead_ms_ = std::max(ahead_ms_, world_.unix_ms() - steady);
    return steady + ahead_ms_;
  }
  /// The wall clock, which may be set back: this machine's, or the other one.
  std::int64_t wall() {
    {
      std::lock_guard lock(mutex_);
      if (is_set_) return steady_ms() + wall_ahead_ms_;
    }
    return world_.unix_ms();
  }
  /// It is `now` by another clock, which counts from here on, rather than the wall clock.
  void set_by(std::int64_t now) {
    std::lock_guard lock(mutex_);
    const auto ahead = now - steady_ms();
    ahead_ms_ = is_set_ ? std::max(ahead_ms_, ahead) : ahead;
    wall_ahead_ms_ = ahead;
    is_set_ = true;
  }
  /// It has been at `now` before.
  void advance_to(std::int64_t now) {
    std::lock_guard lock(mutex_);
    ahead_ms_ = std::max(ahead_ms_, now - steady_ms());
  }

 private:
  std::int64_t steady_ms() {
    const auto since = world_.now().time_since_epoch();
    return std::chrono::floor<std::chrono::milliseconds>(since).count();
  }

  World& world_;
  std::mutex mutex_;
  bool is_set_ = false;
  std::int64_t ahead_ms_;           // how far it is ahead of the steady clock
  std::int64_t wall_ahead_ms_ = 0;  // and the other clock, when it was told last
};

}  // namespace synap::bus

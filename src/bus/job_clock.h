// JobClock: the time by which jobs wait. It is the wall clock, but never goes back: set forward, it
// makes what waits due sooner; set back, it puts nothing off, since what passes by the steady clock
// has passed. The latter alone would stand still while the machine sleeps.
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
    ahead_ms_ = std::max(ahead_ms_, world_.unix_ms() - steady);
    return steady + ahead_ms_;
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
  std::int64_t ahead_ms_;  // how far it is ahead of the steady clock
};

}  // namespace synap::bus

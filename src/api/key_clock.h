// KeyClock: the time by which keys expire, and by which their calls are counted.
//
// The former is the wall clock, but never behind what has passed since the start of the process,
// nor behind the newest event that this start found: neither a clock that is set back revives a key
// nor a start with one that is behind. One that was set forward by mistake, and then right again,
// has harmed none for longer than that; or, if the pod was ended meanwhile, until it has started
// again behind an event of the right time. What ends so long after it was made (links and sessions)
// and was made meanwhile ends with the mistake (latest_end() in sessions.cpp).
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/world.h"

namespace synap::api {

/// Any thread. `world` must outlive it.
class KeyClock {
 public:
  explicit KeyClock(World& world) : world_(world) {}

  SteadyClock::time_point steady() const { return world_.now(); }
  std::int64_t unix_ms() const { return std::max(world_.unix_ms(), began_wall_ + passed_ms()); }
  /// It is not earlier than this: Unix ms. Once, at the start.
  void raise(std::int64_t unix_ms) {
    began_wall_ = std::max(began_wall_.load(), unix_ms - passed_ms());
  }

 private:
  std::int64_t passed_ms() const {
    const auto passed = world_.now() - began_steady_;
    return std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
  }

  World& world_;
  std::atomic<std::int64_t> began_wall_ = world_.unix_ms();
  SteadyClock::time_point began_steady_ = world_.now();
};

}  // namespace synap::api

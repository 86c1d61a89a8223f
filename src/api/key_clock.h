// KeyClock: the time by which keys expire, and by which their calls are counted.
//
// The former is the wall clock, but never behind what has passed since the start of the process: a
// clock that is set back revives no key. One that was set forward by mistake, and then right again,
// has harmed none for longer than that.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/world.h"

namespace synap::api {

/// Any thread. `world` must outlive it.
class KeyClock {
 public:
  explicit KeyClock(World& world) : world_(world) {}

  SteadyClock::time_point steady() const { return world_.now(); }
  std::int64_t unix_ms() const {
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(world_.now() - began_steady_);
    return std::max(world_.unix_ms(), began_wall_ + passed.count());
  }

 private:
  World& world_;
  std::int64_t began_wall_ = world_.unix_ms();
  SteadyClock::time_point began_steady_ = world_.now();
};

}  // namespace synap::api

// KeyClock: the time by which keys expire, and by which their calls are counted.
//
// The former is the wall clock, but never behind what has passed since the start of the process: a
// clock that is set back revives no key. One that was set forward by mistake, and then right again,
// has harmed none for longer than that.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/clock.h"

namespace synap::api {

/// A value; any thread.
class KeyClock {
 public:
  using Steady = std::chrono::steady_clock;
  using WallNow = std::function<std::int64_t()>;  // Unix ms
  using SteadyNow = std::function<Steady::time_point()>;

  explicit KeyClock(WallNow wall = unix_ms_now, SteadyNow steady = Steady::now)
      : wall_(std::move(wall)), steady_(std::move(steady)) {}

  Steady::time_point steady() const { return steady_(); }
  std::int64_t unix_ms() const {
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady_() - began_steady_);
    return std::max(wall_(), began_wall_ + passed.count());
  }

 private:
  WallNow wall_;
  SteadyNow steady_;
  std::int64_t began_wall_ = wall_();
  Steady::time_point began_steady_ = steady_();
};

}  // namespace synap::api

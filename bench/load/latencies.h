#pragma once

#include <vector>

#include "event_loop.h"

namespace synap::bench {

// Every single duration is kept: percentiles are exact, and a run is short enough.
class Latencies {
 public:
  void add(Nanoseconds duration) { durations_.push_back(duration); }
  std::size_t count() const { return durations_.size(); }
  // The smallest duration that at least `fraction` of all do not exceed, in milliseconds.
  double percentile_ms(double fraction);
  double max_ms() { return percentile_ms(1.0); }

 private:
  std::vector<Nanoseconds> durations_;
  bool is_sorted_ = false;
};

}  // namespace synap::bench

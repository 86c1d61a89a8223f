#include "latencies.h"

#include <algorithm>
#include <cmath>

namespace synap::bench {

double Latencies::percentile_ms(double fraction) {
  if (durations_.empty()) return 0;
  if (!is_sorted_) std::ranges::sort(durations_);
  is_sorted_ = true;
  const double rank = std::ceil(fraction * static_cast<double>(durations_.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return static_cast<double>(durations_[std::min(index, durations_.size() - 1)]) / 1e6;
}

}  // namespace synap::bench

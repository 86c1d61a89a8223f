#include "api/rate_limit.h"

#include <algorithm>

namespace synap::api {

bool RateLimit::take(Account& account, Clock::time_point now) const {
  if (!is_on()) return true;
  const auto at = now.time_since_epoch().count();
  const auto second = Clock::duration(std::chrono::seconds(1)).count();
  const auto price = second / calls_per_second_;
  auto paid_until = account.paid_until_.load(std::memory_order_relaxed);
  for (;;) {
    const auto next = std::max(paid_until, at) + price;
    if (next - at > second) return false;
    if (account.paid_until_.compare_exchange_weak(paid_until, next, std::memory_order_relaxed)) {
      return true;
    }
  }
}

}  // namespace synap::api

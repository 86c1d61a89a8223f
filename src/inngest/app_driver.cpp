#include "inngest/app_driver.h"

#include <algorithm>
#include <array>

#include "inngest/app_call.h"

namespace synap::inngest {

// Source: Inngest's server, whose users plan for it.
std::int64_t app_retry_delay_ms(int attempt, double random) {
  constexpr std::array<std::int64_t, 10> kSeconds = {15,  30,   60,   120,  300,
                                                     600, 1200, 2400, 3600, 7200};
  constexpr double kJitterMs = 30'000;
  const auto index = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(attempt, 0)), 0,
                                             kSeconds.size() - 1);
  return kSeconds[index] * 1'000 + static_cast<std::int64_t>(random * kJitterMs);
}

std::string app_function_id(std::string_view bus_id) {
  return Uuid::derived(0, "sdk function\n" + std::string(bus_id)).to_string();
}

AppDriver::AppDriver(AppDriverOptions function, std::shared_ptr<Transport> transport,
                     AppCalls shared)
    : function_(std::move(function)),
      transport_(std::move(transport)),
      shared_(shared),
      function_id_(app_function_id(function_.id)) {}

Task<workers::Answer> AppDriver::call(workers::Call call) {
  AppCall one(*this, std::move(call));
  co_return co_await one.carry_out();
}

Task<workers::Answer> AppDriver::take(workers::Call call, Reply report) {
  AppCall one(*this, std::move(call));
  co_return co_await one.carry_out(std::move(report));
}

}  // namespace synap::inngest

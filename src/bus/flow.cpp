#include "bus/flow.h"

#include <fmt/format.h>

namespace synap::bus {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kConcurrencyMax = 2;
constexpr std::size_t kCancelOnMax = 5;
constexpr std::int64_t kRunsAtATimeMax = 10'000;
// A place in line is reckoned in microseconds of the period for each that may be at once: with
// these it fits into 64 bits, whatever the period.
constexpr std::int64_t kThrottleLimitMax = 1'000'000'000;
constexpr std::int64_t kThrottleBurstMax = 1'000'000;

Result<> within(std::string_view what, milliseconds value, milliseconds least, milliseconds most) {
  if (value >= least && value <= most) return {};
  return fail(Code::kBadRequest, fmt::format("{} is {} ms; it may be {} to {} ms", what,
                                             value.count(), least.count(), most.count()));
}

Result<> at_least_one(std::string_view what, std::int64_t value) {
  if (value >= 1) return {};
  return fail(Code::kBadRequest, fmt::format("{} is {}; it must be at least 1", what, value));
}

Result<> check_batch(const Flow& flow) {
  const auto& batch = *flow.batch;
  if (batch.size_max < 2 || batch.size_max > 100) {
    return fail(Code::kBadRequest,
                fmt::format("batchEvents.maxSize is {}; it may be 2 to 100", batch.size_max));
  }
  if (flow.debounce || flow.singleton || flow.priority || !flow.cancel_on.empty()) {
    return fail(Code::kBadRequest,
                "batchEvents does not go together with debounce, singleton, priority or cancelOn");
  }
  return within("batchEvents.timeout", batch.timeout, seconds(1), minutes(10));
}

}  // namespace

bool Flow::is_concurrency_only() const {
  return !idempotency && !rate_limit && !debounce && !batch && !singleton && !throttle &&
         cancel_on.empty() && !priority && !has_run_limits();
}

Result<> check(const Flow& flow) {
  std::vector<Result<>> all;
  if (flow.rate_limit) {
    all.push_back(at_least_one("rateLimit.limit", flow.rate_limit->limit));
    all.push_back(within("rateLimit.period", flow.rate_limit->period, seconds(1), hours(24)));
  }
  if (flow.throttle) {
    all.push_back(at_least_one("throttle.limit", flow.throttle->limit));
    if (flow.throttle->limit > kThrottleLimitMax) {
      all.push_back(fail(Code::kBadRequest, fmt::format("throttle.limit is {}; it may be 1 to {}",
                                                        flow.throttle->limit, kThrottleLimitMax)));
    }
    all.push_back(within("throttle.period", flow.throttle->period, seconds(1), hours(24 * 7)));
    if (flow.throttle->burst < 0 || flow.throttle->burst > kThrottleBurstMax) {
      all.push_back(fail(Code::kBadRequest, fmt::format("throttle.burst is {}; it may be 0 to {}",
                                                        flow.throttle->burst, kThrottleBurstMax)));
    }
  }
  if (flow.debounce) {
    all.push_back(within("debounce.period", flow.debounce->period, seconds(1), hours(24 * 7)));
  }
  if (flow.batch) all.push_back(check_batch(flow));
  for (const auto& one : flow.concurrency) {
    all.push_back(at_least_one("concurrency.limit", one.limit));
  }
  if (flow.concurrency.size() > kConcurrencyMax) {
    all.push_back(fail(Code::kBadRequest, "A function has at most 2 limits of concurrency"));
  }
  if (flow.run_concurrency &&
      (flow.run_concurrency->limit < 1 || flow.run_concurrency->limit > kRunsAtATimeMax)) {
    all.push_back(
        fail(Code::kBadRequest, fmt::format("concurrency.limit of runs is {}; it may be 1 "
                                            "to {}",
                                            flow.run_concurrency->limit, kRunsAtATimeMax)));
  }
  for (const auto& [name, timeout] : {std::pair("timeouts.start", flow.timeouts.start),
                                      std::pair("timeouts.finish", flow.timeouts.finish)}) {
    if (timeout) all.push_back(within(name, *timeout, seconds(1), hours(24 * 366)));
  }
  if (flow.cancel_on.size() > kCancelOnMax) {
    all.push_back(fail(Code::kBadRequest, "A function has at most 5 cancelOn"));
  }
  for (const auto& one : flow.cancel_on) {
    if (!one.condition) continue;
    all.push_back(one.condition->check({.is_plain_logic = true}));
  }
  for (auto& one : all) {
    if (!one) return one;
  }
  return {};
}

}  // namespace synap::bus

#include "workers/flow_rates.h"

#include <algorithm>
#include <string_view>

namespace synap::workers {
namespace {

constexpr std::int64_t kDayMs = 24 * 3'600'000;
constexpr int kForgottenMax = 10;  // old rates that one that comes takes away

}  // namespace

bool FlowRates::take_once(db::Tx& tx, const Judged& judged) {
  return take(tx, judged, "idempotency", judged.verdict.idempotency, 1, kDayMs, 1);
}

bool FlowRates::take_rate(db::Tx& tx, const Judged& judged) {
  const auto& rate = *judged.function->flow.rate_limit;
  // So much at once beyond the even rate: Inngest's server has it so.
  const auto at_once = rate.limit / 10 + 1;
  return take(tx, judged, "rate", judged.verdict.rate, rate.limit, rate.period.count(), at_once);
}

// GCRA: an event may come when the time at which all before it are used up, evenly, is not further
// away than what may come at once takes. Times are in microseconds: many may be in a second.
bool FlowRates::take(db::Tx& tx, const Judged& judged, const char* kind, const std::string& key,
                     std::int64_t limit, std::int64_t period_ms, std::int64_t at_once) {
  const auto at = clock_.now() * 1'000;
  const auto each = std::max<std::int64_t>(1, period_ms * 1'000 / limit);
  const auto until = std::max(at, used_until(tx, judged, kind, key)) + each;
  if (until - each * at_once > at) return false;
  use_until(tx, judged, kind, key, until);
  return true;
}

// How long its run waits: its place among all that there were is its own from now on.
std::int64_t FlowRates::reserve(db::Tx& tx, const Judged& judged) {
  const auto& throttle = *judged.function->flow.throttle;
  const auto at = clock_.now() * 1'000;
  const auto each = std::max<std::int64_t>(1, throttle.period.count() * 1'000 / throttle.limit);
  const auto& key = judged.verdict.throttle;
  const auto until = std::max(at, used_until(tx, judged, "throttle", key)) + each;
  use_until(tx, judged, "throttle", key, until);
  const auto begins_at = until - each * (throttle.limit + throttle.burst);
  return std::max<std::int64_t>(0, (begins_at - at + 999) / 1'000);
}

std::int64_t FlowRates::used_until(db::Tx& tx, const Judged& judged, const char* kind,
                                   const std::string& key) {
  auto rows = tx.query(
      "SELECT until FROM flow_rates WHERE function = $1 AND user_id = $2 AND kind = $3 AND "
      "key = $4",
      judged.function->id, judged.event->user_id, std::string_view(kind), key);
  return rows.next() ? rows.integer(0) : 0;
}

void FlowRates::use_until(db::Tx& tx, const Judged& judged, const char* kind,
                          const std::string& key, std::int64_t until) {
  jobs_.keep_clock(tx);
  tx.run(
      "INSERT INTO flow_rates(function, user_id, kind, key, until) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT(function, user_id, kind, key) DO UPDATE SET until = $5",
      judged.function->id, judged.event->user_id, std::string_view(kind), key, until);
  // Each that comes takes away more than one that means nothing any more.
  tx.run(
      "DELETE FROM flow_rates WHERE (function, user_id, kind, key) IN (SELECT function, user_id, "
      "kind, key FROM flow_rates WHERE until < $1 LIMIT $2)",
      clock_.now() * 1'000, std::int64_t{kForgottenMax});
}

}  // namespace synap::workers

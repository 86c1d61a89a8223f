// FlowRates: how much of what may happen in a time has happened, for each key of a function and a
// user: runs that may begin, events that may have one (bus/flow.h). One number each, by GCRA: the
// time at which all that there was is used up, were it even.
#pragma once

#include <cstdint>
#include <string>

#include "bus/job_store.h"
#include "db/database.h"
#include "workers/verdict.h"

namespace synap::workers {

class FlowRates {
 public:
  /// It must outlive them.
  explicit FlowRates(bus::JobStore& jobs) : jobs_(jobs), clock_(jobs.clock()) {}

  /// Within a transaction each. The first run of the function's key of idempotency in 24 hours.
  bool take_once(db::Tx& tx, const Judged& judged);
  /// There may be one more by the function's rate limit.
  bool take_rate(db::Tx& tx, const Judged& judged);
  /// How many ms its run waits by the function's throttle: that time is its own from now on.
  std::int64_t reserve(db::Tx& tx, const Judged& judged);

 private:
  bool take(db::Tx& tx, const Judged& judged, const char* kind, const std::string& key,
            std::int64_t limit, std::int64_t period_ms, std::int64_t at_once);
  static std::int64_t used_until(db::Tx& tx, const Judged& judged, const char* kind,
                                 const std::string& key);
  void use_until(db::Tx& tx, const Judged& judged, const char* kind, const std::string& key,
                 std::int64_t until);

  bus::JobStore& jobs_;
  bus::JobClock& clock_;
};

}  // namespace synap::workers

// What the expressions of a function say about an event: whether it has a run of it, and under
// which keys that run counts for each of the function's limits (bus/flow.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bus/function.h"
#include "events/event.h"
#include "workers/event_waits.h"

namespace synap::workers {

struct Verdict {
  bool is_triggered = true;
  std::int64_t timestamp = 0;  // as the function sees it
  std::optional<Error> error;  // an expression failed: the rest says nothing
  bool is_batched = false;     // its batch takes it
  bool is_limited = true;      // the rate limit is about it
  std::string idempotency, rate, debounce, batch, singleton, throttle;  // keys
  std::vector<std::string> concurrency;  // of calls, and behind them of runs
  std::int64_t priority_ms = 0;
  std::vector<EventWait> cancels;  // of each Flow::cancel_on
};

/// An event, what it may have a run of, and what was said about both.
struct Judged {
  bus::FunctionPtr function;
  events::EventRef event;
  Verdict verdict = {};
  std::int64_t due_at = 0;  // not before, by the clock of jobs
};

/// `is_settled`: that it has a run is decided, and no trigger is asked any more.
Verdict judge(const bus::Function& function, const events::Event& event, bool is_settled,
              std::int64_t unix_ms);

}  // namespace synap::workers

// Flow: when, and whether, the runs of a function begin. Its keys are expressions over the event;
// events with equal keys count together, those of one user only.
//
// Source: Inngest's flow control, whose meaning and limits these have.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cel/expression.h"

namespace synap::bus {

using Key = std::optional<cel::Expression>;  // nothing: all events count together

/// So many runs may begin in a period, evenly: those beyond are dropped, and counted. A key that is
/// false limits nothing.
struct RateLimit {
  std::int64_t limit = 1;
  std::chrono::milliseconds period{1'000};
  Key key = std::nullopt;
};

/// So many runs may begin in a period, and `burst` more at once: those beyond wait, in their order.
struct Throttle {
  std::int64_t limit = 1;
  std::chrono::milliseconds period{1'000};
  std::int64_t burst = 1;
  Key key = std::nullopt;
};

/// A run begins when no event came for a period, for the event with the greatest timestamp; at
/// latest so long after the first.
struct Debounce {
  std::chrono::milliseconds period{1'000};
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  Key key = std::nullopt;
};

/// One run for so many events, or for those of so long.
struct Batch {
  std::int64_t size_max = 100;
  std::chrono::milliseconds timeout{60'000};
  Key key = std::nullopt;
  /// An event for which this is not true has a run of its own, at once.
  std::optional<cel::Expression> condition = std::nullopt;
};

/// One run at a time.
struct Singleton {
  enum class Mode : std::uint8_t {
    kSkip,    // an event meanwhile has no run
    kCancel,  // an event meanwhile ends the run that is there
  };
  Key key = std::nullopt;
  Mode mode = Mode::kSkip;
};

/// So many calls at a time; a run that sleeps or waits is none.
struct Concurrency {
  enum class Scope : std::uint8_t {
    kFunction,
    kUser,  // with all functions of the same user that have the same key
  };
  std::int64_t limit = 1;
  Key key = std::nullopt;
  Scope scope = Scope::kFunction;
};

/// So many runs at a time, from the first call of one to its end, its sleeps and waits included;
/// those beyond wait for their first call.
struct RunConcurrency {
  std::int64_t limit = 1;
  Key key = std::nullopt;
};

/// A run that has not had its first call, or has not ended, so long after it was made, or after its
/// first call, is cancelled; a call that is under way then stores nothing more.
struct Timeouts {
  std::optional<std::chrono::milliseconds> start = std::nullopt;
  std::optional<std::chrono::milliseconds> finish = std::nullopt;
};

/// An event of this type that comes while a run is there ends it.
struct CancelOn {
  std::string event;
  /// Over `event`, the run's own, and `async`, the one that comes; nothing: any event of the type.
  std::optional<cel::Expression> condition = std::nullopt;
  /// How long it can come after the run was made; nothing: as long as the run is there.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

struct Flow {
  Key idempotency = std::nullopt;  // one run in 24 hours
  std::optional<RateLimit> rate_limit = std::nullopt;
  std::optional<Debounce> debounce = std::nullopt;
  std::optional<Batch> batch = std::nullopt;
  std::optional<Singleton> singleton = std::nullopt;
  std::optional<Throttle> throttle = std::nullopt;
  std::vector<Concurrency> concurrency = {};
  std::optional<RunConcurrency> run_concurrency = std::nullopt;
  /// In seconds: so much earlier than it is a run counts as made, among those of the function and
  /// its user that share their limits. What is no number is 0, what is further from it than 12
  /// hours as far.
  Key priority = std::nullopt;
  Timeouts timeouts = {};
  std::vector<CancelOn> cancel_on = {};

  /// Whether nothing but how many calls there may be at a time is said.
  bool is_concurrency_only() const;
  /// Whether it must be looked at before it is called (workers/run_limits.h).
  bool has_run_limits() const { return run_concurrency || timeouts.start || timeouts.finish; }
};

/// kBadRequest: something is out of its bounds, or does not go together; a sentence that says what.
Result<> check(const Flow& flow);

}  // namespace synap::bus

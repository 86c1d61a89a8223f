// Driver: how a function is called. A run is a series of calls of its function; each call is told
// what happened and what is stored of the run's steps, and answers what it came to. Whoever calls
// stores that and decides when to call again (worker_pool.h); a driver keeps nothing in between.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "bus/job.h"
#include "events/event.h"
#include "workers/op.h"

namespace synap::workers {

struct Call {
  const bus::Job& job;
  const events::Event& event;  // the first, if they are many
  StoredResults stored;
  /// Of a batch: all of them. Otherwise empty.
  std::vector<events::EventRef> events = {};
};

/// What a call came to.
struct Answer {
  enum class Kind : std::uint8_t {
    kDone,     // the run is complete; `output` is JSON text
    kFailed,   // the function's own code failed
    kPending,  // it waits for steps: `pending`
  };
  Kind kind = Kind::kPending;
  std::string output;
  Error error;  // of kFailed
  /// Of kFailed: another attempt may do better.
  bool may_retry = false;
  /// Of kFailed: the next attempt is to come after so long; nothing: after the usual delay.
  std::optional<std::int64_t> retry_delay_ms;
  /// Of kFailed: how often a step was tried whose failing it is; 0: it is no step's.
  int step_attempts = 0;
  /// Results of steps that are not stored yet, in the order in which they were done.
  std::vector<StepResult> results;
  /// Steps that are begun and not done, where this call has changed something about them.
  std::vector<PendingStep> pending;
  /// Of a run that another executes: steps that were found, and that he may ask for.
  std::vector<PlannedStep> planned;
  /// A step was done in this call: what fails behind it has not failed before.
  bool has_made_progress = false;
  /// Something that the function needs (a disk, a host) is out of order, and said so by this.
  std::optional<Error> outage;
  /// kDone, and stored already, with the run's last step.
  bool is_stored = false;
  /// Of a job that is away (bus::Job): the run comes to what only the node that leads can see to.
  /// That one calls again.
  bool is_for_leader = false;
};

class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  /// `call` is valid until it has answered. Runs on the executor of the caller.
  virtual Task<Answer> call(Call call) = 0;
};

}  // namespace synap::workers

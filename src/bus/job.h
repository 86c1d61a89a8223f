// Job: one thing to be done for a run: call its function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/timer.h"
#include "base/trace.h"
#include "base/uuid.h"
#include "bus/function.h"

namespace synap::bus {

/// The place of a run in a trace.
struct RunTrace {
  TraceContext run;
  SpanId event{};  // its parent
};

struct Job {
  /// Jobs of one line are done one after another, in the order of their positions: the line of an
  /// aggregate, or of the run alone.
  Uuid line;
  std::int64_t position = 0;  // of the event that the run is for
  Uuid run_id;
  FunctionPtr function;
  std::string user_id;
  /// Of each Flow::concurrency of its function: the key, as JSON text.
  std::vector<std::string> limit_keys = {};
  /// How much earlier than it is it counts as ready, among the jobs of its function and user.
  std::int64_t priority_ms = 0;
  /// When it was ready, less that; by the clock of jobs.
  std::int64_t rank = 0;
  int attempt = 0;  // of the function's own code, from 0; steps have attempts of their own
  /// Grows with each claim. Whoever says what a job has come to says which claim he holds, and
  /// changes nothing if it is not the last one.
  std::int64_t fence = 0;
  /// False for a run that was just made: it has no stored results to load.
  bool may_have_results = false;
  /// It was under way, or about to be, when a process ended, which may have died of it.
  bool is_found = false;
  /// Of one that was found: how often it was started by a process that found it, and did not end.
  int starts = 0;
  /// Of many nodes: it is of the node that leads, and assigned to this one. What it waits for, that
  /// one has to know.
  bool is_away = false;
  /// It is not assigned to another node.
  bool stays = false;
  /// When its run was made, of one that was claimed at once; otherwise the beginning of time.
  SteadyClock::time_point made_at = {};
  /// When the call that is under way began, Unix ms; 0: none is.
  std::int64_t began_at = 0;
  /// The same by the clock of jobs.
  std::int64_t called_at = 0;
  /// Set when a call begins, where there are traces and the run's event stands in one.
  std::shared_ptr<const RunTrace> trace = nullptr;
};

}  // namespace synap::bus

// RunStore: the tables of runs and of their steps, as the workers use them. Each method that
// changes something is one transaction, and what it says about a run is all of it, its job too: a
// crash leaves the run as it was before or as it is after. Where the claim of the job is not the
// last one (bus/job_store.h), nothing is changed and the answer is kConflict.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/world.h"
#include "bus/job_store.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "workers/event_waits.h"
#include "workers/op.h"

namespace synap::workers {

class RunStore {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive the store.
  RunStore(db::Database& database, bus::JobStore& jobs, events::EventLog& log,
           const events::EventTypes& types, World& world = real_world())
      : database_(database),
        jobs_(jobs),
        log_(log),
        types_(types),
        world_(world),
        waits_(database, jobs, log, world) {}

  db::Database& database() const { return database_; }
  bus::JobStore& jobs() const { return jobs_; }
  EventWaits& waits() { return waits_; }
  bus::JobClock& clock() const { return jobs_.clock(); }
  World& world() const { return world_; }
  /// In [0, 1).
  double random() const;

  /// Within a transaction of whoever holds the job: stores results; one that is stored already
  /// stays as it is. How many were not.
  std::int64_t write_results(db::Tx& tx, const Uuid& run_id, std::span<const StepResult> results,
                             bool may_be_pending);
  Task<Result<StoredResults>> load_results(Uuid run_id);
  /// Within a transaction: the run has completed.
  void write_completion(db::Tx& tx, const bus::Job& job, std::string_view output,
                        bool may_be_pending);
  /// The time of a wait is over: stores that it is, as the run's result `place`, unless an event
  /// came meanwhile. What the wait has come to: its memo.
  Task<Result<std::string>> end_wait(const bus::Job& job, StepHash step, std::string name,
                                     int place);

  /// Counts that a call of a job that was found begins, before it does; how many have begun and not
  /// ended.
  Task<Result<int>> count_start(const bus::Job& job);

  /// What a call has stored of steps, with what becomes of its run.
  struct Steps {
    std::vector<StepResult> results;
    std::vector<PendingStep> pending;
    bool may_be_pending = false;  // of the results
  };
  /// The run has completed.
  Task<Result<>> complete(const bus::Job& job, std::string output, Steps steps);
  /// It is called again in `delay_ms`, as attempt `job.attempt`. `error`: an attempt has ended so.
  Task<Result<>> retry_later(const bus::Job& job, std::int64_t delay_ms, std::optional<Error> error,
                             Steps steps);
  /// It is called again when the first of its pending steps is due, but not before `delay_ms`.
  /// `has_failed`: an attempt at one of them has ended.
  Task<Result<>> park(const bus::Job& job, std::int64_t delay_ms, bool has_failed, Steps steps);
  /// The run is given up: a dead letter and, if its function is the one that fulfills the request,
  /// the request's `.failed` event.
  Task<Result<>> give_up(const bus::Job& job, const events::Event& event, const Error& error,
                         int attempts, Steps steps);
  /// A dead letter is tried again, with all its attempts; the steps that are done stay done. What
  /// waits for its next attempt, or sleeps, goes on at once. kNotFound: the user has no such run;
  /// kConflict: it has completed, is under way, or waits for an earlier run of its line.
  /// The run's function.
  Task<Result<bus::FunctionPtr>> retry_now(std::string user_id, Uuid run_id,
                                           const bus::Functions& functions);

 private:
  Result<events::NewEvent> failure_of(const bus::Job& job, const events::Event& event,
                                      const Error& error, int attempts) const;
  void write_pending(db::Tx& tx, const bus::Job& job, const Steps& steps);
  void forget_pending(db::Tx& tx, const Uuid& run_id);
  void revive(db::Tx& tx, bus::Job job);
  void hurry(db::Tx& tx, const bus::Job& job);

  db::Database& database_;
  bus::JobStore& jobs_;
  events::EventLog& log_;
  const events::EventTypes& types_;
  World& world_;
  EventWaits waits_;
};

}  // namespace synap::workers

// RunStore: the tables of runs, their step results and their jobs, as the workers use them. Each
// method that changes something is one transaction, and what it says about a run is all of it: a
// crash leaves the run as it was before or as it is after.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/world.h"
#include "bus/queue.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "workers/op.h"

namespace synap::workers {

class RunStore {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive the store.
  RunStore(db::Database& database, events::EventLog& log, const events::EventTypes& types,
           World& world = real_world())
      : database_(database), log_(log), types_(types), world_(world) {}

  db::Database& database() const { return database_; }
  World& world() const { return world_; }

  /// Within a transaction: stores results; one that is stored already stays as it is.
  void write_results(db::Tx& tx, const Uuid& run_id, std::span<const StepResult> results);
  Task<Result<StoredResults>> load_results(Uuid run_id);
  /// Within a transaction: the run has completed.
  void write_completion(db::Tx& tx, const Uuid& run_id, std::string_view output);

  /// All jobs of the table in the order of their events, a revived one's too: for the start. A job
  /// whose function is gone is left. None waits longer than was decided when it was put off,
  /// whatever the clock said then and says now.
  Task<Result<std::vector<bus::Job>>> load_jobs(const bus::Functions& functions);

  /// Counts that a call of the job begins, before it does; how many have begun and not ended.
  Task<Result<int>> count_start(Uuid run_id);

  /// The run has completed.
  Task<Result<>> complete(const bus::Job& job, std::string output, std::vector<StepResult> unsaved);
  /// The run is called again at `job.due_at`, `job.wait_ms` from now, as attempt `job.attempt`.
  Task<Result<>> retry_later(const bus::Job& job, const Error& error,
                             std::vector<StepResult> unsaved);
  Task<Result<>> sleep(const bus::Job& job, std::vector<StepResult> unsaved);
  /// The run is given up: a dead letter and, if its function is the one that fulfills the request,
  /// the request's `.failed` event.
  Task<Result<>> give_up(const bus::Job& job, const events::Event& event, const Error& error,
                         std::vector<StepResult> unsaved);
  /// A dead letter is tried again, with all its attempts; the steps that are done stay done.
  /// Nothing was done if the run has not ended: it has its job. kNotFound: the user has no such
  /// run; kConflict: it has completed.
  Task<Result<std::optional<bus::Job>>> revive(std::string user_id, Uuid run_id,
                                               const bus::Functions& functions);

 private:
  Result<events::NewEvent> failure_of(const bus::Job& job, const events::Event& event,
                                      const Error& error) const;

  db::Database& database_;
  events::EventLog& log_;
  const events::EventTypes& types_;
  World& world_;
};

}  // namespace synap::workers

// Dispatcher: turns events into runs. It observes the log: for every event that is appended it
// makes one run for each function that the event triggers, in the transaction that appends the
// event. So a run is made exactly once, and is on disk with its event for no sync of its own: the
// log is the outbox. What it looks at is the type and the owner: it runs nobody's code, and cannot
// fail for what an event says.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/timer.h"
#include "base/world.h"
#include "bus/function.h"
#include "bus/job_store.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::bus {

/// The tables `runs_data` (shared with the run store of the workers) and those of jobs.
std::vector<db::Database::Migration> migrations();

class Dispatcher {
 public:
  /// All must outlive the log's last append.
  Dispatcher(const Functions& functions, JobStore& jobs, World& world = real_world())
      : functions_(functions), jobs_(jobs), world_(world) {}

  /// Dispatches what is appended from now on. Once, before anything is.
  void observe(events::EventLog& log);

  /// Within a transaction: a run of this function for an event, whatever triggers it has; or it is
  /// put where it is looked at first, if the function needs admission.
  /// The id of the run, if it is made at once. `origin`: Admitted.
  std::optional<Uuid> start(db::Tx& tx, const FunctionPtr& function, const events::Event& event,
                            std::string_view origin = {});
  /// How a run begins that was looked at.
  struct Admitted {
    std::optional<Uuid> run_id = std::nullopt;  // default: a new one
    std::int64_t delay_ms = 0;
    std::vector<std::string> limit_keys = {};  // Job
    std::int64_t priority_ms = 0;              // Job
    /// Why there is the run, if it is not that the event triggered the function: JSON text.
    std::string origin = {};
  };
  /// The id of the run.
  Uuid make_run(db::Tx& tx, const FunctionPtr& function, const events::Event& event,
                Admitted admitted, bool may_be_behind_others);
  /// A run that is a dead letter from its beginning. `run_id`: what was to be its id, under which
  /// its events stand already.
  void make_dead_letter(db::Tx& tx, const FunctionPtr& function, const events::Event& event,
                        std::string_view error, std::optional<Uuid> run_id = std::nullopt);

  /// Grows when something is to be looked at: rows of `admissions`.
  Watermark& admissions() { return admissions_; }
  /// Another node may have put some there.
  void note_admissions() { admissions_.raise(++admission_count_); }

  const Functions& functions() const { return functions_; }
  JobClock& clock() { return jobs_.clock(); }

 private:
  void dispatch(db::Tx& tx, std::span<const events::EventRef> events);
  void put_to_admission(db::Tx& tx, const Function& function, const events::Event& event);
  std::int64_t insert_run(db::Tx& tx, const Function& function, const events::Event& event,
                          const Job& job, const std::optional<Uuid>& lane, std::string_view origin);
  const std::vector<FunctionPtr>& functions_for(const std::string& event_type);

  const Functions& functions_;
  JobStore& jobs_;
  World& world_;
  Watermark admissions_;
  std::atomic<std::int64_t> admission_count_{0};
  // Writer thread only.
  std::shared_ptr<const FunctionSet> set_;
  std::unordered_map<std::string, std::vector<FunctionPtr>> functions_by_type_;  // of set_
};

}  // namespace synap::bus

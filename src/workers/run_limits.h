// RunLimits: limits of whole runs (bus/flow.h): how many of them are there at a time, and how long
// one may take to begin and to end. A run is looked at before its calls, by whoever holds its job:
// one that has no place waits, parked, until the end of another gives it that one's, in the
// transaction of that end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "bus/dispatcher.h"
#include "bus/job_store.h"
#include "db/database.h"

namespace synap::workers {

class RunLimits {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  RunLimits(db::Database& database, bus::JobStore& jobs, const bus::Functions& functions,
            World& world)
      : database_(database), jobs_(jobs), functions_(functions), world_(world) {}

  /// Within a transaction: the run of `job` was made, or a dead letter is tried again.
  void note_made(db::Tx& tx, const bus::Job& job);
  /// Before a call of a job that is held: whether it may be called. If not, its job is parked until
  /// there is a place. kConflict: it is not held any more.
  Task<Result<bool>> begin(const bus::Job& job);
  /// Within a transaction: the run has ended; the next of those that wait for its place has it.
  void note_ended(db::Tx& tx, const Uuid& run_id);

  /// Ends a run, for this reason; it must outlive the limits.
  using Cancel = std::function<Task<Result<>>(std::string user_id, Uuid run_id, Error why)>;
  void on_timeout(Cancel cancel) { cancel_ = std::move(cancel); }
  /// Cancels runs whose time is over, until `stop` is asked for.
  Task<void> follow(std::stop_token stop);
  /// Another node may have put an earlier one.
  void look_again() { changes_.raise(++change_count_); }

 private:
  // Whose runs count together.
  struct Places {
    std::string function;
    std::string user_id;
    std::string key;
  };
  Task<Result<bool>> has_begun(const bus::Job& job);
  bool take_place(db::Tx& tx, const bus::Job& job);
  bool has_place(db::Tx& tx, const Places& places, std::int64_t limit) const;
  void hand_on(db::Tx& tx, const Places& places, std::int64_t most);
  void put_deadline(db::Tx& tx, const bus::Job& job, bool has_begun,
                    std::chrono::milliseconds timeout);
  // True: there may be more.
  Task<Result<bool>> cancel_due();

  db::Database& database_;
  bus::JobStore& jobs_;
  const bus::Functions& functions_;
  World& world_;
  Cancel cancel_;
  // What follow() waits for: who puts an earlier deadline wakes it.
  std::atomic<std::int64_t> next_due_{INT64_MAX};
  Watermark changes_;
  std::atomic<std::int64_t> change_count_{0};
};

}  // namespace synap::workers

// Admission: looks at events before they have runs, for functions that say when their runs begin
// and whether they do (bus/flow.h). The dispatcher has put a row where one is to be looked at, in
// the transaction of the event; here it is looked at, behind that, so that nobody's expression can
// hold up or fail what somebody else appends. Each row is settled in one transaction with what
// comes of it: a run, a place in a batch, or nothing, which is counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/task.h"
#include "base/world.h"
#include "bus/dispatcher.h"
#include "db/database.h"
#include "events/log.h"
#include "workers/run_maker.h"
#include "workers/run_store.h"
#include "workers/verdict.h"

namespace synap::workers {

/// What became of events that were looked at, since the start. Any thread.
struct AdmissionCounts {
  Counter admitted;   // has a run, or a part in one
  Counter filtered;   // no condition of a trigger is true
  Counter repeated;   // the key of idempotency was there in 24 hours
  Counter limited;    // beyond the rate
  Counter replaced;   // of those that wait for quiet, by one that came later
  Counter skipped;    // a run was there, and there may be one
  Counter dead;       // an expression failed: a dead letter
  Counter cancelled;  // runs that ended since another came
};

class Admission {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  Admission(db::Database& database, events::EventLog& log, bus::Dispatcher& dispatcher,
            RunStore& runs, RunMaker& maker, World& world)
      : database_(database),
        log_(log),
        dispatcher_(dispatcher),
        runs_(runs),
        maker_(maker),
        world_(world) {}

  /// Looks at what there is, and begins what has waited long enough, until `stop` is asked for.
  Task<void> follow(std::stop_token stop);

  const AdmissionCounts& counts() const { return counts_; }

 private:
  // One that has waited, and is due.
  struct Due {
    std::string function;
    std::string user_id;
    std::string key;
    std::int64_t position = 0;
    std::int64_t due_at = 0;
    std::optional<Uuid> run_id;  // of a batch
  };

  // One that waits to be looked at.
  struct Row {
    std::string user_id;
    std::int64_t position = 0;
    std::string function;
    std::int64_t due_at = 0;
  };

  Task<Result<std::vector<Row>>> next_rows();
  Task<Result<bool>> look();
  Task<Result<bool>> take_back();
  Task<Result<bool>> begin_due();
  Task<Result<>> begin_one(Due due);
  void settle(db::Tx& tx, const Judged& judged);
  void admit(db::Tx& tx, const Judged& judged);
  bool begin(db::Tx& tx, const Judged& judged, const RunMaker::Way& way,
             std::optional<Uuid> run_id);
  void refuse(db::Tx& tx, const Judged& judged, Counter& counter, const char* why);
  void refuse_run(db::Tx& tx, const Judged& judged, std::optional<Uuid> run_id, Counter& counter,
                  const char* why);
  void put_away(db::Tx& tx, const Judged& judged, std::optional<Uuid> run_id);
  void put_into_batch(db::Tx& tx, const Judged& judged);
  void wait_for_quiet(db::Tx& tx, const Judged& judged);
  void wait_until(db::Tx& tx, const Judged& judged, const std::string& key, std::int64_t position,
                  std::int64_t timestamp, std::int64_t due_at, std::int64_t last_at);
  void note_due(db::Tx& tx, std::int64_t due_at);
  std::int64_t now() const { return runs_.clock().now(); }

  db::Database& database_;
  events::EventLog& log_;
  bus::Dispatcher& dispatcher_;
  RunStore& runs_;
  RunMaker& maker_;
  World& world_;
  AdmissionCounts counts_;
  // Of follow(). Rows of functions that are gone are put away until they are back.
  std::string looked_at_user_;
  std::shared_ptr<const bus::FunctionSet> set_;
  std::optional<std::int64_t> next_due_;  // or earlier
  std::vector<std::string> come_;         // functions that were not there before
};

}  // namespace synap::workers

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
#include "workers/run_store.h"

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
            RunStore& runs, World& world)
      : database_(database), log_(log), dispatcher_(dispatcher), runs_(runs), world_(world) {}

  /// Looks at what there is, and begins what has waited long enough, until `stop` is asked for.
  Task<void> follow(std::stop_token stop);

  const AdmissionCounts& counts() const { return counts_; }

  /// A run that somebody asked for: for an event that has had its turn. What says whether events
  /// have runs (conditions, rates, idempotency) is not asked; how many go on at a time, and what
  /// cancels them, holds. `with` is called in the transaction that makes it. kConflict: a run is
  /// there, and there may be one.
  struct ByHand {
    bus::FunctionPtr function;
    events::EventRef event;
    Uuid run_id;
    std::string origin;  // bus::Dispatcher::Admitted
    std::function<void(db::Tx&)> with;
  };
  Task<Result<>> begin_by_hand(ByHand asked);
  /// Many in one transaction, those for which `is_wanted` says so in it, and whose functions are
  /// triggered by their events. Then `with` is told how many have runs, and how many have none.
  Task<Result<bool>> begin_many(
      std::vector<ByHand> asked, std::function<bool(db::Tx&, const ByHand&)> is_wanted,
      std::function<void(db::Tx&, std::int64_t made, std::int64_t left_out)> with);

 private:
  // What the expressions of a function say about an event.
  struct Verdict {
    bool is_triggered = true;
    std::int64_t timestamp = 0;  // as the function sees it
    std::optional<Error> error;
    bool is_batched = false;  // its batch takes it
    bool is_limited = true;   // the rate limit is about it
    std::string idempotency, rate, debounce, batch, singleton, throttle;  // keys
    std::vector<std::string> concurrency;  // of calls, and behind them of runs
    std::int64_t priority_ms = 0;
    std::vector<EventWait> cancels;  // of each Flow::cancel_on
  };
  // One to be looked at.
  struct Entry {
    bus::FunctionPtr function;
    events::EventRef event;
    Verdict verdict;
    std::int64_t due_at = 0;  // not before, by the clock of jobs
  };
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
  Task<Result<>> make_way(const bus::Function& function, const events::Event& event,
                          Verdict& verdict);
  Verdict judge(const bus::Function& function, const events::Event& event, bool has_waited) const;
  void settle(db::Tx& tx, const Entry& entry);
  void admit(db::Tx& tx, const Entry& entry);
  void begin(db::Tx& tx, const Entry& entry, std::optional<Uuid> run_id);
  void make(db::Tx& tx, const Entry& entry, std::optional<Uuid> run_id, std::string origin);
  void refuse(db::Tx& tx, const Entry& entry, Counter& counter, const char* why);
  bool take_rate(db::Tx& tx, const Entry& entry);
  bool take(db::Tx& tx, const Entry& entry, const char* kind, const std::string& key,
            std::int64_t limit, std::int64_t period_ms, std::int64_t at_once);
  std::int64_t reserve(db::Tx& tx, const Entry& entry);
  std::int64_t used_until(db::Tx& tx, const Entry& entry, const char* kind,
                          const std::string& key) const;
  void use_until(db::Tx& tx, const Entry& entry, const char* kind, const std::string& key,
                 std::int64_t until);
  void put_into_batch(db::Tx& tx, const Entry& entry);
  void wait_for_quiet(db::Tx& tx, const Entry& entry);
  void wait_until(db::Tx& tx, const Entry& entry, const std::string& key, std::int64_t position,
                  std::int64_t timestamp, std::int64_t due_at, std::int64_t last_at);
  void note_due(db::Tx& tx, std::int64_t due_at);
  std::optional<Uuid> holder(db::Tx& tx, const bus::Function& function, const std::string& user_id,
                             const std::string& key) const;
  std::int64_t now() const { return runs_.clock().now(); }

  db::Database& database_;
  events::EventLog& log_;
  bus::Dispatcher& dispatcher_;
  RunStore& runs_;
  World& world_;
  AdmissionCounts counts_;
  // Of follow(). Rows of functions that are gone are put away until they are back.
  std::string looked_at_user_;
  std::shared_ptr<const bus::FunctionSet> set_;
  std::optional<std::int64_t> next_due_;  // or earlier
  bool has_returned_ = false;             // functions may have come back
};

}  // namespace synap::workers

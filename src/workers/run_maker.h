// RunMaker: makes the runs of events about which the expressions of a function have spoken
// (verdict.h), with what its limits keep of each: a time by its throttle, the key of a singleton,
// what cancels it. Whether an event has a run is for others to say: the followers of the log
// (admission.h), and people (run_control.h, replays.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "bus/dispatcher.h"
#include "db/database.h"
#include "workers/flow_rates.h"
#include "workers/run_store.h"
#include "workers/verdict.h"

namespace synap::workers {

class RunMaker {
 public:
  /// All must outlive it.
  RunMaker(db::Database& database, bus::Dispatcher& dispatcher, RunStore& runs, World& world)
      : database_(database),
        dispatcher_(dispatcher),
        runs_(runs),
        world_(world),
        rates_(runs.jobs()) {}

  FlowRates& rates() { return rates_; }

  /// What must end before the run of a function that is the only one begins: the one that was there
  /// when it was looked.
  struct Way {
    std::optional<RunStore::Cancellation> cancellation;
  };
  enum class Begun : std::uint8_t {
    kYes,
    kTaken,  // a run is there, and there may be one: nothing is changed
    kStale,  // another run is there than the one that was: nothing is changed, look again
  };
  /// Before a transaction that begins its run.
  Task<Result<Way>> way_of(const Judged& judged);
  /// Within a transaction: makes its run, with this id if it has one, and ends the one that was in
  /// its way.
  Begun begin(db::Tx& tx, const Judged& judged, const Way& way, std::optional<Uuid> run_id,
              std::string origin);

  /// A run that somebody asked for: for an event that has had its turn. What says whether events
  /// have runs (conditions, rates, idempotency) is not asked; how many go on at a time, and what
  /// cancels them, holds.
  struct ByHand {
    bus::FunctionPtr function;
    events::EventRef event;
    Uuid run_id;
    std::string origin;  // bus::Dispatcher::Admitted
  };
  /// `with` is called in the transaction that makes it. kConflict: a run is there, and there may be
  /// one.
  Task<Result<>> begin_by_hand(ByHand asked, std::function<void(db::Tx&)> with);
  /// Many in one transaction, those for which `is_wanted` says so in it, and whose functions are
  /// triggered by their events. One at most of a function whose newest run ends the others. Then
  /// `with` is told how many have runs, and how many have none.
  Task<Result<>> begin_many(
      std::vector<ByHand> asked, std::function<bool(db::Tx&, const ByHand&)> is_wanted,
      std::function<void(db::Tx&, std::int64_t made, std::int64_t left_out)> with);

  /// Of a dead letter's function and event: before revive().
  Judged judge_again(bus::FunctionPtr function, events::EventRef event) const;
  /// Within a transaction: a dead letter of the user's is tried again, under the limits that hold
  /// for its event now; it ends no other run. kConflict: it is none (any more), or a run of its
  /// function is there, and there may be one; or what an expression of the function failed with.
  /// Then nothing is changed.
  Result<> revive(db::Tx& tx, const Judged& judged, const Uuid& run_id);

 private:
  static std::optional<Uuid> holder(db::Tx& tx, const Judged& judged);
  static void hold(db::Tx& tx, const Judged& judged, const Uuid& run_id);
  void wait_for_cancels(db::Tx& tx, const Judged& judged, const bus::Job& job);

  db::Database& database_;
  bus::Dispatcher& dispatcher_;
  RunStore& runs_;
  World& world_;
  FlowRates rates_;
};

}  // namespace synap::workers

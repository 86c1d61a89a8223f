// RunStore: the tables of runs and of their steps, as the workers use them. Each method that
// changes something is one transaction, and what it says about a run is all of it, its job too: a
// crash leaves the run as it was before or as it is after. Where the claim of the job is not the
// last one (bus/job_store.h), nothing is changed and the answer is kConflict.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/world.h"
#include "bus/dispatcher.h"
#include "bus/job_store.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "workers/event_waits.h"
#include "workers/node_lease.h"
#include "workers/op.h"
#include "workers/run_events.h"
#include "workers/run_limits.h"

namespace synap::workers {

class RunStore {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive the store.
  RunStore(db::Database& database, bus::JobStore& jobs, bus::Dispatcher& dispatcher,
           events::EventLog& log, const events::EventTypes& types, World& world = real_world(),
           Tracer* tracer = nullptr)
      : database_(database),
        jobs_(jobs),
        dispatcher_(dispatcher),
        log_(log),
        world_(world),
        tracer_(tracer),
        waits_(database, jobs, log, world),
        limits_(database, jobs, dispatcher.functions(), world),
        events_(types, dispatcher.functions(), waits_) {
    waits_.on_cancel([this](std::string user_id, Uuid run_id) {
      return cancel(std::move(user_id), run_id, std::nullopt);
    });
    limits_.on_timeout([this](std::string user_id, Uuid run_id, Error why) {
      return cancel(std::move(user_id), run_id, std::nullopt, std::move(why));
    });
    waits_.view_by([this](std::string_view id, const events::Event& event) {
      const auto function = dispatcher_.functions().find(id);
      return function != nullptr ? bus::view_of(*function, event) : bus::event_view(event);
    });
  }

  db::Database& database() const { return database_; }
  bus::JobStore& jobs() const { return jobs_; }
  EventWaits& waits() { return waits_; }
  RunLimits& limits() { return limits_; }
  RunEvents& events() { return events_; }
  events::EventLog& log() { return log_; }
  bus::JobClock& clock() const { return jobs_.clock(); }
  World& world() const { return world_; }
  /// Null: there are no traces.
  Tracer* tracer() const { return tracer_; }
  /// In [0, 1).
  double random() const;
  /// Before anything else, of one of many nodes.
  void share(NodeLease lease) { lease_ = std::move(lease); }
  /// By it this process has the jobs that it has claimed.
  const NodeLease& lease() const { return lease_; }
  /// Is called within each transaction in which a run ends, however it does. Once, at the start.
  using HearEnd = std::function<void(db::Tx&, const bus::Job&, const EndOfRun&)>;
  void on_end(HearEnd hear) { hear_end_ = std::move(hear); }

  /// Within a transaction of whoever holds the job: stores results; one that is stored already
  /// stays as it is. How many were not.
  std::int64_t write_results(db::Tx& tx, const bus::Job& job, std::span<const StepResult> results,
                             bool may_be_pending);
  /// The same for a run that stores its own, and needs no number. What an app's run has may be
  /// stored already, since the app reports it as well; of the pod's own functions it is not asked.
  void write_own_results(db::Tx& tx, const bus::Job& job, std::span<const StepResult> results,
                         bool may_be_pending);
  /// Stores one whose effect is in this transaction: kConflict if it is stored already.
  void write_result_once(db::Tx& tx, const bus::Job& job, const StepResult& result,
                         bool may_be_pending);
  Task<Result<StoredResults>> load_results(Uuid run_id);
  /// The events of a run that was begun for a batch, in their order.
  Task<Result<std::vector<events::EventRef>>> load_events(Uuid run_id);
  /// Within a transaction: what asked for a run by `event`, if something did, is told that there is
  /// none.
  void refuse_invoked(db::Tx& tx, const events::Event& event, const Error& error);
  /// Within a transaction: the run has ended so.
  void write_end(db::Tx& tx, const bus::Job& job, const EndOfRun& end, bool may_be_pending);
  /// The time of a wait is over: stores that it is, with this memo as the run's result `place`,
  /// unless what it waits for came meanwhile. What the wait has come to: its memo.
  Task<Result<std::string>> end_wait(const bus::Job& job, StepResult over);

  /// Counts that a call of a job that was found begins, before it does; how many have begun and not
  /// ended.
  Task<Result<int>> count_start(const bus::Job& job);

  /// What a call has stored of steps, with what becomes of its run.
  struct Steps {
    std::vector<StepResult> results;
    std::vector<PendingStep> pending;
    bool may_be_pending = false;  // of the results
    /// Of prepare(): the events that ask for runs, in the order of the steps that do.
    std::vector<Result<events::NewEvent>> asked = {};
  };
  /// Makes the events of steps that ask for runs: before `steps` are handed to one of those below.
  void prepare(const bus::Job& job, const events::Event& event, Steps& steps) const;

  /// The run has completed.
  Task<Result<>> complete(const bus::Job& job, const events::Event& event, std::string output,
                          Steps steps);
  /// Stores steps that are done and begun while the call goes on; runs that they ask for are made.
  Task<Result<>> begin_steps(const bus::Job& job, const events::Event& event, Steps steps);
  /// It is called again in `delay_ms`, as attempt `job.attempt`. `error`: an attempt has ended so.
  Task<Result<>> retry_later(const bus::Job& job, std::int64_t delay_ms, std::optional<Error> error,
                             Steps steps);
  /// It is called again when the first of its pending steps is due, but not before `delay_ms`.
  /// `has_failed`: an attempt at one of them has ended. Runs that its steps ask for are made.
  Task<Result<>> park(const bus::Job& job, std::int64_t delay_ms, bool has_failed, Steps steps);
  /// Of a job that is away: what its call has stored of steps is kept, and the node that leads
  /// calls again.
  Task<Result<>> give_back(const bus::Job& job, Steps steps);
  /// The run is given up: a dead letter and, if its function is the one that fulfills the request,
  /// the request's `.failed` event.
  Task<Result<>> give_up(const bus::Job& job, const events::Event& event, const Error& error,
                         int attempts, Steps steps);
  /// What waits for its next attempt, or sleeps, goes on at once; `with` is called in the same
  /// transaction. The run's function. kNotFound: the user has no such run; kConflict: it has ended,
  /// is under way, or waits for an earlier run of its line.
  Task<Result<bus::FunctionPtr>> hurry(std::string user_id, Uuid run_id,
                                       std::function<void(db::Tx&)> with);
  /// Within a transaction: a dead letter of the user's is tried again, with all its attempts, under
  /// these keys of its function's limits; the steps that are done stay done. Its job. Nothing, and
  /// nothing is changed: it is none.
  std::optional<bus::Job> revive(db::Tx& tx, const std::string& user_id, const Uuid& run_id,
                                 bus::FunctionPtr function, std::vector<std::string> limit_keys,
                                 std::int64_t priority_ms);
  /// Within a transaction: somebody has put it away. False: it is no dead letter of the user's.
  static bool discard(db::Tx& tx, const std::string& user_id, const Uuid& run_id);
  /// The run is not called any more; a call that is under way stores nothing. `actor`: who wants
  /// it. kNotFound: the user has no such run; kConflict: it has ended.
  Task<Result<>> cancel(std::string user_id, Uuid run_id, std::optional<events::Actor> actor,
                        Error why = {Code::kClientClosedRequest, "The run was cancelled", nullptr});
  /// The same in two parts: what is made before a transaction, and what happens in it. False: the
  /// run has ended.
  struct Cancellation {
    bus::Job job;
    EndOfRun end;
    events::EventRef event;  // which the end points to
  };
  Task<Result<Cancellation>> cancellation_of(std::string user_id, Uuid run_id,
                                             std::optional<events::Actor> actor = std::nullopt,
                                             Error why = {Code::kClientClosedRequest,
                                                          "The run was cancelled", nullptr});
  bool cancel(db::Tx& tx, const Cancellation& cancellation);
  /// True, once: the run was cancelled while somebody was about to call it.
  bool take_cancelled(const Uuid& run_id);

 private:
  void note_cancelled(const Uuid& run_id);
  // This one of many, by its name.
  std::optional<std::string_view> node() const {
    const auto& name = jobs_.node_name();
    return name.empty() ? std::nullopt : std::optional<std::string_view>(name);
  }
  void note_done(db::Tx& tx, const bus::Job& job, const StepResult& result, std::int64_t now);
  void note_attempt(db::Tx& tx, const bus::Job& job, const PendingStep& step);
  std::optional<bus::Job> find_job(db::Tx& tx, const std::string& user_id,
                                   const Uuid& run_id) const;
  void answer_asker(db::Tx& tx, const EndOfRun::Asker& asker);
  /// What is begun and not done of the step, and of those that it gives up.
  void forget_pending_of(db::Tx& tx, const Uuid& run_id, const StepResult& result);
  void write_attempt(db::Tx& tx, const bus::Job& job, const StepHash* step, std::string_view name,
                     std::int64_t began_at, std::string_view error);
  bool write_pending(db::Tx& tx, const bus::Job& job, const Steps& steps);
  std::optional<Error> begin_invoked(db::Tx& tx, const bus::Job& job, const PendingStep& step,
                                     const Result<events::NewEvent>& asked);
  std::optional<Error> begin_signal_wait(db::Tx& tx, const bus::Job& job, const PendingStep& step);
  bool answer(db::Tx& tx, const bus::Job& job, const StepHash& step, std::string_view memo);
  void forget_pending(db::Tx& tx, const Uuid& run_id);

  db::Database& database_;
  bus::JobStore& jobs_;
  bus::Dispatcher& dispatcher_;
  events::EventLog& log_;
  World& world_;
  Tracer* const tracer_;
  EventWaits waits_;
  RunLimits limits_;
  RunEvents events_;
  HearEnd hear_end_ = nullptr;
  NodeLease lease_;
  std::atomic<int> cancelled_count_{0};
  std::mutex mutex_;
  std::unordered_set<Uuid> cancelled_;  // and claimed at the time
};

}  // namespace synap::workers

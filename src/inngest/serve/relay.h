// Relay: hands the events of the log to the Inngest server that is the bus: a follower with its own
// checkpoint. Each event is posted with its own id, at least once; the server tells repeats by it.
// The checkpoint follows only when the server has said that it has an event, so while it is away
// nothing is lost and nothing is spent: the relay lags, says so, and tries again, later and later.
//
//   pod                           Inngest
//   type                          name, behind a prefix if one is set
//   id                            id
//   timestamp, data, dataVersion  ts, data, v
//   userId                        user.id
//   the rest of its header        user.synap: id, position, line, aggregateId, aggregateType, ...
//
// Data of more than kDataBytesMax stay in the pod, which reads them from the log when it is called;
// `data` then is {"_synap":{"omittedBytes":n}}.
//
// Functions that take the events of an aggregate in their order have one of them under way at a
// time: the others are held here, since Inngest keeps no order.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/task.h"
#include "events/log.h"
#include "events/types.h"
#include "inngest/serve/bus_history.h"
#include "inngest/serve/served_functions.h"
#include "inngest/serve/served_store.h"
#include "inngest/serve/upstream.h"

namespace synap::inngest {

struct RelayOptions {
  std::chrono::milliseconds pause{1'000};  // after the first failure; then twice as long each time
  std::chrono::milliseconds pause_max{30'000};
  /// How often it is made sure that the server knows the functions: one that keeps them in memory
  /// forgets them when it is started anew.
  std::chrono::milliseconds registration_interval{60'000};
  /// An event of a line whose run has not ended by then is posted again: a server that keeps its
  /// runs in memory may have lost it. One that has it takes it for a repeat.
  std::chrono::milliseconds handed_again_after{3'600'000};
};

class Relay {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    events::EventLog& log;
    const events::EventTypes& types;
    ServedStore& store;
    Upstream& upstream;
    const ServedFunctions& functions;
    World& world;
  };
  Relay(RelayOptions options, BusHistory history, Rooms rooms)
      : options_(options), history_(std::move(history)), rooms_(rooms) {}

  /// Until `stop` is asked for.
  Task<void> run(std::stop_token stop);
  /// Events of this type are posted from now on: a run waits for one. Kept.
  Task<Result<>> hear(std::string type);
  /// The pod's functions are registered with the server. Whether that was news.
  Task<Result<bool>> register_app(Upstream::Asked asked_by = {}, std::stop_token stop = {});

  /// How far it is. Any thread.
  struct Progress {
    std::int64_t lag = 0;   // events of the log that were not looked at
    std::int64_t held = 0;  // that wait for those before them in their line
    bool is_down = false;   // the server did not take what was sent last
    std::string problem;    // of is_down: a sentence
  };
  Progress progress() const;

  /// Of a pod that has no relay any more: how many events it was still to look at, or to hand over.
  static Task<Result<std::int64_t>> left_behind(db::Database& database, events::EventLog& log,
                                                const BusHistory& history);
  struct Counts {
    Counter posted;
    Counter failures;  // requests that have failed
    Counter refused;   // events that the server will not take
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Batch;
  struct Posted;
  static std::int64_t lag_of(const BusHistory& history, std::int64_t position, std::int64_t end);
  Task<Result<>> load();
  Task<Result<Batch>> next_batch();
  Task<Result<>> prepare(Batch& batch);
  Task<Result<>> post(Batch& batch, std::stop_token stop);
  Task<Result<>> settle(const Batch& batch);
  Task<Result<>> signal(const events::Event& event, std::stop_token stop);
  Task<Result<>> refuse(const Posted& one, const Error& error);
  Task<bool> turn(std::stop_token stop);
  std::string text_of(const Posted& one) const;
  bool is_wanted(std::string_view type) const;
  void note(const Result<>& result);

  const RelayOptions options_;
  const BusHistory history_;
  const Rooms rooms_;
  Counts counts_;
  std::atomic<std::int64_t> position_{0};
  std::atomic<std::int64_t> saved_{0};
  std::atomic<std::int64_t> held_{0};
  std::int64_t held_looked_to_ = 0;                       // of run() alone
  std::optional<SteadyClock::time_point> registered_at_;  // of the coroutine of run()
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> heard_;  // beside what functions hear
  std::string problem_;
  std::atomic<bool> is_down_{false};
};

/// What a user's signal is called there, where all users share the names.
std::string signal_name(std::string_view user_id, std::string_view signal);

}  // namespace synap::inngest

// Nodes: this one among the nodes of its pod (db/postgres/nodes.h). Once a second it shows that it
// is there and looks at the others: one that has shown nothing for a lease is taken for dead and
// removed, after which it can write no more. Where nobody leads it leads.
//
// From their rows it knows whether they have changed anything since the last look, so of what
// nobody has told of nothing else has to be asked for while they have not.
//
// What calls others, and cannot be taken back, begins only while this one cannot have been removed:
// a process that stood still, or a machine that slept, shows itself before it goes on.
//
// How long another has been silent is counted by this node's own steady clock, while its own looks
// succeed: so clocks that differ, and a database that was away for all, remove nobody.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/background.h"
#include "base/executor.h"
#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "bus/job_clock.h"
#include "db/database.h"
#include "db/postgres/nodes.h"
#include "workers/run_sharing.h"

namespace synap::pod {

/// How many jobs each node takes, as it is handed out by (workers/run_sharing.h).
std::vector<workers::NodeWork> node_work(db::Tx& tx);

class Nodes {
 public:
  struct Options {
    std::int64_t number = 0;  // this one
    std::chrono::milliseconds lease{10'000};
  };
  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    bus::JobClock& clock;  // is set by the database's
    World& world;
    /// db::postgres::PostgresDatabase::shown_at().
    std::function<std::chrono::nanoseconds()> shown_at;
    /// In the transaction of each look; may be called again for one that failed.
    std::function<void(db::Tx&)> also_look = [](db::Tx&) {};
    /// Behind a look: others have changed something since the one before, or come, or gone.
    std::function<void()> others_have_changed = [] {};
    /// Behind each look: those that are there.
    std::function<void(const std::vector<db::postgres::Node>&)> have_looked = [](const auto&) {};
  };
  Nodes(Options options, Rooms rooms);
  ~Nodes() { stop(); }

  /// One look, after which this one leads if nobody did; blocks. Before start().
  Result<> look_first();
  bool leads() const { return leads_; }
  std::int64_t number() const { return options_.number; }

  /// Looks from now on.
  void start() { looks_.begin(look_on()); }
  /// What is committed there, which is no connection of this node's writer, others are to see as a
  /// change of this one. `commits` must outlive the looks. Any thread.
  void also_count(Watermark& commits) { counted_ = &commits; }
  /// From now on this one leads where nobody does. `begin`: called on a thread of its own then, and
  /// again after a second for as long as it fails.
  void lead_when_free(std::function<Result<>()> begin);
  /// It does not begin to any more; waits for what it has begun with.
  void lead_no_more();
  void stop();

  /// As the database has them now, and how many jobs each has claimed, by its number.
  struct List {
    std::vector<db::postgres::Node> all;
    std::map<std::int64_t, std::int64_t> jobs;
  };
  Task<Result<List>> list();
  /// Within a transaction: whether others are there.
  bool has_others(db::Tx& tx) const;
  std::chrono::milliseconds lease() const { return options_.lease; }
  /// Others cannot have removed this one: so says the time since it has shown itself last, and asks
  /// nobody. What begins now begins before they give it to somebody else. Any thread.
  bool holds_lease() const;
  /// Where it does not, it shows itself first. kServiceUnavailable: it was removed, or the database
  /// cannot be reached.
  Task<Result<>> hold_lease();

 private:
  // What is known of another.
  struct Known {
    std::int64_t commits = -1;
    SteadyClock::time_point since;  // they are so
    std::optional<SteadyClock::time_point> gone_since;
  };
  enum class May : std::uint8_t { kLead, kNotLead };
  Task<Result<>> look(May may);
  bool is_dead(const db::postgres::Node& node, SteadyClock::time_point now) const;
  void note(const db::postgres::NodesNow& seen, SteadyClock::time_point now);
  bool have_others_changed(const std::vector<db::postgres::Node>& nodes);
  May may_lead();
  Task<void> look_on();
  bool turn_of_leading(const std::function<Result<>()>& begin);

  const Options options_;
  const Rooms rooms_;
  std::atomic<bool> leads_{false};
  // Of one look at a time.
  std::map<std::int64_t, Known> known_;
  SteadyClock::time_point looked_at_{};
  bool is_first_ = true;
  std::map<std::int64_t, std::int64_t> others_changes_;  // by number
  std::int64_t has_counted_ = 0;                         // of counted_
  std::atomic<Watermark*> counted_{nullptr};
  std::mutex mutex_;
  std::function<Result<>()> begin_;  // null: it is not to lead

  const std::unique_ptr<Executor> executor_;
  Background looks_{*executor_};
  std::atomic<bool> is_over_{false};
  std::unique_ptr<WorldThread> leading_;  // blocks, and looks go on meanwhile
};

}  // namespace synap::pod

// Work: functions that use every kind of step and of flow control, orders for them, and what must
// be true of a run engine that has done them all, whatever happened to it meanwhile. What they do
// is recorded where no crash takes anything away: in tables, in the transactions of the steps, and
// at a Witness.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "workers/engine.h"

namespace synap::engine_work {

inline constexpr int kShops = 5;          // whose orders are in a line
inline constexpr int kOrdersOfGroup = 3;  // of one key of idempotency

/// Outlives every engine that the work is done by, one after another. Any thread.
class Witness {
 public:
  Witness() = default;
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  virtual ~Witness() = default;

  /// A step is about to have its effect outside: "RUN STEP".
  virtual void see_effect(const std::string& key) = 0;
  /// Something is wrong.
  virtual void see_wrong(const std::string& what) = 0;
};

class Work {
 public:
  static std::vector<db::Database::Migration> migrations();
  static void add_types(events::EventTypes& types);

  /// All must outlive it. Wraps the driver of each function, if there is something to wrap it in.
  using Wrap = std::function<std::shared_ptr<workers::Driver>(std::shared_ptr<workers::Driver>)>;
  Work(db::Database& database, events::EventLog& log, events::EventTypes& types,
       workers::Engine& engine, Witness& witness, World& world = real_world(), Wrap wrap = nullptr);
  ~Work();

  /// Before the engine is started: adds the functions.
  Task<Result<>> prepare();
  /// Places an order; what was answered is on disk.
  Task<Result<>> place(std::int64_t number);
  /// What people do: cancels some of what only ends when somebody does, and tries again what was
  /// given up since its process ended again and again.
  Task<Result<>> attend();
  /// Nothing is left to do.
  Task<Result<bool>> is_idle();
  /// Some of what is left, for people.
  Task<std::string> what_is_left();
  Task<Result<std::int64_t>> count(std::string sql);

  /// A sentence for each thing that is not as it must be, of an engine at rest. `placed`: orders
  /// that were answered. Where the wall clock was set, nothing is said of what it is compared with.
  Task<std::vector<std::string>> judge(std::vector<std::int64_t> placed, bool was_clock_set);

 private:
  class Functions;

  db::Database& database_;
  events::EventLog& log_;
  events::EventTypes& types_;
  workers::Engine& engine_;
  Witness& witness_;
  World& world_;
  const Wrap wrap_;
  std::unique_ptr<Functions> functions_;
  std::mutex mutex_;
  std::map<std::int64_t, int> calling_;  // shops: calls of `lone` under way
  std::set<Uuid> ended_;                 // runs, before the start
};

}  // namespace synap::engine_work

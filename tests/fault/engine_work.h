// The pod that engine_kills kills: database, log, bus and workers on a directory, and functions
// that use every kind of step and of flow control. What it does is recorded where a kill takes
// nothing away: in tables, in the transactions of the steps, and in a file that is synced line by
// line.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/executor.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "workers/engine.h"

namespace synap::kills {

inline constexpr int kShops = 5;          // whose orders are in a line
inline constexpr int kOrdersOfGroup = 3;  // of one key of idempotency

/// A file to which lines are added for good.
class Ledger {
 public:
  explicit Ledger(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  void add(const std::string& line);

 private:
  const int file_;
  std::mutex mutex_;
};

class Pod {
 public:
  explicit Pod(const std::string& directory);
  ~Pod();

  /// Begins to do what there is.
  void start();
  /// Places one order, and says so in the file `acks` when that is on disk.
  void place(std::int64_t number);
  /// Cancels what only ends when somebody does.
  void cancel_stuck();
  /// Nothing is left to do.
  bool is_idle();
  std::int64_t count(const std::string& sql);

  db::Database& database() { return *database_; }
  events::EventLog& log() { return *log_; }
  Executor& executor() { return executor_; }

 private:
  friend class Functions;
  void add_functions();
  void note_finished();

  ThreadExecutor executor_{"kills"};
  Ledger acks_;
  Ledger effects_;
  Ledger wrong_;
  events::EventTypes types_;
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  std::optional<workers::Engine> engine_;
  std::mutex mutex_;
  std::map<std::int64_t, int> calling_;  // shops: calls of `lone` under way
  std::set<std::string> finished_;       // "RUN STEP", and "RUN" of those that have ended
};

/// A sentence for each thing that is not as it must be, of a pod at rest.
std::vector<std::string> judge(Pod& pod, const std::string& directory);

}  // namespace synap::kills

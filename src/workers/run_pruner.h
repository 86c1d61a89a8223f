// RunPruner: takes away runs that have ended long ago, or of which there are too many, with their
// steps and attempts. Never what is in the log, never a run that goes on, and dead letters only
// where that is asked for: somebody may still want to try them again.
//
// The oldest are those that ended first. A round costs what has ended since the last one and what
// is taken away, and not what there is: what has been measured is counted as it comes and goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "base/metrics.h"
#include "base/task.h"
#include "base/world.h"
#include "db/database.h"

namespace synap::workers {

struct RunRetention {
  /// Runs that ended longer ago go; 0: none does for its age.
  std::chrono::milliseconds age{0};
  /// Of the runs of the pod that have ended, so many stay, the newest; 0: all.
  std::int64_t count_max = 0;
  /// Those that stay may take so many bytes, with what is stored of their steps; 0: any. Data as
  /// texts are counted: what the database needs beside them is not.
  std::int64_t bytes_max = 0;
  /// Dead letters go as others do.
  bool takes_dead_letters = false;
};

class RunPruner {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  RunPruner(RunRetention retention, db::Database& database, World& world)
      : retention_(retention), database_(database), world_(world) {}

  /// Takes away what is to go by now, in slices. How many were taken away.
  Task<Result<std::int64_t>> round(std::stop_token stop);
  /// Some time after the start, and each hour, until `stop` is asked for.
  Task<void> run(std::stop_token stop);

  /// How many runs were taken away since the start. Any thread.
  const Counter& pruned() const { return pruned_; }

 private:
  std::span<const std::int64_t> kinds() const;
  Task<Result<>> measure(std::stop_token stop);
  std::vector<Uuid> next(db::Tx& tx, std::int64_t oldest) const;

  const RunRetention retention_;
  db::Database& database_;
  World& world_;
  Counter pruned_;
};

}  // namespace synap::workers

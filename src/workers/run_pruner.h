// RunPruner: takes away runs that have ended long ago, or of which there are too many, with their
// steps and attempts. Never what is in the log, never a run that goes on, and dead letters only
// where that is asked for: somebody may still want to try them again.
//
// Runs have ids that grow with the time at which they were made, so the oldest are first in their
// table, and what goes is found without an index of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

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
  /// All must outlive it.
  RunPruner(RunRetention retention, db::Database& database, World& world)
      : retention_(retention), database_(database), world_(world) {}

  /// Goes through all runs once, in slices. How many were taken away.
  Task<Result<std::int64_t>> round(std::stop_token stop);
  /// Some time after the start, and each hour, until `stop` is asked for.
  Task<void> run(std::stop_token stop);

  /// How many runs were taken away since the start. Any thread.
  const Counter& pruned() const { return pruned_; }

 private:
  struct Slice;
  struct Ended {
    std::int64_t count = 0;
    std::int64_t bytes = 0;
  };
  Task<Result<Ended>> count_ended(std::stop_token stop);
  Task<Result<>> measure(std::stop_token stop);
  bool may_go(std::string_view status) const;

  const RunRetention retention_;
  db::Database& database_;
  World& world_;
  Counter pruned_;
};

}  // namespace synap::workers

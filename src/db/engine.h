// Engine: a Database as whoever opened it has it: it can be closed, and says what it has done.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/metrics.h"
#include "base/timer.h"
#include "db/database.h"

namespace synap::db {

/// The file in which SQLite keeps changes before they are part of the database.
struct LogOfChanges {
  std::int64_t bytes = 0;
  std::int64_t bytes_max = 0;    // writes wait rather than that it passes this
  std::int64_t checkpoints = 0;  // how often it was moved into the database
};

/// What was done since the database was opened, and how much waits now.
struct Statistics {
  std::int64_t commits = 0;
  std::int64_t closures = 0;               // that were part of them
  std::chrono::nanoseconds commit_time{};  // from COMMIT to its answer, the sync included
  std::size_t waiting_writes = 0;          // those of people and of workers, not yet in a group
  std::size_t waiting_reads = 0;
  // Of an engine that syncs by itself; a server does that, and does not say when.
  std::int64_t syncs = 0;  // of the log of changes
  std::chrono::nanoseconds sync_time{};
  std::optional<LogOfChanges> log_of_changes;
  std::int64_t rests = 0;  // how often a connection gave back its pages, having nothing to do
  // Of an engine that writes to a disk by itself; absent: it has never been so.
  std::optional<std::chrono::nanoseconds> since_refused;  // that the disk would not take a commit
  // Of an engine that is asked over a network.
  std::int64_t round_trips = 0;  // how often the writer has waited for an answer
};

/// How what was done is spread, of the writer. Any thread reads.
struct Spread {
  static constexpr std::array<std::int64_t, 10> kGroupBounds = {1,  2,  4,   8,   16,
                                                                32, 64, 128, 256, 512};
  Histogram commit_time = Histogram::of_latency();  // from COMMIT to its answer, the sync included
  Histogram sync_time = Histogram::of_latency();    // of the log of changes, in commits
  Histogram group_closures{Histogram::Unit::kCount, kGroupBounds};  // that were one commit
};

class Engine : public Database {
 public:
  /// Finishes what is queued, while all that its closures use is still there; what comes later is
  /// answered kServiceUnavailable.
  virtual void close() = 0;

  /// Any thread. The parts may be of different moments.
  virtual Statistics statistics() const = 0;
  virtual const Spread& spread() const = 0;
  /// How many groups have been committed: for those who look at rows of others again whenever some
  /// may have changed. It grows when their Tx::on_commit has run.
  virtual Watermark& commits() = 0;
};

}  // namespace synap::db

// Store: where a scenario keeps its events, runs and jobs. Each engine has a program of its own
// with all transcripts, and its make_store().
#pragma once

#include <memory>
#include <vector>

#include "base/timer.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::scenarios {

/// A database and the log in it, as long as one pod runs.
class OpenStore {
 public:
  virtual ~OpenStore() = default;
  virtual db::Database& database() = 0;
  virtual events::EventLog& log() = 0;
  virtual Watermark& commits() = 0;
  virtual void close() = 0;
};

/// What outlives a pod.
class Store {
 public:
  virtual ~Store() = default;
  /// With the tables of the log, and those of `more`.
  virtual std::unique_ptr<OpenStore> open(const std::vector<db::Database::Migration>& more) = 0;
};

std::unique_ptr<Store> make_store();

}  // namespace synap::scenarios

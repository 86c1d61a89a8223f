// Appenders: an event log alone, in a directory of its own or in a database of a PostgreSQL server,
// and coroutines that each append one event of 1 KiB after another to a stream of its own, every
// answer durable.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "db/engine.h"
#include "events/log.h"
#include "events/types.h"

namespace synap::bench {

/// Owns its directory: what is there before and after is deleted.
class Appenders {
 public:
  static Result<std::unique_ptr<Appenders>> open(std::string directory);
  /// One of many nodes, by this name. The first makes the tables.
  static Result<std::unique_ptr<Appenders>> open_node(std::string url, std::string name);
  ~Appenders();
  Appenders(const Appenders&) = delete;
  Appenders& operator=(const Appenders&) = delete;

  /// Appends with `in_flight` coroutines on a thread of their own, from when `meanwhile` is called,
  /// on another thread, until it returns. Gives the seconds until the last was answered.
  double run(int in_flight, const std::function<void()>& meanwhile);

  std::int64_t appended() const { return appended_; }
  std::int64_t failed() const { return failed_; }
  db::Statistics statistics() const { return database_->statistics(); }

 private:
  explicit Appenders(std::string directory) : directory_(std::move(directory)) {}
  Task<bool> append_until_stopped();

  std::string directory_;
  std::unique_ptr<db::Engine> database_;
  std::unique_ptr<events::EventLog> log_;
  events::EventTypes types_;
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> appended_{0};
  std::atomic<std::int64_t> failed_{0};
};

}  // namespace synap::bench

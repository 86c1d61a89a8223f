// Appenders: an event log alone in a directory of its own, and coroutines that each append one
// event of 1 KiB after another to a stream of its own, every answer durable.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "events/types.h"

namespace synap::bench {

/// Owns the directory: what is there before and after is deleted.
class Appenders {
 public:
  static Result<std::unique_ptr<Appenders>> open(std::string directory);
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
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  events::EventTypes types_;
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> appended_{0};
  std::atomic<std::int64_t> failed_{0};
};

}  // namespace synap::bench

// EngineUnderLoad: an event log and a run engine in a directory of their own, with one function,
// as a pod has them: events are appended, and what each is for is done.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "events/types.h"
#include "workers/engine.h"

namespace synap::bench {

/// Owns the directory: what is there before and after is deleted. One thread uses it.
class EngineUnderLoad {
 public:
  enum class Kind : std::uint8_t {
    kThreeSteps,  // three steps, each of them memoized: on disk before the next begins
    kNothing,     // the function ends at once
  };
  static Result<std::unique_ptr<EngineUnderLoad>> open(std::string directory, Kind kind);
  ~EngineUnderLoad();
  EngineUnderLoad(const EngineUnderLoad&) = delete;
  EngineUnderLoad& operator=(const EngineUnderLoad&) = delete;

  /// Appends so many events, `in_flight` at a time, until the last is on disk.
  void append(int count, int in_flight);
  /// Until no run is left that has not ended, and stored so.
  void wait_for_ends();
  /// Runs are made, and wait; and go on.
  void pause() { engine_->functions.pause(kFunction); }
  void resume();

  /// Of each run since the last call, in ms: from its append to the first line of its first step.
  std::vector<double> take_delays();
  /// Appends that failed, runs that did not complete at their first call, steps that did not run
  /// once.
  std::int64_t wrong();

 private:
  static constexpr const char* kFunction = "bench.work";
  class Handler;

  explicit EngineUnderLoad(std::string directory) : directory_(std::move(directory)) {}
  Task<bool> append_some(std::atomic<int>& left);
  std::int64_t number(std::string_view sql);
  Task<Result<std::int64_t>> asked(std::string_view sql);
  void note_begun(const events::Event& event);

  std::string directory_;
  events::EventTypes types_;
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  std::optional<workers::Engine> engine_;
  ThreadExecutor executor_{"appenders"};
  std::int64_t appended_ = 0;
  std::atomic<std::int64_t> failed_{0};
  std::atomic<std::int64_t> steps_done_{0};
  bool has_steps_ = false;
  std::mutex mutex_;
  std::vector<double> delays_;
};

}  // namespace synap::bench

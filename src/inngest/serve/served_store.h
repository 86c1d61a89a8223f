// ServedStore: what the pod keeps of runs that an Inngest server executes: the memos of commits, in
// their own transactions; how runs have ended, where a request hangs on it; and which events of an
// aggregate are under way there.
//
// A function has one run for an event, as on the pod's own bus. Inngest may begin another, since it
// delivers at least once and people run things again: it finds the commits of the first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/timer.h"
#include "bus/job.h"
#include "workers/run_store.h"
#include "workers/served_run.h"

namespace synap::inngest {

class ServedStore {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// `runs` must outlive it.
  explicit ServedStore(workers::RunStore& runs) : runs_(runs) {}

  // Of `job` its function, its position and its run id, which is Inngest's, are looked at.

  Task<Result<std::optional<std::string>>> find_commit(const bus::Job& job, workers::StepHash step);
  /// ServedRun::keep_commit.
  void keep_commit(db::Tx& tx, const bus::Job& job, const events::Event& event,
                   const workers::StepResult& result, workers::ServedRun::Then then);
  /// The function has returned: if something hangs on that, it is kept.
  Task<Result<>> complete(const bus::Job& job, const events::Event& event);
  /// The run is given up: the request's `.failed` event is appended, if the function fulfills it
  /// and it was neither fulfilled nor given up before. False: it was.
  Task<Result<bool>> give_up(const bus::Job& job, const events::Event& event, const Error& error,
                             int attempts);

  /// Within a transaction: whether an event before `position` of this line is not done yet, there
  /// or on the pod's own bus.
  bool is_line_busy(db::Tx& tx, const Uuid& line, std::int64_t position);
  /// The event at `position` is handed to Inngest for these functions and no other: for each whose
  /// run has not ended.
  void begin_line(db::Tx& tx, const Uuid& line, std::int64_t position,
                  std::span<const std::string> functions);
  /// It has to wait for those before it in its line. False: it does already.
  bool hold(db::Tx& tx, const Uuid& line, std::int64_t position);
  /// False: it did not wait.
  bool release(db::Tx& tx, std::int64_t position);
  /// Held events that may go, at most `limit`, each the first of its line. Lines of which nothing
  /// is under way at Inngest are looked at from behind `after` on, the position of a line's first
  /// event, and around: some may wait for runs of the pod's own bus. Costs what is looked at.
  struct Held {
    std::vector<std::int64_t> free;
    std::int64_t looked_to = 0;  // `after` of the next call
  };
  Held held(db::Tx& tx, std::int64_t after, int limit);
  /// How many events are held. Reads all: at the start.
  std::int64_t held_count(db::Tx& tx) const;
  /// Events of lines that were handed over before `unix_ms`, at most `limit`.
  std::vector<std::int64_t> handed_before(db::Tx& tx, std::int64_t unix_ms, int limit);

  /// Forgets what ended long ago. How many runs.
  Task<Result<std::int64_t>> prune();

  /// Grows when an event of a line has ended.
  Watermark& ends() { return ends_; }

 private:
  void set_status(db::Tx& tx, const bus::Job& job, std::string_view status);
  void end_line(db::Tx& tx, const bus::Job& job, const events::Event& event);
  void look_at_line(db::Tx& tx, const Uuid& line);

  workers::RunStore& runs_;
  Watermark ends_;
  std::atomic<std::int64_t> end_count_{0};
};

}  // namespace synap::inngest

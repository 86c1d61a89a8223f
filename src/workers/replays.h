// Replays: runs of a function for events of the past, which somebody has asked for. A replay goes
// through the log in slices; each slice is one transaction with how far it has come, so it goes on
// over a restart from there, and makes one run for an event. It goes no faster than its runs do.
//
// Every event has a run of its own: what puts events together or lets them wait for quiet is for
// those that come now. How many runs begin in a time, and go on at a time, holds.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "workers/run_control.h"
#include "workers/run_maker.h"

namespace synap::workers {

struct Replay {
  Uuid id;
  std::string user_id;
  std::string function;
  std::int64_t from_position = 1;
  std::int64_t to_position = 0;                     // the last
  std::optional<std::int64_t> from = std::nullopt;  // timestamps, Unix ms
  std::optional<std::int64_t> to = std::nullopt;
  std::string filter = {};        // CEL over `event`, or empty
  bool repeats = false;           // events that had a run of the function have another
  std::string status = "active";  // or completed, cancelled
  std::int64_t looked_to = 0;     // position
  std::int64_t made = 0;          // runs
  std::int64_t passed_over = 0;   // events that had a run, or may have none now
  std::int64_t created_at = 0;    // Unix ms
  std::optional<std::int64_t> ended_at = std::nullopt;
};

class Replays {
 public:
  static std::vector<db::Database::Migration> migrations();
  static constexpr std::int64_t kActiveMax = 10;  // of a user

  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    events::EventLog& log;
    const events::EventTypes& types;
    bus::Functions& functions;
    bus::JobStore& jobs;
    bus::Queue& queue;
    RunMaker& maker;
    World& world;
  };
  /// `takes_events`: functions have their runs here (EngineOptions).
  Replays(Rooms rooms, bool takes_events) : rooms_(rooms), takes_events_(takes_events) {}

  /// Its id. Of `asked` the id, the times and what came of it are made here. kNotFound: no such
  /// function; kBadRequest: it carries out requests, or the filter is none; kTooManyRequests:
  /// kActiveMax go on; kConflict: functions have their runs elsewhere.
  Task<Result<Replay>> begin(Person who, Replay asked);
  /// It makes no more runs. kNotFound; kConflict: it has ended.
  Task<Result<>> cancel(std::string user_id, Uuid id);

  /// Goes on with what there is, until `stop` is asked for.
  Task<void> follow(std::stop_token stop);
  /// Another node may have begun one.
  void look_again() { begun_.raise(++begun_count_); }

  /// A row of the view `run_replays`, with these columns.
  static constexpr std::string_view kColumns =
      "id, user_id, function, from_position, to_position, from_time, to_time, filter, repeats, "
      "status, looked_to, made, passed_over, created_at, ended_at";
  static Replay read(db::Rows& row);

 private:
  Task<Result<bool>> is_held_up(const Replay& replay);
  Task<Result<bool>> go_on(Replay replay);
  Task<Result<std::vector<Replay>>> active();

  const Rooms rooms_;
  const bool takes_events_;
  Watermark begun_;
  std::atomic<std::int64_t> begun_count_{0};
};

}  // namespace synap::workers

// Scheduler: has functions run at the times that their schedules say (bus::Function::schedules). A
// tick is an event (function.scheduled), appended in one transaction with its run and with the time
// of the next tick: each tick has one run, whatever happens in between.
//
// Of ticks at which the pod was not there, the last has a run, late, which is told how many were
// missed. A clock that is set back by more than an hour is followed: ticks come again that were.
// Many nodes have the clock of their database (bus/job_clock.h).
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "bus/dispatcher.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"

namespace synap::workers {

class Scheduler {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  Scheduler(db::Database& database, events::EventLog& log, const events::EventTypes& types,
            bus::Dispatcher& dispatcher, World& world, Tracer* tracer = nullptr)
      : database_(database),
        log_(log),
        types_(types),
        dispatcher_(dispatcher),
        world_(world),
        tracer_(tracer) {}

  Task<void> follow(std::stop_token stop);

 private:
  // The row of a schedule.
  struct Row {
    std::string function;
    std::string cron;
    std::int64_t next_at = 0;
    std::int64_t fire_at = 0;
    std::int64_t last_at = 0;  // the tick before
  };
  // A tick that is due.
  struct Tick {
    std::int64_t at = 0;
    std::int64_t missed = 0;
    std::int64_t next_at = 0;
  };
  Task<Result<>> take_in_functions();
  Task<Result<>> fire_due();
  Task<Result<>> fire(const Row& row, const bus::FunctionPtr& function,
                      const bus::Function::Cron& cron);
  Tick tick_of(const Row& row, const bus::Function::Cron& cron) const;
  static std::int64_t fire_at(const bus::Function::Cron& cron, const std::string& function,
                              std::int64_t at);

  db::Database& database_;
  events::EventLog& log_;
  const events::EventTypes& types_;
  bus::Dispatcher& dispatcher_;
  World& world_;
  Tracer* const tracer_;
  std::shared_ptr<const bus::FunctionSet> set_;  // taken in
  std::optional<std::int64_t> next_fire_;
  std::int64_t seen_at_ = INT64_MAX;  // by that clock, when ticks were looked for last
};

}  // namespace synap::workers

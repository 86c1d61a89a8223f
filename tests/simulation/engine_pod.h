// EnginePod: log, bus and workers on a simulated machine, with the work that they are given.
#pragma once

#include <memory>

#include "db/sqlite/sqlite_database.h"
#include "engine_work/work.h"
#include "events/sqlite/sqlite_event_log.h"
#include "simulation/machine.h"

namespace synap::simulation {

class EnginePod {
 public:
  /// As the real one starts. The error is that of what could not be opened.
  static Result<std::unique_ptr<EnginePod>> start(Machine& machine, engine_work::Witness& witness);
  /// As the real one stops; nobody calls it any more. Turns the world.
  ~EnginePod();
  EnginePod(const EnginePod&) = delete;
  EnginePod& operator=(const EnginePod&) = delete;

  std::unique_ptr<Executor> executor;  // of all callers
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  events::EventTypes types;
  std::unique_ptr<workers::Engine> engine;
  std::unique_ptr<engine_work::Work> work;

 private:
  explicit EnginePod(Machine& machine);
  Result<> open(Machine& machine, engine_work::Witness& witness);
};

}  // namespace synap::simulation

// Pod: the rooms of a pod below its edge and its workers, put together on a simulated machine: the
// log, the projections and procedures of tasks, projects and notes' read models, and the content.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "content/local/local_store.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "features/rooms.h"
#include "simulation/machine.h"

namespace synap::simulation {

/// What the simulation itself says in the log, beside what the features say. One of a negative
/// number is refused by its fold, when it is in the transaction already.
struct Thing {
  std::int64_t number = 0;
  std::string text;
};
const ObjectSchema<Thing>& describe(Type<Thing>);
inline constexpr events::EventType<Thing> kThing{"thing.happening.completed"};

class Pod {
 public:
  /// As the real one starts. The error is that of what could not be opened.
  static Result<std::unique_ptr<Pod>> start(Machine& machine);
  /// As the real one stops; nobody calls it any more. Turns the world.
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  /// A procedure's answer to a user.
  Task<Result<Json>> call(std::string path, std::string user, Json input);
  const std::vector<std::string>& projection_names() const { return projection_names_; }

  SimulatedWorld& world;
  std::unique_ptr<Executor> executor;  // of all callers
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  std::unique_ptr<content::LocalStore> content;
  events::EventTypes types;
  std::unique_ptr<projections::Projections> projections;

 private:
  struct Features;
  explicit Pod(Machine& machine);
  Result<> open(Machine& machine);
  void add_features();

  std::vector<std::string> projection_names_;
  std::unique_ptr<Features> features_;
};

}  // namespace synap::simulation

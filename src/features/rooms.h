// Rooms: what a feature is given to build with.
#pragma once

#include <memory>

#include "api/keys.h"
#include "content/store.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "features/noun/all_nouns.h"
#include "projections/projections.h"
#include "rpc/procedure.h"
#include "workers/replays.h"
#include "workers/run_control.h"
#include "workers/worker_pool.h"

namespace synap::search {
class Search;
}
namespace synap::models {
class Models;
}
namespace synap::agents {
class Agents;
std::shared_ptr<Agents> make_agents();
}  // namespace synap::agents

namespace synap::features {

struct Rooms {
  db::Database& database;
  events::EventLog& log;
  events::EventTypes& types;
  projections::Projections& projections;
  content::ContentStore& content;
  workers::WorkerPool& workers;
  workers::RunControl& control;
  workers::Replays& replays;
  rpc::ProcedureTable& procedures;
  api::Keys& keys;
  search::Search& search;
  models::Models& models;
  /// Filled by each noun that is added.
  std::shared_ptr<AllNouns> nouns = std::make_shared<AllNouns>();
  /// Filled by each agent that is added.
  std::shared_ptr<agents::Agents> agents = agents::make_agents();
  /// What models ask for waits for a person once their run has read something (agent_guard).
  bool guards_agents = true;
  /// What is appended begins runs of functions that come and go (workers::WorkerPool::put). False:
  /// an Inngest server is the bus, which knows those only that were there at the start.
  bool has_own_bus = true;
};

}  // namespace synap::features

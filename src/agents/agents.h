// Agents: which there are, and what carries out their runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/agent_events.h"
#include "agents/chain.h"
#include "agents/graph_run.h"
#include "agents/last_words.h"
#include "api/keys.h"
#include "workers/worker_pool.h"

namespace synap::agents {

/// What begins an agent by itself, where a user has switched it on: events of a type, or a
/// schedule.
struct Beginning {
  std::string event = {};     // "note.creation.completed"; empty: none
  std::string schedule = {};  // a cron expression, unless the user has another one; empty: none
  /// The input of its run for such an event, or for a tick; nothing: there is no run.
  std::function<std::optional<Json>(const events::Event& event)> input = nullptr;
  /// False: not where an agent has done of itself what the event tells (Agent::passes_on).
  bool hears_agents = true;
};

struct Agent {
  std::string name;     // "capture"
  std::string summary;  // one sentence
  Schema input = Schema();
  std::shared_ptr<const GraphCore> graph = nullptr;
  /// The state with which the graph begins, of a valid input that came at this time, Unix ms.
  std::function<Json(const Json& input, std::int64_t at)> begin = nullptr;
  /// What the run comes to, of the last state.
  std::function<Json(const Json& state)> end = nullptr;
  /// Whether what a run reads is trusted until now that was asked for in trust; by the view of the
  /// user whose run it is. Null: it never is.
  std::function<bool(db::Tx& tx, const RunRequested& asked)> is_trusted = nullptr;
  /// What it says where its run is cancelled or given up. Null: nothing, ever.
  std::function<std::optional<LastWord>(const Unfinished& left)> last_word = nullptr;
  /// The procedures that it may call (Tools).
  std::vector<std::string> tools = {};
  Limits limits = {};
  bool needs_model = false;
  /// What it writes is what it was asked with: the words are those of whoever asked.
  bool passes_on = false;
  /// False: it is asked by the pod itself alone, not by agents.start.
  bool is_for_people = true;
  std::optional<Beginning> begins_by = std::nullopt;
};

class Agents {
 public:
  /// While the pod is being made; afterwards it is only read, by any thread. CHECKs that the name
  /// is new.
  void add(Agent agent);
  const Agent* find(std::string_view name) const;
  std::vector<const Agent*> all() const;
  Feeds& feeds() { return feeds_; }

  ChainLimits chain_limits = {};  // set while the pod is being made

 private:
  std::map<std::string, Agent, std::less<>> agents_;
  Feeds feeds_;
};

/// None yet.
std::shared_ptr<Agents> make_agents();

/// What runs of agents need.
struct RunRooms {
  db::Database& database;
  events::EventLog& log;
  const events::EventTypes& types;
  const rpc::ProcedureTable& procedures;
  const api::Authority& keys;
  models::Models& models;
  std::shared_ptr<Agents> agents;
  Guard guard = Guard::kOn;
};

/// The function that carries out what kRunRequested asks for.
inline constexpr std::string_view kRunFunction = "agents.run";
std::unique_ptr<workers::EventHandler> run_handler(RunRooms rooms);
/// What such a run has read before it begins.
Reading reading_at_begin(const events::Event& event, const RunRequested& asked);
/// Of as many calls as may be under way at a time, those of one agent and user are the half: less
/// than the user's (bus/queue.h). The agents of a user take turns, so somebody who writes to one
/// does not wait behind what another has to do by itself.
workers::WorkerPool::FunctionOptions run_options(int calls_max);

/// The engine's run that carries out this run of an agent; nothing: there is none. By the view of
/// the user whose transaction it is.
std::optional<Uuid> engine_run_of(db::Tx& tx, std::int64_t position);

/// The checkpoints that a run has reached, of its own graph alone, from this number on.
Task<Result<std::vector<Checkpoint>>> checkpoints_of(db::Database& database, std::string user_id,
                                                     Uuid run, std::int64_t from);

/// A step of a run that keeps a checkpoint of its graph, or of a graph within it.
struct KeptCheckpoint {
  CheckpointName name;
  std::string hash;  // of the step, as blobs are
};
/// All that a run has reached, in their order.
Task<Result<std::vector<KeptCheckpoint>>> kept_checkpoints(db::Database& database,
                                                           std::string user_id, Uuid run);
/// Where a fork of a run begins: that checkpoint, behind those of the graphs around it, the run's
/// own first. kNotFound: the run has not reached it, or keeps it no more.
Task<Result<std::vector<Checkpoint>>> checkpoints_to_fork(db::Database& database,
                                                          std::string user_id, Uuid run,
                                                          CheckpointName name);
/// Of the graph at this path within another; null: none is there.
const Schema* state_at(const GraphCore& graph, const GraphPath& path);
Error no_graph_there(const GraphPath& path);
/// Nothing: it is kept no more.
Task<Result<std::optional<Checkpoint>>> checkpoint_of(db::Database& database, std::string user_id,
                                                      Uuid run, KeptCheckpoint kept);

}  // namespace synap::agents

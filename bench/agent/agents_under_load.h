// AgentsUnderLoad: all that a pod carries out runs of agents with, in a directory of its own: log,
// read models, run engine, account of models. One agent goes round its graph five times; each round
// asks a model that is a script in this process, calls one tool, and changes a state of 4 KiB.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/agents.h"
#include "base/executor.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "events/types.h"
#include "models/models.h"
#include "projections/projections.h"
#include "rpc/procedure.h"
#include "workers/engine.h"

namespace synap::bench {

/// Owns the directory: what is there before and after is deleted. One thread uses it.
class AgentsUnderLoad {
 public:
  static constexpr std::int64_t kRounds = 5;
  static constexpr std::size_t kStateBytes = 4096;

  enum class Model : std::uint8_t {
    kAccounted,  // opened and settled in the account, as each call of a pod's model is
    kBare,       // a step that answers, and nothing else
  };
  static Result<std::unique_ptr<AgentsUnderLoad>> open(std::string directory, Model model);
  ~AgentsUnderLoad();
  AgentsUnderLoad(const AgentsUnderLoad&) = delete;
  AgentsUnderLoad& operator=(const AgentsUnderLoad&) = delete;

  /// Begins so many runs, `in_flight` at a time. Each is awaited, and all its checkpoints are read
  /// back and compared, before the next takes its place.
  void run(int count, int in_flight);
  /// Runs and checkpoints that are not as they should be, so far; calls of models and tools that
  /// were made more or less than once.
  std::int64_t wrong();

 private:
  class Everybody;

  explicit AgentsUnderLoad(std::string directory);
  Result<> prepare(Model model);
  void add_agent(Model model);
  void add_tool();
  Task<bool> run_some(std::atomic<int>& left);
  Task<bool> run_one();
  Task<bool> has_kept_all(const Uuid& run);

  std::string directory_;
  events::EventTypes types_;
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  std::unique_ptr<projections::Projections> projections_;
  std::unique_ptr<models::Models> models_;
  std::unique_ptr<Everybody> everybody_;
  rpc::ProcedureTable procedures_;
  std::shared_ptr<agents::Agents> agents_;
  std::optional<workers::Engine> engine_;
  ThreadExecutor executor_{"askers"};
  std::int64_t begun_ = 0;
  std::atomic<std::int64_t> wrong_{0};
  std::atomic<std::int64_t> model_calls_{0};
  std::atomic<std::int64_t> tool_calls_{0};
};

}  // namespace synap::bench

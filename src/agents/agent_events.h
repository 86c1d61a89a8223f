// What the log keeps of runs of agents, and the read model of them. A run of an agent is a thing of
// its own, with an id of its own: the run of the engine that carries it out may be tried again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/graph_run.h"
#include "events/types.h"
#include "projections/projection.h"

namespace synap::agents {

/// A run that begins at a checkpoint of another one.
struct ForkOf {
  std::string id;  // of the run of the agent
  std::int64_t checkpoint = 0;
  Json edits;  // fields of the state that are replaced
  /// Of the graph within the run's graph whose checkpoint it is; empty: of the run's own.
  GraphPath path = {};
};
const ObjectSchema<ForkOf>& describe(Type<ForkOf>);

struct RunRequested {
  std::string entity_id;
  std::string agent;
  Json input;
  /// What whoever asked may do, and so the agent: "*", or scopes of keys.
  std::vector<std::string> scopes;
  std::optional<ForkOf> fork;
  /// What it is asked comes from what was read, or happened, and not from a person.
  /// Absent where a version asked that did not keep this.
  std::optional<bool> is_tainted = std::nullopt;
  /// Of whose budget its calls of models are: the key that asked, or that caused the event, or the
  /// run, that began it. A session stands for its key. Absent: of none, as of what the clock began.
  std::optional<std::string> key = std::nullopt;
  /// How many runs of agents there are up to it, each of which followed from the one before
  /// (chain.h). Absent: it is the first.
  std::optional<std::int64_t> depth = std::nullopt;
  /// Whoever asked trusted what it would read (Guard::kTrusting).
  std::optional<bool> is_trusting = std::nullopt;
  /// The first run of its chain. Absent: it is the first.
  std::optional<std::string> chain = std::nullopt;
};
const ObjectSchema<RunRequested>& describe(Type<RunRequested>);

struct RunCompleted {
  std::string entity_id;
  std::string agent;
  Json output;
  std::int64_t rounds = 0;
  Spent spent;
};
const ObjectSchema<RunCompleted>& describe(Type<RunCompleted>);

struct RunInterrupted {
  std::string entity_id;
  Json question;
  std::string question_id;
};
const ObjectSchema<RunInterrupted>& describe(Type<RunInterrupted>);

struct RunResumed {
  std::string entity_id;
  std::string question_id;
  Json answer;
};
const ObjectSchema<RunResumed>& describe(Type<RunResumed>);

/// A user has switched an agent on or off that begins by itself.
struct Switched {
  std::string agent;
  bool is_on = false;
  std::optional<std::string> schedule;  // of one that begins by a schedule
  std::vector<std::string> scopes;      // what its runs may do
};
const ObjectSchema<Switched>& describe(Type<Switched>);

inline constexpr std::string_view kSwitchAggregate = "agent-switch";
inline constexpr events::EventType<Switched> kSwitched{"agent.switched"};

inline constexpr std::string_view kRunAggregate = "agent-run";
inline constexpr events::EventType<RunRequested> kRunRequested{"agent.run.requested"};
inline constexpr events::EventType<RunCompleted> kRunCompleted{"agent.run.completed"};
inline constexpr events::EventType<events::Failure> kRunFailed{"agent.run.failed"};
inline constexpr events::EventType<RunInterrupted> kRunInterrupted{"agent.run.interrupted"};
inline constexpr events::EventType<RunResumed> kRunResumed{"agent.run.resumed"};

/// The chain that this request of a run is of: its first run (chain.h).
Uuid chain_of(const events::Event& requested);

void add_event_types(events::EventTypes& types);

/// agent_runs: what each run was asked, where it is and what it came to.
projections::Projection runs_projection();
/// agent_switches: which agents a user has switched on.
projections::Projection switches_projection();

}  // namespace synap::agents

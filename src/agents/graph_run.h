// GraphRun: one run of a graph as steps of a run of the engine (workers/step.h), so that it goes on
// where it was after any interruption.
//
// Before each round the graph's state, and whose turn it is, is a step of its own: a *checkpoint*.
// A run that is called again begins at its last one. Within a round a node is called again from its
// beginning, and what it has done by its Node (models asked, tools called, questions to people) are
// steps, too, which answer as they did before. So a call of a model that was finished is never made
// again, and a tool that writes writes once.
//
// The ids of its steps: "checkpoint 3", and "3 search: ask" for what the node `search` does behind
// it; those of a subgraph have the node that runs it in front.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/graph.h"
#include "agents/live.h"
#include "agents/tools.h"
#include "events/log.h"
#include "models/models.h"
#include "workers/step.h"

namespace synap::agents {

/// What a run may take at most. Whoever passes one ends with a sentence.
struct Limits {
  std::int64_t rounds = 25;  // of each graph in it
  std::int64_t model_calls = 32;
  std::int64_t tool_calls = 64;
  std::int64_t tool_calls_of_answer = 16;
  double cost = 1;  // in the currency of the settings
  /// Of what is asked of a model; what is beyond is left out, the oldest first.
  std::int64_t tokens_of_ask = 24'000;  // or fewer, where a model takes fewer (context_tokens)
};

/// That a limit is reached: kUnprocessableContent with the reason AGENT_LIMIT.
Error beyond_limit(std::string message);

/// What it has taken.
struct Spent {
  std::int64_t model_calls = 0;
  std::int64_t tool_calls = 0;
  std::int64_t tokens = 0;
  double cost = 0;
};
const ObjectSchema<Spent>& describe(Type<Spent>);

/// Where a graph stands: whose turn it is, and with which state. No turn: it has ended.
struct Checkpoint {
  std::int64_t number = 0;
  std::vector<std::string> next;
  Json state;
  Spent spent;
  /// Nothing: a version wrote it that did not keep this, so that the run counts as tainted.
  std::optional<Reading> reading = std::nullopt;
};
const ObjectSchema<Checkpoint>& describe(Type<Checkpoint>);

inline constexpr std::string_view kCheckpoint = "checkpoint ";

/// Which checkpoint of a run the step of this name keeps; nothing: it keeps none.
struct CheckpointName {
  GraphPath path;
  std::int64_t number = 0;

  /// Those of the graphs around it in whose rounds it is, the run's own first, and itself at last.
  std::vector<CheckpointName> way_to() const;
  /// Of a part of a path, "write:3": the node and the checkpoint.
  static std::string_view node_of(std::string_view part) { return part.substr(0, part.find(':')); }
  static std::int64_t round_of(std::string_view part);

  static std::optional<CheckpointName> parse(std::string_view step);
  bool operator==(const CheckpointName&) const = default;
};

/// What a run of a graph works with. All must outlive it.
struct RunContext {
  workers::Step& step;
  const events::Event& event;  // of the run
  models::Models& models;
  events::EventLog& log;
  const events::EventTypes& types;
  Uuid run;    // the agent's, as its events have it
  Uuid chain;  // whose it is (chain.h)
  std::string agent;
  Tools tools;
  Limits limits;
  std::shared_ptr<Feed> feed;
  std::optional<std::string> key = std::nullopt;  // RunRequested::key: of its budget are its calls
  /// Where graphs within its graph begin, of a fork.
  std::map<GraphPath, Checkpoint> begins = {};
};

class GraphRun;

/// What a node does its work with. Names are of the caller's choice, and new within its node.
class Node {
 public:
  /// `reading`: what the run has read before this round.
  Node(GraphRun& run, std::string name, std::string prefix, Reading reading)
      : run_(run),
        name_(std::move(name)),
        prefix_(std::move(prefix)),
        reading_(std::move(reading)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const std::string& name() const { return name_; }
  RunContext& context() const;
  GraphRun& run() const { return run_; }
  /// The id of a step of this node.
  std::string step_id(std::string_view what) const;

  /// A model's answer, of which those who watch see each piece. One that does not fit the schema
  /// that was asked for is asked for once more, with what is wrong with it. Errors are those of
  /// Models::generate, and kUnprocessableContent with the reason AGENT_LIMIT.
  Task<Result<models::Answer>> ask(std::string_view what, models::Ask ask);
  /// What those who watch have seen of an answer that ask() has failed with, if it is not gone by
  /// now: for people, since a run that is called again after a crash may not have it.
  std::string heard() const;
  /// What a tool gave: also that it failed, or that there is none of this name. An error is one of
  /// the run: AGENT_LIMIT.
  Task<Result<ToolDone>> call(std::string_view what, models::ToolCall call);
  /// The same of many, one after another; beyond Limits::tool_calls_of_answer they are told so.
  Task<Result<std::vector<ToolDone>>> call_all(const std::vector<models::ToolCall>& calls);
  /// Calls a procedure for the agent itself, rather than for a model: its answer, or its error.
  /// CHECKs that the agent may have it.
  Task<Result<Json>> use(std::string_view what, std::string_view path, Json input);
  /// What the run had read before this round, and this node since. What a node beside it reads is
  /// none of it, so that a run which is called again decides as it did, whichever was quicker.
  Reading& reading() { return reading_; }
  /// Says that it has read stored text by another way than these.
  void taint() { reading_.is_tainted = true; }
  bool is_tainted() const { return reading_.is_tainted; }
  /// Asks people, and ends the call; the node is called again when somebody has answered
  /// (agents.resume). kTimeout: nobody has.
  Task<Result<Json>> interrupt(std::string_view what, Json question,
                               std::chrono::milliseconds timeout = std::chrono::hours(24 * 30));
  /// Appends an event once, with the run as its actor and the run's event as its cause.
  Task<Result<std::string>> append(std::string_view what, std::string_view type, Json data,
                                   std::optional<Uuid> aggregate, std::string aggregate_type);

 private:
  Task<Result<models::Answer>> ask_once(std::string_view what, models::Ask ask);

  GraphRun& run_;
  const std::string name_;
  const std::string prefix_;
  Reading reading_;
};

class GraphRun {
 public:
  GraphRun(RunContext& context, const GraphCore& graph, std::string prefix = "",
           GraphRun* outer = nullptr)
      : context_(context),
        graph_(graph),
        prefix_(std::move(prefix)),
        path_(path_of(prefix_)),
        outer_(outer) {}

  /// The last state. `begin`: where it starts, unless it has been further.
  Task<Result<Checkpoint>> run(Checkpoint begin);

  RunContext& context() const { return context_; }
  /// Where it stands in the run.
  const GraphPath& path() const { return path_; }
  /// Counts what is about to be taken. kUnprocessableContent: that is too much.
  Result<> take(const Spent& more);
  const Spent& spent() const { return spent_; }
  /// What it had read before the round that is under way, with that of graphs within it.
  const Reading& reading() const { return reading_; }

 private:
  static GraphPath path_of(std::string_view prefix);
  std::optional<Checkpoint> last_kept() const;
  Checkpoint begin_at(Checkpoint begin) const;
  void count(const Spent& more);
  /// What a node has changed, and has read.
  struct Turn {
    Update update;
    Reading reading;
  };
  Task<Result<Turn>> call(const std::string& node, const Checkpoint& at);
  Task<Result<Json>> round(const Checkpoint& at);
  Task<Result<>> keep(const Checkpoint& at) const;
  void tell(const Checkpoint& at) const;

  RunContext& context_;
  const GraphCore& graph_;
  const std::string prefix_;
  const GraphPath path_;
  GraphRun* const outer_;
  Spent spent_;  // with that of graphs within it
  Reading reading_;
};

/// Of GraphCore::subgraph.
Task<Result<Update>> run_within(Node& outer, const GraphCore& inner, Json state,
                                std::function<Update(const Json&)> out);

/// Of an event that an agent appends for the run of the engine which carries out what `asked` asks.
events::Envelope envelope_of(const events::Event& asked, events::Actor agent,
                             const Uuid& engine_run, bool is_tainted);

/// The name of the signal that a question waits for.
std::string signal_of(const Uuid& run, std::string_view question_id);

}  // namespace synap::agents

#include "agents/agents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"

namespace synap::agents {
namespace {

using events::Event;
using workers::Outcome;
using workers::Step;

Error no_run(const std::string& id) {
  return {Code::kNotFound, fmt::format("There is no run {} of an agent of yours", id)};
}

std::optional<Checkpoint> checkpoint_in(std::string_view memo) {
  auto json = parse_json(memo);
  Json* data = json ? json->find("data") : nullptr;
  if (data == nullptr) return std::nullopt;
  auto checkpoint = decode<Checkpoint>(std::move(*data));
  return checkpoint ? std::optional(*std::move(checkpoint)) : std::nullopt;
}

// The engine's run that carries it out. Aborts where there is no such run of an agent.
std::optional<Uuid> engine_run_in(db::Tx& tx, const Uuid& run) {
  auto rows = tx.query("SELECT position FROM agent_runs WHERE id = $1", run);
  if (rows.next()) return engine_run_of(tx, rows.integer(0));
  tx.abort(no_run(run.to_string()));
  return std::nullopt;
}

// The key by which a run was asked for.
std::optional<api::Actor> key_of(const Event& event) {
  if (!event.actor || event.actor->kind != events::Actor::Kind::kKey) return std::nullopt;
  return api::Actor::of_key(event.user_id, api::Role::kMember, event.actor->id);
}

class RunHandler final : public workers::EventHandler {
 public:
  explicit RunHandler(RunRooms rooms) : rooms_(std::move(rooms)) {}
  std::string_view event_type() const override { return kRunRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto asked = data_of(event, kRunRequested);
    if (!asked) co_return Outcome::failed_for_good(asked.error());
    const auto* agent = rooms_.agents->find((*asked)->agent);
    if (agent == nullptr) {
      co_return Outcome::failed_for_good(
          {Code::kNotFound, fmt::format("There is no agent {} any more", (*asked)->agent)});
    }
    auto scopes = api::Scopes::parse((*asked)->scopes);
    const bool is_trusting = (*asked)->is_trusting.value_or(false);
    auto key = (*asked)->key;
    if (!scopes) co_return Outcome::failed_for_good(scopes.error());
    const auto use = rooms_.agents->feeds().carry_out(*event.aggregate_id);
    const auto& feed = use.feed();
    const AgentAuthority authority(rooms_.keys, key_of(event));
    RunContext context{
        .step = step,
        .event = event,
        .models = rooms_.models,
        .log = rooms_.log,
        .types = rooms_.types,
        .run = *event.aggregate_id,
        .chain = chain_of(event),
        .agent = agent->name,
        .tools = Tools(rooms_.procedures, agent->tools, actor_of(event, *agent, *std::move(scopes)),
                       authority, event.id, guard_of(is_trusting), trust_in(event, *agent)),
        .limits = agent->limits,
        .feed = feed,
        .key = std::move(key)};
    auto begin = co_await beginning(context, *agent, **asked);
    auto entity_id = (*asked)->entity_id;
    // What it was asked with is in its state from here on.
    asked = nullptr;
    auto outcome =
        begin ? co_await carry_out(context, *agent, std::move(entity_id), *std::move(begin))
              : Outcome::failed(begin.error());
    feed->add({.kind = FeedEntry::Kind::kEnd});
    co_return outcome;
  }

 private:
  static api::Actor actor_of(const Event& event, const Agent& agent, api::Scopes scopes) {
    return {.user_id = event.user_id,
            .recorded = {events::Actor::Kind::kAgent, agent.name, event.user_id},
            .source = events::Source::kAgent,
            .scopes = std::move(scopes),
            .started_by = key_of(event).value_or(api::Actor{}).recorded.id};
  }

  Guard guard_of(bool is_trusting) const {
    return rooms_.guard == Guard::kOn && is_trusting ? Guard::kTrusting : rooms_.guard;
  }

  // `event` and `agent` must outlive it.
  Trust trust_in(const Event& event, const Agent& agent) const {
    if (!agent.is_trusted) return {};
    return [this, &event, &agent] { return is_trusted(event, agent); };
  }

  Task<Result<bool>> is_trusted(const Event& event, const Agent& agent) const {
    auto asked = data_of(event, kRunRequested);
    if (!asked) co_return fail(asked.error());
    co_return co_await rooms_.database.read_as(
        event.user_id, [&](db::Tx& tx) { return agent.is_trusted(tx, **asked); });
  }

  Task<Outcome> carry_out(RunContext& context, const Agent& agent, std::string entity_id,
                          Checkpoint begin) {
    GraphRun run(context, *agent.graph);
    auto last = co_await run.run(std::move(begin));
    if (!last) co_return Outcome::failed(last.error());
    const auto output = agent.end(last->state);
    const RunCompleted completed{std::move(entity_id), agent.name, output, last->number,
                                 run.spent()};
    std::string text;
    encode(text, completed);
    auto json = parse_json(text);
    if (!json) co_return Outcome::failed_for_good(json.error());
    Node end(run, "end", "end", run.reading());
    auto told = co_await end.append("completed", kRunCompleted.name, std::move(*json), context.run,
                                    std::string(kRunAggregate));
    if (!told) co_return Outcome::failed(told.error());
    co_return Outcome::done(output.dump());
  }

  Task<Result<Checkpoint>> beginning(RunContext& context, const Agent& agent,
                                     const RunRequested& asked) {
    if (!asked.fork) {
      auto state =
          validate(agent.graph->state(), agent.begin(asked.input, context.event.timestamp));
      if (!state) co_return fail(Code::kInternalServerError, state.error().message);
      co_return Checkpoint{.next = agent.graph->first(),
                           .state = std::move(*state),
                           .reading = reading_at_begin(context.event, asked)};
    }
    const auto way = CheckpointName{asked.fork->path, asked.fork->checkpoint}.way_to();
    std::optional<Checkpoint> own;
    for (const auto& name : way) {
      auto begin = co_await beginning_of_fork(context, *agent.graph, asked, name);
      if (!begin) co_return fail(begin.error());
      if (name.path.empty()) {
        own = *std::move(begin);
      } else {
        context.begins.emplace(name.path, *std::move(begin));
      }
    }
    co_return *std::move(own);
  }

  // Kept as a step: what it is a fork of may be pruned. `name`: of that one, or of one around it.
  Task<Result<Checkpoint>> beginning_of_fork(RunContext& context, const GraphCore& graph,
                                             const RunRequested& asked,
                                             const CheckpointName& name) {
    const auto& fork = *asked.fork;
    const auto what = name.path.empty() ? std::string("fork") : "fork " + name.path.back();
    co_return co_await context.step.run<Checkpoint>(what, [&]() -> Task<Result<Checkpoint>> {
      auto way = co_await checkpoints_to_fork(rooms_.database, context.event.user_id,
                                              Uuid::parse(fork.id).value_or(Uuid{}), name);
      if (!way) co_return fail(way.error());
      auto begin = std::move(way->back());
      if (name.path == fork.path) {
        const auto* schema = state_at(graph, name.path);
        if (schema == nullptr) co_return fail(no_graph_there(name.path));
        for (const auto& [field, value] : fork.edits.as_object()) begin.state.set(field, value);
        auto state = validate(*schema, std::move(begin.state));
        if (!state) co_return fail(state.error());
        begin.state = std::move(*state);
      }
      if (begin.reading) begin.reading->add(reading_at_begin(context.event, asked));
      // Of what it takes itself.
      begin.spent = {};
      co_return begin;
    });
  }

  const RunRooms rooms_;
};

}  // namespace

void Agents::add(Agent agent) {
  SYNAP_CHECK(agent.graph != nullptr && agent.begin && agent.end, agent.name);
  SYNAP_CHECK(!agents_.contains(agent.name), agent.name);
  auto name = agent.name;
  agents_.emplace(std::move(name), std::move(agent));
}

const Agent* Agents::find(std::string_view name) const {
  const auto found = agents_.find(name);
  return found != agents_.end() ? &found->second : nullptr;
}

std::vector<const Agent*> Agents::all() const {
  std::vector<const Agent*> all;
  for (const auto& [name, agent] : agents_) all.push_back(&agent);
  return all;
}

Reading reading_at_begin(const Event& event, const RunRequested& asked) {
  // Where it does not say so, what no key has asked for was asked for by an event.
  const bool is_of_key = event.actor && event.actor->kind == events::Actor::Kind::kKey;
  // It may name as sources what it was asked with, and itself.
  Reading reading{.is_tainted = asked.is_tainted.value_or(!is_of_key), .ids = {asked.entity_id}};
  // Its state is what another run had, and what somebody has put in its place: nobody has said it.
  if (asked.fork) reading.is_tainted = true;
  add_ids(asked.input.dump(), reading.ids, Reading::kIdsMax);
  return reading;
}

std::shared_ptr<Agents> make_agents() {
  return std::make_shared<Agents>();
}

std::unique_ptr<workers::EventHandler> run_handler(RunRooms rooms) {
  return std::make_unique<RunHandler>(std::move(rooms));
}

workers::WorkerPool::FunctionOptions run_options(int calls_max) {
  auto agent = cel::Expression::parse("event.data.agent");
  SYNAP_CHECK(agent.has_value(), "it is an expression");
  return {.fulfills = true,
          .is_shared = true,
          .concurrency = {{.limit = std::max(calls_max / 2, 1), .key = std::move(*agent)}},
          .limit_keys =
              [](const Event& event) {
                auto asked = data_of(event, kRunRequested);
                return std::vector{asked ? Json((*asked)->agent).dump() : std::string()};
              },
          .appends = {std::string(kRunCompleted.name), std::string(kRunInterrupted.name)}};
}

std::optional<Uuid> engine_run_of(db::Tx& tx, std::int64_t position) {
  auto rows = tx.query(
      "SELECT id FROM runs WHERE event_position = $1 AND function = $2 ORDER BY id DESC LIMIT 1",
      position, kRunFunction);
  return rows.next() ? rows.uuid(0) : std::nullopt;
}

Task<Result<std::vector<Checkpoint>>> checkpoints_of(db::Database& database, std::string user_id,
                                                     Uuid run, std::int64_t from) {
  auto found = co_await database.read_as(user_id, [&](db::Tx& tx) {
    std::vector<Checkpoint> found;
    const auto engine_run = engine_run_in(tx, run);
    if (!engine_run) return found;
    // Those before are not even read: a state may be large, and whoever watches a run asks again
    // and again. Names of equal length are in the order of their numbers.
    const auto first = fmt::format("{}{}", kCheckpoint, from);
    auto steps = tx.query(
        "SELECT memo FROM run_steps WHERE run = $1 AND name >= $2 AND name < 'checkpoint!' AND "
        "(length(name) > $3 OR (length(name) = $3 AND name >= $4)) ORDER BY place",
        *engine_run, kCheckpoint, static_cast<std::int64_t>(first.size()), first);
    while (steps.next()) {
      auto checkpoint = checkpoint_in(steps.view(0));
      if (checkpoint && checkpoint->number >= from) found.push_back(std::move(*checkpoint));
    }
    return found;
  });
  co_return found;
}

Task<Result<std::vector<KeptCheckpoint>>> kept_checkpoints(db::Database& database,
                                                           std::string user_id, Uuid run) {
  co_return co_await database.read_as(user_id, [&](db::Tx& tx) {
    std::vector<KeptCheckpoint> found;
    const auto engine_run = engine_run_in(tx, run);
    if (!engine_run) return found;
    auto steps = tx.query(
        "SELECT name, hash FROM run_steps WHERE run = $1 AND name LIKE '%checkpoint %' ORDER BY "
        "place",
        *engine_run);
    while (steps.next()) {
      auto name = CheckpointName::parse(steps.view(0));
      if (name) found.push_back({*std::move(name), steps.text(1)});
    }
    return found;
  });
}

Task<Result<std::vector<Checkpoint>>> checkpoints_to_fork(db::Database& database,
                                                          std::string user_id, Uuid run,
                                                          CheckpointName name) {
  auto kept = co_await kept_checkpoints(database, user_id, run);
  if (!kept) co_return fail(kept.error());
  std::vector<Checkpoint> way;
  for (const auto& one : name.way_to()) {
    const auto found = std::ranges::find(*kept, one, &KeptCheckpoint::name);
    auto at = found != kept->end() ? co_await checkpoint_of(database, user_id, run, *found)
                                   : Result<std::optional<Checkpoint>>(std::optional<Checkpoint>());
    if (!at) co_return fail(at.error());
    if (!*at) {
      co_return fail(Code::kNotFound,
                     fmt::format("The run {} has not reached the checkpoint {}{}, or is pruned",
                                 run.to_string(), one.number,
                                 one.path.empty() ? "" : " of " + one.path.back()));
    }
    way.push_back(**std::move(at));
  }
  co_return way;
}

const Schema* state_at(const GraphCore& graph, const GraphPath& path) {
  const auto* at = &graph;
  for (const auto& part : path) {
    at = at->subgraph_of(CheckpointName::node_of(part));
    if (at == nullptr) return nullptr;
  }
  return &at->state();
}

Error no_graph_there(const GraphPath& path) {
  return {Code::kNotFound, fmt::format("There is no graph at {}", fmt::join(path, ", "))};
}

Task<Result<std::optional<Checkpoint>>> checkpoint_of(db::Database& database, std::string user_id,
                                                      Uuid run, KeptCheckpoint kept) {
  co_return co_await database.read_as(user_id, [&](db::Tx& tx) -> std::optional<Checkpoint> {
    const auto engine_run = engine_run_in(tx, run);
    if (!engine_run) return std::nullopt;
    auto steps = tx.query("SELECT memo FROM run_steps WHERE run = $1 AND hash = $2", *engine_run,
                          db::Blob{kept.hash});
    return steps.next() ? checkpoint_in(steps.view(0)) : std::nullopt;
  });
}

}  // namespace synap::agents

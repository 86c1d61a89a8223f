#include "features/agents/running.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "bus/function_events.h"
#include "events/trace.h"
#include "features/procedures.h"
#include "schema/export.h"
#include "workers/signal_waits.h"

namespace synap::features::agent_runs {
namespace {

using agents::Agent;
using api::Session;

constexpr std::size_t kInputBytesMax = 128 * 1024;

struct ShownAgent {
  std::string name;
  std::string summary;
  RawJson input;
  std::vector<std::string> tools;
  std::vector<std::string> nodes;
  bool needs_model = false;
  std::optional<std::string> event;
  std::optional<std::string> schedule;
};
const ObjectSchema<ShownAgent>& describe(Type<ShownAgent>) {
  static const auto schema =
      object<ShownAgent>("Agent")
          .field("name", &ShownAgent::name)
          .field("summary", &ShownAgent::summary)
          .field("input", &ShownAgent::input, any(), "The JSON Schema of what it is given.")
          .field("tools", &ShownAgent::tools, array(string()),
                 "The procedures that it may call, as far as whoever starts it may; * is for all "
                 "that agents may have.")
          .field("nodes", &ShownAgent::nodes, array(string()), "Of its graph.")
          .field("needsModel", &ShownAgent::needs_model, boolean(),
                 "It does nothing without a language model.")
          .field("event", &ShownAgent::event, string(),
                 "Events of this type begin it, where you have switched it on: agents.enable.")
          .field("schedule", &ShownAgent::schedule, string(),
                 "This cron expression begins it, where you have switched it on.");
  return schema;
}

struct AgentList {
  std::vector<ShownAgent> agents;
  bool has_model = false;
};
const ObjectSchema<AgentList>& describe(Type<AgentList>) {
  static const auto schema =
      object<AgentList>("AgentList")
          .field("agents", &AgentList::agents, array(schema_of<ShownAgent>()))
          .field("hasModel", &AgentList::has_model, boolean(),
                 "A language model is set: models.list.");
  return schema;
}

Task<Result<AgentList>> list(const Rooms& rooms, Session) {
  AgentList list{.has_model = !rooms.models.options().chat.empty()};
  for (const auto* agent : rooms.agents->all()) {
    if (!agent->is_for_people) continue;
    list.agents.push_back({agent->name,
                           agent->summary,
                           {to_json_schema(agent->input).dump()},
                           agent->tools,
                           agent->graph->node_names(),
                           agent->needs_model});
    if (!agent->begins_by) continue;
    const auto& by = *agent->begins_by;
    if (!by.event.empty()) list.agents.back().event = by.event;
    if (!by.schedule.empty()) list.agents.back().schedule = by.schedule;
  }
  co_return list;
}

struct StartRun {
  std::string agent;
  Json input;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<StartRun>& describe(Type<StartRun>) {
  static const auto schema =
      object<StartRun>("StartAgent")
          .field("agent", &StartRun::agent, string().min(1).max(64), "One of agents.list.")
          .field_or("input", &StartRun::input, record(any()), Json::object(),
                    "As the agent takes it, at most 128 KiB of JSON.")
          .field("idempotencyKey", &StartRun::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key starts nothing again.");
  return schema;
}

Result<const Agent*> agent_of(const Rooms& rooms, const std::string& name) {
  const auto* agent = rooms.agents->find(name);
  if (agent != nullptr && agent->is_for_people) return agent;
  std::vector<std::string> names;
  for (const auto* one : rooms.agents->all()) {
    if (one->is_for_people) names.push_back(one->name);
  }
  return fail(Code::kNotFound,
              fmt::format("There is no agent \"{}\". These are: {}", name, fmt::join(names, ", ")));
}

Task<Result<Accepted>> start_one(const Rooms& rooms, Session session, StartRun input) {
  auto agent = agent_of(rooms, input.agent);
  if (!agent) co_return fail(agent.error());
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  auto fingerprint = input.agent + "\n" + input.input.dump();
  if (fingerprint.size() > kInputBytesMax) {
    co_return fail(Code::kPayloadTooLarge, fmt::format("input: {} bytes of JSON, at most {}",
                                                       fingerprint.size(), kInputBytesMax));
  }
  auto valid = validate((*agent)->input, std::move(input.input));
  if (!valid) co_return fail(valid.error());
  co_return co_await start(rooms, session, **agent, std::move(*valid), *std::move(key),
                           std::move(fingerprint));
}

struct RunId {
  std::string id;
};
const ObjectSchema<RunId>& describe(Type<RunId>) {
  static const auto schema = object<RunId>("AgentRunId").field("id", &RunId::id, string().uuid());
  return schema;
}

struct WholeRun : ShownRun {
  std::vector<agents::Checkpoint> checkpoints;
};
const ObjectSchema<WholeRun>& describe(Type<WholeRun>) {
  static const auto schema = [] {
    auto whole = object<WholeRun>("AgentRunWithStates");
    add_shown_fields(whole);
    whole.field("checkpoints", &WholeRun::checkpoints, array(schema_of<agents::Checkpoint>()),
                "The states that it has gone through: agents.fork begins at one. None once its run "
                "is pruned.");
    return whole;
  }();
  return schema;
}

Task<Result<WholeRun>> get(const Rooms& rooms, Session session, RunId input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto run = co_await find_run(rooms, session.user_id(), id);
  if (!run) co_return fail(run.error());
  WholeRun whole{std::move(*run), {}};
  auto states = co_await agents::checkpoints_of(rooms.database, session.user_id(), id, 0);
  if (!states) co_return fail(states.error());
  whole.checkpoints = std::move(*states);
  co_return whole;
}

struct ListRuns {
  std::int64_t limit = 50;
  std::optional<std::int64_t> before;
  std::optional<std::string> agent;
};
const ObjectSchema<ListRuns>& describe(Type<ListRuns>) {
  static const auto schema = object<ListRuns>("ListAgentRuns")
                                 .field_or("limit", &ListRuns::limit, integer().min(1).max(100), 50)
                                 .field("before", &ListRuns::before, integer().min(1),
                                        "The nextBefore of the page before.")
                                 .field("agent", &ListRuns::agent, string().min(1).max(64));
  return schema;
}

struct RunList {
  std::vector<ShownRun> runs;
  std::optional<std::int64_t> next_before;
};
const ObjectSchema<RunList>& describe(Type<RunList>) {
  static const auto schema =
      object<RunList>("AgentRunList")
          .field("runs", &RunList::runs, array(schema_of<ShownRun>()), "The newest first.")
          .field("nextBefore", &RunList::next_before, integer(), "Absent on the last page.");
  return schema;
}

constexpr std::string_view kColumns =
    "SELECT id, agent, status, input, output, error, questions, position, created_at, ended_at, "
    "fork_of, fork_checkpoint FROM agent_runs ";

std::optional<RawJson> raw(std::optional<std::string> text) {
  if (!text) return std::nullopt;
  return RawJson{std::move(*text)};
}

ShownRun read_run(db::Rows& row) {
  ShownRun run{.id = row.uuid(0).value_or(Uuid{}).to_string(),
               .agent = row.text(1),
               .status = row.text(2),
               .input = {row.text(3)},
               .output = raw(row.optional_text(4)),
               .error = raw(row.optional_text(5)),
               .questions = {row.text(6)},
               .created_at = to_iso8601(row.integer(8)),
               .position = row.integer(7)};
  if (!row.is_null(9)) run.ended_at = to_iso8601(row.integer(9));
  if (const auto of = row.uuid(10)) run.fork_of = of->to_string();
  if (!row.is_null(11)) run.fork_checkpoint = row.integer(11);
  return run;
}

Task<Result<RunList>> list_runs(const Rooms& rooms, Session session, ListRuns input) {
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    RunList list;
    const auto agent = input.agent.value_or("");
    auto rows = tx.query(std::string(kColumns) +
                             "WHERE position < $1 AND ($2 = '' OR agent = $2) ORDER BY position "
                             "DESC LIMIT $3",
                         input.before.value_or(INT64_MAX), agent, input.limit + 1);
    while (rows.next()) {
      if (static_cast<std::int64_t>(list.runs.size()) == input.limit) {
        list.next_before = list.runs.back().position;
        break;
      }
      list.runs.push_back(read_run(rows));
    }
    return list;
  });
}

struct Resume {
  std::string id;
  std::optional<std::string> question_id;
  Json answer;
};
const ObjectSchema<Resume>& describe(Type<Resume>) {
  static const auto schema =
      object<Resume>("ResumeAgent")
          .field("id", &Resume::id, string().uuid(), "The run of the agent.")
          .field("questionId", &Resume::question_id, string().min(1).max(256),
                 "Which of its questions is answered; absent: the only one.")
          .field("answer", &Resume::answer, any(), "What the agent goes on with.");
  return schema;
}

struct Resumed {
  std::string status = "running";
  std::string id;
  std::string question_id;
};
const ObjectSchema<Resumed>& describe(Type<Resumed>) {
  static const auto schema = object<Resumed>("ResumedAgent")
                                 .field("status", &Resumed::status, one_of({"running"}))
                                 .field("id", &Resumed::id, string().uuid())
                                 .field("questionId", &Resumed::question_id);
  return schema;
}

// Which question is meant. kConflict: none waits, or several do.
Result<std::string> question_of(const ShownRun& run, const std::optional<std::string>& named) {
  auto questions = parse_json(run.questions.text);
  if (!questions) return fail(questions.error());
  const auto& all = questions->as_array();
  if (all.empty()) return fail(Code::kConflict, "The run asks nothing");
  if (!named && all.size() > 1) {
    return fail(Code::kConflict,
                fmt::format("The run asks {} questions: say which, with questionId", all.size()));
  }
  if (!named) return std::string(all.front().string_or("id", ""));
  for (const auto& one : all) {
    if (one.string_or("id", "") == *named) return *named;
  }
  return fail(Code::kConflict, "The run does not ask that question (any more)");
}

Task<Result<Resumed>> resume(const Rooms& rooms, Session session, Resume input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  // A question is told a moment before the run waits for its answer.
  constexpr int kTries = 20;
  constexpr std::chrono::milliseconds kPause(100);
  for (int tries = 1;; ++tries) {
    auto run = co_await find_run(rooms, session.user_id(), id);
    if (!run) co_return fail(run.error());
    auto question = question_of(*run, input.question_id);
    if (!question) co_return fail(question.error());
    const auto signal = agents::signal_of(id, *question);
    auto envelope =
        requested_by(session, rooms.types.world().new_id(), id, std::string(agents::kRunAggregate));
    auto resumed = rooms.types.make(
        agents::kRunResumed, agents::RunResumed{input.id, *question, input.answer}, envelope);
    if (!resumed) co_return fail(resumed.error());
    envelope.aggregate_id.reset();
    envelope.aggregate_type.clear();
    auto sent = rooms.types.make(bus::kSignalSent, bus::Signal{signal, input.answer}, envelope);
    if (!sent) co_return fail(sent.error());
    events::Append append;
    append.events = {*std::move(resumed), *std::move(sent)};
    append.decide = [user_id = session.user_id(), signal](db::Tx& tx) {
      if (workers::take_signal_wait(tx, user_id, signal)) return;
      tx.abort({Code::kConflict, "The run does not wait for that answer (any more)", nullptr});
    };
    auto appended = co_await rooms.log.append(std::move(append));
    if (appended) co_return Resumed{.id = input.id, .question_id = *question};
    if (appended.error().code != Code::kConflict || tries == kTries) {
      co_return fail(appended.error());
    }
    co_await rooms.types.world().sleep_for(kPause, session.stop);
  }
}

struct Fork {
  std::string id;
  std::int64_t checkpoint = 0;
  Json state;
  std::optional<std::string> idempotency_key;
  std::optional<agents::GraphPath> path = std::nullopt;
};
const ObjectSchema<Fork>& describe(Type<Fork>) {
  static const auto schema =
      object<Fork>("ForkAgent")
          .field("id", &Fork::id, string().uuid(), "The run of an agent.")
          .field("checkpoint", &Fork::checkpoint, integer().min(0),
                 "The number of one of its checkpoints: the new run begins there.")
          .field_or("state", &Fork::state, record(any()), Json::object(),
                    "Fields of the state that are to be others than they were there.")
          .field("idempotencyKey", &Fork::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key forks nothing again.")
          .field("path", &Fork::path, array(string().max(200)).max(16),
                 "Of a graph within the graph, as agents.watch tells it of its states: the "
                 "checkpoint is one of that.");
  return schema;
}

Task<Result<Accepted>> fork(const Rooms& rooms, Session session, Fork input) {
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto run = co_await find_run(rooms, session.user_id(), id);
  if (!run) co_return fail(run.error());
  const auto* agent = rooms.agents->find(run->agent);
  if (agent == nullptr) {
    co_return fail(Code::kConflict, fmt::format("There is no agent {} any more", run->agent));
  }
  const auto path = input.path.value_or(agents::GraphPath());
  auto way = co_await agents::checkpoints_to_fork(rooms.database, session.user_id(), id,
                                                  {path, input.checkpoint});
  if (!way) co_return fail(way.error());
  const auto* schema = agents::state_at(*agent->graph, path);
  if (schema == nullptr) co_return fail(agents::no_graph_there(path));
  Json state = std::move(way->back().state);
  for (const auto& [name, value] : input.state.as_object()) {
    if (state.find(name) == nullptr) {
      co_return fail(Code::kBadRequest, fmt::format("state.{}: the state has no such field", name));
    }
    state.set(name, value);
  }
  if (auto valid = validate(*schema, std::move(state)); !valid) {
    co_return fail(valid.error());
  }
  auto began = parse_json(run->input.text);
  if (!began) co_return fail(began.error());
  Fork asked = input;
  asked.idempotency_key.reset();
  co_return co_await start(
      rooms, session, *agent, std::move(*began), *std::move(key), json_text(asked),
      agents::ForkOf{input.id, input.checkpoint, std::move(input.state), path});
}

}  // namespace

const UntypedObjectSchema& question_schema() {
  static const auto schema = object("AgentQuestion")
                                 .field("id", string(), "By which it is answered.")
                                 .field("question", any());
  return schema;
}

const UntypedObjectSchema& run_error_schema() {
  static const auto schema =
      object("AgentRunError").field("name", string()).field("message", string());
  return schema;
}

const ObjectSchema<ShownRun>& describe(Type<ShownRun>) {
  static const auto schema = [] {
    auto shown = object<ShownRun>("AgentRun");
    add_shown_fields(shown);
    return shown;
  }();
  return schema;
}

Task<Result<ShownRun>> find_run(const Rooms& rooms, const std::string& user_id, const Uuid& id) {
  co_return co_await rooms.database.read_as(user_id, [&](db::Tx& tx) {
    ShownRun run;
    {
      auto rows = tx.query(std::string(kColumns) + "WHERE id = $1", id);
      if (!rows.next()) {
        tx.abort({Code::kNotFound, "There is no such run of an agent of yours", nullptr});
        return run;
      }
      run = read_run(rows);
    }
    if (const auto engine_run = agents::engine_run_of(tx, run.position)) {
      run.run_id = engine_run->to_string();
    }
    return run;
  });
}

std::optional<std::string> key_of(const Session& session) {
  if (session.actor->recorded.kind != events::Actor::Kind::kKey) return std::nullopt;
  return session.authority->key_behind(session.actor);
}

api::Actor by_key(const std::string& user_id, std::string key_id) {
  return api::Actor::of_key(user_id, api::Role::kMember, std::move(key_id));
}

Task<Result<agents::ChainPlace>> place_of(const Rooms& rooms, const Session& session) {
  agents::ChainPlace place;
  if (session.cause != nullptr) {
    auto behind = co_await agents::place_behind(rooms.log, *session.cause);
    if (!behind) co_return fail(behind.error());
    place = *behind;
  }
  if (place.key) place.key = rooms.keys.key_behind(by_key(session.user_id(), *place.key));
  // What an agent had read by now it says itself: its cause is the request of its own run.
  const bool is_agent = session.actor->recorded.kind == events::Actor::Kind::kAgent;
  place.is_tainted = session.is_tainted || (!is_agent && place.is_tainted);
  co_return place;
}

Task<Result<Accepted>> start(const Rooms& rooms, const Session& session, const Agent& agent,
                             Json input, std::string idempotency_key, std::string fingerprint,
                             std::optional<agents::ForkOf> fork) {
  auto& world = rooms.types.world();
  const auto id = world.new_id();
  auto place = co_await place_of(rooms, session);
  if (!place) co_return fail(place.error());
  auto envelope = requested_by(session, world.new_id(), id, std::string(agents::kRunAggregate));
  envelope.starts_stream = true;
  auto event = rooms.types.make(
      agents::kRunRequested,
      agents::RunRequested{id.to_string(), agent.name, std::move(input),
                           session.actor->scopes.names(), std::move(fork), place->is_tainted,
                           key_of(session).or_else([&] { return place->key; }), place->told_depth(),
                           std::nullopt, place->told_first()},
      std::move(envelope));
  if (!event) co_return fail(event.error());
  const auto decide = [&](db::Tx& tx) { agents::admit(tx, *place, rooms.agents->chain_limits); };
  auto submitted = co_await submit(rooms, {.event = std::move(*event),
                                           .decide = decide,
                                           .idempotency_key = std::move(idempotency_key),
                                           .fingerprint_of = std::move(fingerprint)});
  if (!submitted) co_return fail(submitted.error());
  co_return std::move(submitted->accepted);
}

void finish(const Rooms& rooms) {
  for (const auto* agent : rooms.agents->all()) {
    agents::Tools::check(rooms.procedures, agent->tools);
  }
  add_beginnings(rooms);
}

void add(const Rooms& rooms) {
  agents::add_event_types(rooms.types);
  rooms.projections.add(agents::runs_projection());
  rooms.projections.add(agents::switches_projection());
  const agents::RunRooms of_runs{
      rooms.database, rooms.log,
      rooms.types,    rooms.procedures,
      rooms.keys,     rooms.models,
      rooms.agents,   rooms.guards_agents ? agents::Guard::kOn : agents::Guard::kOff};
  auto options = agents::run_options(rooms.workers.calls_of_function_max());
  options.last_words = agents::last_words_of(of_runs);
  rooms.workers.add(std::string(agents::kRunFunction), agents::run_handler(of_runs),
                    std::move(options));
  const rpc::ErrorMeta no_such{Code::kNotFound, "You have no such run of an agent."};
  const std::vector<std::string> requests = {std::string(agents::kRunRequested.name)};
  add_query(rooms, "agents.list", {.summary = "The agents that there are."}, list);
  add_mutation(rooms, "agents.start",
               {.summary = "Have an agent do something.",
                .docs = "It acts as itself, on your behalf, and may do what the key may with which "
                        "it was started. agents.get and agents.watch tell how it goes on.",
                .effects = rpc::Effects::kAppends,
                .errors = {{Code::kNotFound, "There is no such agent."}},
                .examples = {{R"({"agent":"capture","input":{"text":"buy milk tomorrow"}})", ""}},
                .keeps_idempotency_keys = true,
                .appends = requests},
               start_one);
  add_query(rooms, "agents.get",
            {.summary = "One run of an agent, with the states that it has gone through.",
             .errors = {no_such}},
            get);
  add_query(rooms, "agents.runs", {.summary = "Runs of agents."}, list_runs);
  add_mutation(
      rooms, "agents.resume",
      {.summary = "Answer what a run of an agent asks, so that it goes on.",
       .effects = rpc::Effects::kAppends,
       .errors = {no_such, {Code::kConflict, "It asks nothing, or another question, or several."}},
       .appends = {std::string(agents::kRunResumed.name), std::string(bus::kSignalSent.name)}},
      resume);
  add_mutation(rooms, "agents.fork",
               {.summary = "Begin a new run at a checkpoint of another one, with another state.",
                .docs = "What the other run did before stays done; what it did behind it, models "
                        "asked and tools called, is done again by the new run. At a checkpoint of "
                        "a graph within the graph the round around it is done anew, but for what "
                        "that graph did before.",
                .effects = rpc::Effects::kAppends,
                .errors = {no_such, {Code::kConflict, "Its agent is gone."}},
                .keeps_idempotency_keys = true,
                .appends = requests},
               fork);
  add_watching(rooms);
}

}  // namespace synap::features::agent_runs

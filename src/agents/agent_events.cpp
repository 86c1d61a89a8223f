#include "agents/agent_events.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::agents {
namespace {

Json questions_of(db::Tx& tx, const Uuid& id) {
  auto rows = tx.query("SELECT questions FROM agent_runs_data WHERE id = $1", id);
  if (!rows.next()) return Json::array();
  return parse_json(rows.view(0)).value_or(Json::array());
}

void set_questions(db::Tx& tx, const Uuid& id, const Json& questions) {
  tx.run(
      "UPDATE agent_runs_data SET questions = $2, status = $3 WHERE id = $1 AND ended_at IS NULL",
      id, questions.dump(),
      questions.as_array().empty() ? std::string_view("running") : std::string_view("interrupted"));
}

void fold_requested(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kRunRequested);
  if (!data) return tx.abort(data.error());
  const auto& asked = **data;
  const auto& fork = asked.fork;
  tx.run(
      "INSERT INTO agent_runs_data(id, user_id, agent, status, input, questions, position, "
      "created_at, fork_of, fork_checkpoint, chain) VALUES ($1, $2, $3, 'running', $4, '[]', "
      "$5, $6, $7, $8, $9)",
      *event.aggregate_id, event.user_id, asked.agent, asked.input.dump(), event.position,
      event.timestamp, fork ? Uuid::parse(fork->id) : std::nullopt,
      fork ? std::optional(fork->checkpoint) : std::nullopt, chain_of(event));
}

void end(db::Tx& tx, const events::Event& event, std::string_view status, const std::string& output,
         const std::string& error) {
  tx.run(
      "UPDATE agent_runs_data SET status = $2, output = $3, error = $4, ended_at = $5, questions = "
      "'[]' WHERE id = $1 AND ($2 = 'completed' OR status <> 'completed')",
      *event.aggregate_id, status,
      output.empty() ? std::optional<std::string_view>() : std::string_view(output),
      error.empty() ? std::optional<std::string_view>() : std::string_view(error), event.timestamp);
}

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kRunRequested.name) {
    fold_requested(tx, event);
  } else if (event.type == kRunCompleted.name) {
    auto data = data_of(event, kRunCompleted);
    if (!data) return tx.abort(data.error());
    end(tx, event, "completed", (*data)->output.dump(), "");
  } else if (event.type == kRunFailed.name) {
    auto data = data_of(event, kRunFailed);
    if (!data) return tx.abort(data.error());
    end(tx, event, "failed", "",
        Json::object({{"name", (*data)->name}, {"message", (*data)->message}}).dump());
  } else if (event.type == kRunInterrupted.name) {
    auto data = data_of(event, kRunInterrupted);
    if (!data) return tx.abort(data.error());
    auto questions = questions_of(tx, *event.aggregate_id);
    questions.push_back(
        Json::object({{"id", (*data)->question_id}, {"question", (*data)->question}}));
    set_questions(tx, *event.aggregate_id, questions);
  } else if (event.type == kRunResumed.name) {
    auto data = data_of(event, kRunResumed);
    if (!data) return tx.abort(data.error());
    auto questions = questions_of(tx, *event.aggregate_id);
    std::erase_if(questions.as_array(),
                  [&](const Json& one) { return one.string_or("id", "") == (*data)->question_id; });
    set_questions(tx, *event.aggregate_id, questions);
  }
}

void fold_switch(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kSwitched);
  if (!data) return tx.abort(data.error());
  const auto& now = **data;
  Json scopes = Json::array();
  for (const auto& one : now.scopes) scopes.push_back(one);
  tx.run(
      "INSERT INTO agent_switches_data(id, user_id, agent, is_on, schedule, scopes) VALUES ($1, "
      "$2, "
      "$3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET is_on = excluded.is_on, schedule = "
      "excluded.schedule, scopes = excluded.scopes",
      *event.aggregate_id, event.user_id, now.agent, now.is_on, now.schedule.value_or(""),
      scopes.dump());
}

}  // namespace

const ObjectSchema<Switched>& describe(Type<Switched>) {
  static const auto schema =
      object<Switched>("AgentSwitched")
          .field("agent", &Switched::agent)
          .field("on", &Switched::is_on)
          .field("schedule", &Switched::schedule, string(), "A cron expression.")
          .field("scopes", &Switched::scopes, array(string()), "What its runs may do.");
  return schema;
}

const ObjectSchema<ForkOf>& describe(Type<ForkOf>) {
  static const auto schema =
      object<ForkOf>("AgentForkOf")
          .field("id", &ForkOf::id, string().uuid(), "The run of the agent that it is a fork of.")
          .field("checkpoint", &ForkOf::checkpoint, integer().min(0), "Where it begins.")
          .field_or("edits", &ForkOf::edits, record(any()), Json::object(),
                    "Fields of the state there that are replaced.")
          .field_or("path", &ForkOf::path, array(string()), {},
                    "Of the graph within the graph whose checkpoint it is.");
  return schema;
}

const ObjectSchema<RunRequested>& describe(Type<RunRequested>) {
  static const auto schema = object<RunRequested>("AgentRunRequested")
                                 .field("entityId", &RunRequested::entity_id, string().uuid())
                                 .field("agent", &RunRequested::agent, string().min(1).max(64))
                                 .field("input", &RunRequested::input, any())
                                 .field("scopes", &RunRequested::scopes, array(string()),
                                        "What whoever asked may do, and so the agent.")
                                 .field("fork", &RunRequested::fork, schema_of<ForkOf>())
                                 .field("tainted", &RunRequested::is_tainted, boolean(),
                                        "It was begun by an event, or by a run that had read "
                                        "stored text.")
                                 .field("key", &RunRequested::key, string(),
                                        "Of whose budget its calls of models are: the key that "
                                        "asked for it, or that caused what began it.")
                                 .field("depth", &RunRequested::depth, integer().min(1),
                                        "How many runs of agents there are up to it, each of which "
                                        "followed from the one before. Absent: it is the first.")
                                 .field("trusting", &RunRequested::is_trusting, boolean(),
                                        "Whoever asked trusts what it reads: what its model asks "
                                        "for is done at once.")
                                 .field("chain", &RunRequested::chain, string().uuid(),
                                        "The first of the runs of agents from which it follows. "
                                        "Absent: it is the first.");
  return schema;
}

const ObjectSchema<RunCompleted>& describe(Type<RunCompleted>) {
  static const auto schema = object<RunCompleted>("AgentRunCompleted")
                                 .field("entityId", &RunCompleted::entity_id, string().uuid())
                                 .field("agent", &RunCompleted::agent)
                                 .field("output", &RunCompleted::output, any())
                                 .field("rounds", &RunCompleted::rounds, integer().min(0))
                                 .field("spent", &RunCompleted::spent, schema_of<Spent>());
  return schema;
}

const ObjectSchema<RunInterrupted>& describe(Type<RunInterrupted>) {
  static const auto schema = object<RunInterrupted>("AgentRunInterrupted")
                                 .field("entityId", &RunInterrupted::entity_id, string().uuid())
                                 .field("question", &RunInterrupted::question, any())
                                 .field("questionId", &RunInterrupted::question_id, string(),
                                        "By which it is answered: agents.resume.");
  return schema;
}

const ObjectSchema<RunResumed>& describe(Type<RunResumed>) {
  static const auto schema = object<RunResumed>("AgentRunResumed")
                                 .field("entityId", &RunResumed::entity_id, string().uuid())
                                 .field("questionId", &RunResumed::question_id)
                                 .field("answer", &RunResumed::answer, any());
  return schema;
}

Uuid chain_of(const events::Event& requested) {
  const auto data = data_of(requested, kRunRequested);
  const auto own = requested.aggregate_id.value_or(requested.id);
  if (!data) return own;
  const auto& asked = **data;
  if (asked.chain) return Uuid::parse(*asked.chain).value_or(own);
  // A version asked that counted all that follows from one cause.
  return asked.depth ? requested.correlation_id.value_or(own) : own;
}

void add_event_types(events::EventTypes& types) {
  types.add(kRunRequested, "An agent is to do something for somebody.");
  types.add_failed(kRunRequested.name);
  types.add(kRunCompleted, "An agent has done what it was asked, with what it came to.");
  types.add(kRunInterrupted, "A run of an agent asks people, and waits for an answer.");
  types.add(kSwitched, "Somebody has switched an agent on or off that begins by itself.");
  types.add(kRunResumed, "Somebody has answered what a run of an agent asked.");
}

projections::Projection runs_projection() {
  using db::ColumnType;
  return {.name = "agent_runs",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "agent_runs",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"agent"},
                                  {"status"},
                                  {"input"},
                                  {.name = "output", .is_nullable = true},
                                  {.name = "error", .is_nullable = true},
                                  {"questions"},
                                  {"position", ColumnType::kInteger},
                                  {"created_at", ColumnType::kInteger},
                                  {"ended_at", ColumnType::kInteger, true},
                                  {"fork_of", ColumnType::kBytes, true},
                                  {"fork_checkpoint", ColumnType::kInteger, true},
                                  // Its first run.
                                  {"chain", ColumnType::kBytes}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"user_id", "position"}}, {.columns = {"chain"}}}}},
          .types = {std::string(kRunRequested.name), std::string(kRunCompleted.name),
                    std::string(kRunFailed.name), std::string(kRunInterrupted.name),
                    std::string(kRunResumed.name)},
          .fold = fold};
}

projections::Projection switches_projection() {
  using db::ColumnType;
  return {.name = "agent_switches",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "agent_switches",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"agent"},
                                  {"is_on", ColumnType::kInteger},
                                  {"schedule"},
                                  {"scopes"}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"user_id", "agent"}}}}},
          .types = {std::string(kSwitched.name)},
          .fold = fold_switch};
}

}  // namespace synap::agents

#include "features/proposals/proposal_events.h"

#include "base/clock.h"
#include "features/command.h"

namespace synap::features::proposals {
namespace {

using events::Event;

void fold_created(db::Tx& tx, const Event& event) {
  auto data = data_of(event, kCreated);
  if (!data) return tx.abort(data.error());
  const auto& made = **data;
  const auto kind = event.actor ? events::actor_kind_name(event.actor->kind) : std::string_view();
  const auto id = event.actor ? event.actor->id : std::string();
  const auto entity = made.entity_id ? Uuid::parse(*made.entity_id) : std::nullopt;
  tx.run(
      "INSERT INTO proposals_data(id, user_id, event, position, procedure, status, proposer_kind, "
      "proposer, key_id, reason, input, entity_type, entity_id, base_version, created_at, "
      "expires_at, cause) "
      "VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
      *event.aggregate_id, event.user_id, event.id, event.position, made.procedure, kind, id,
      made.key.value_or(kind == "key" ? id : ""), made.reason.value_or(""), made.input.dump(),
      made.entity_type.value_or(""), entity, made.base_version, event.timestamp,
      parse_iso8601(made.expires_at).value_or(0), event.causation_id);
}

void decide(db::Tx& tx, const Event& event, std::string_view status,
            const std::optional<std::string>& reason) {
  const auto kind = event.actor ? events::actor_kind_name(event.actor->kind) : std::string_view();
  const auto id = event.actor ? event.actor->id : std::string();
  tx.run(
      "UPDATE proposals_data SET status = $2, decided_at = $3, decider_kind = $4, decider = $5, "
      "decision_reason = $6 WHERE id = $1",
      *event.aggregate_id, status, event.timestamp, kind, id, reason.value_or(""));
}

void end(db::Tx& tx, const Event& event, std::string_view status,
         const std::optional<std::string>& result, const std::optional<std::string>& error) {
  tx.run("UPDATE proposals_data SET status = $2, result = $3, error = $4 WHERE id = $1",
         *event.aggregate_id, status, result, error);
}

void fold_acceptance(db::Tx& tx, const Event& event) {
  auto data = data_of(event, kAcceptanceRequested);
  if (!data) return tx.abort(data.error());
  decide(tx, event, kAccepting, std::nullopt);
  if (!(*data)->input) return;
  tx.run("UPDATE proposals_data SET edited = $2 WHERE id = $1", *event.aggregate_id,
         (*data)->input->dump());
}

void fold(db::Tx& tx, const Event& event) {
  if (event.type == kCreated.name) return fold_created(tx, event);
  if (event.type == kAcceptanceRequested.name) return fold_acceptance(tx, event);
  if (event.type == kWithdrawn.name) return decide(tx, event, kWithdrawnStatus, std::nullopt);
  if (event.type == kRejected.name) {
    auto data = data_of(event, kRejected);
    if (!data) return tx.abort(data.error());
    return decide(tx, event, kRejectedStatus, (*data)->reason);
  }
  if (event.type == kAcceptanceCompleted.name) {
    auto data = data_of(event, kAcceptanceCompleted);
    if (!data) return tx.abort(data.error());
    return end(tx, event, kAccepted, json_text(**data), std::nullopt);
  }
  auto data = data_of(event, kAcceptanceFailed);
  if (!data) return tx.abort(data.error());
  end(tx, event, kFailed, std::nullopt,
      Json::object({{"name", (*data)->name}, {"message", (*data)->message}}).dump());
}

}  // namespace

const ObjectSchema<Created>& describe(Type<Created>) {
  static const auto schema =
      object<Created>("ProposalCreated")
          .field("procedure", &Created::procedure, string(), "The one that is to be called.")
          .field("input", &Created::input, record(any()), "With this.")
          .field("reason", &Created::reason, string(), "Why, as whoever proposed it says.")
          .field("entityType", &Created::entity_type, string(),
                 "Of the thing that it would change.")
          .field("entityId", &Created::entity_id, string().uuid())
          .field("baseVersion", &Created::base_version, integer().min(1),
                 "That the thing had when this was proposed.")
          .field("expiresAt", &Created::expires_at, string().datetime(),
                 "From then on nobody can accept it.")
          .field("key", &Created::key, string(),
                 "The key of the session, or of the agent's run, that proposed it.");
  return schema;
}
const ObjectSchema<AcceptanceRequested>& describe(Type<AcceptanceRequested>) {
  static const auto schema =
      object<AcceptanceRequested>("ProposalAcceptanceRequested")
          .field("input", &AcceptanceRequested::input, record(any()),
                 "With which the procedure is called; absent: with the one that was proposed.")
          .field("scopes", &AcceptanceRequested::scopes, array(string()),
                 "What the accepting key may do.");
  return schema;
}
const ObjectSchema<AcceptanceCompleted>& describe(Type<AcceptanceCompleted>) {
  static const auto schema =
      object<AcceptanceCompleted>("ProposalAcceptanceCompleted")
          .field("entityId", &AcceptanceCompleted::entity_id, string().uuid(),
                 "What the call was about.")
          .field("requestId", &AcceptanceCompleted::request_id, string().uuid(),
                 "Of the call: requests.get tells what came of it.")
          .field("result", &AcceptanceCompleted::result, any(), "The call's answer.");
  return schema;
}
const ObjectSchema<Rejected>& describe(Type<Rejected>) {
  static const auto schema =
      object<Rejected>("ProposalRejected").field("reason", &Rejected::reason, string());
  return schema;
}
const ObjectSchema<Withdrawn>& describe(Type<Withdrawn>) {
  static const auto schema = object<Withdrawn>("ProposalWithdrawn");
  return schema;
}

void add_event_types(events::EventTypes& types) {
  types.add(kCreated, "Somebody who may not make a change proposes it.");
  types.add(kAcceptanceRequested, "A proposal was accepted, as it was or edited.");
  types.add(kAcceptanceCompleted, "What was proposed has been called.");
  types.add(kRejected, "A proposal was rejected: nothing comes of it.");
  types.add(kWithdrawn, "Whoever proposed something has taken it back.");
}

projections::Projection projection() {
  using db::ColumnType;
  return {.name = "proposals",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "proposals",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"event", ColumnType::kBytes},
                                  {"position", ColumnType::kInteger},
                                  {"procedure"},
                                  {"status"},
                                  {"proposer_kind"},
                                  {"proposer"},
                                  {"key_id"},
                                  {"reason"},
                                  {"input"},
                                  {"edited", ColumnType::kText, true},
                                  {"entity_type"},
                                  {"entity_id", ColumnType::kBytes, true},
                                  {"base_version", ColumnType::kInteger, true},
                                  // Because of which event it was proposed: of a run of an agent.
                                  {"cause", ColumnType::kBytes, true},
                                  {"created_at", ColumnType::kInteger},
                                  {"expires_at", ColumnType::kInteger},
                                  {"decided_at", ColumnType::kInteger, true},
                                  {"decider_kind"},
                                  {"decider"},
                                  {"decision_reason"},
                                  {"result", ColumnType::kText, true},
                                  {"error", ColumnType::kText, true}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"user_id", "position"}},
                                  {.columns = {"user_id", "status", "position"}},
                                  {.columns = {"user_id", "status", "expires_at"}}}}},
          .types = {std::string(kCreated.name), std::string(kAcceptanceRequested.name),
                    std::string(kAcceptanceCompleted.name), std::string(kAcceptanceFailed.name),
                    std::string(kRejected.name), std::string(kWithdrawn.name)},
          .fold = fold};
}

}  // namespace synap::features::proposals

// How a proposal is made: by a call of a key that may only propose, or by proposals.create.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/noun/noun.h"
#include "features/procedures.h"
#include "features/proposals/proposal.h"

namespace synap::features::proposals {
namespace {

using api::Session;

struct Create {
  std::string procedure;
  Json input;
  std::optional<std::string> reason;
  std::optional<std::string> expires_at;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<Create>& describe(Type<Create>) {
  static const auto schema =
      object<Create>("CreateProposal")
          .field("procedure", &Create::procedure, string().min(1).max(rpc::kPathBytesMax),
                 "What is to be called: notes.update.")
          .field_or("input", &Create::input, record(any()), Json::object(),
                    "As the procedure takes it, 256 KiB of JSON at most.")
          .field("reason", &Create::reason, string().max(api::CallContext::kReasonCharactersMax),
                 "Why. Absent: the header synap-reason says.")
          .field("expiresAt", &Create::expires_at, string().datetime(),
                 "From then on nobody can accept it: in 90 days at most. Absent: in 7.")
          .field("idempotencyKey", &Create::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key proposes nothing again.");
  return schema;
}

// What is proposed, of a valid input.
struct Wanted {
  const rpc::Procedure& procedure;
  Json input;
  std::string reason;
  std::int64_t expires_at = 0;
  std::string idempotency_key;
  std::string fingerprint;
  /// Why it is refused, unless it is a repeat of one that was not.
  std::optional<Error> refusal = std::nullopt;
};

void refuse_too_many(db::Tx& tx, const std::string& user_id, std::int64_t now) {
  auto rows = tx.query(
      "SELECT count(*) FROM (SELECT 1 FROM proposals_data WHERE user_id = $1 AND status = 'open' "
      "AND expires_at > $2 LIMIT $3) AS waiting",
      user_id, now, kOpenMax);
  if (!rows.next() || rows.integer(0) < kOpenMax) return;
  tx.abort({Code::kPreconditionFailed,
            fmt::format("You have {} proposals that wait for an answer, and may have no more: "
                        "accept or reject some first",
                        kOpenMax),
            nullptr});
}

// The proposal of this very call that waits for an answer, of whoever acts because of the same
// event, and for the thing as it is: a run of an agent whose model asks twice wants one change.
std::optional<Uuid> open_one(db::Tx& tx, const Session& session, const std::string& procedure,
                             const std::string& input, std::optional<std::int64_t> base_version,
                             std::int64_t now) {
  if (session.cause == nullptr) return std::nullopt;
  const auto& by = session.actor->recorded;
  auto rows = tx.query(
      "SELECT id FROM proposals_data WHERE user_id = $1 AND status = 'open' AND cause = $2 AND "
      "procedure = $3 AND proposer_kind = $4 AND proposer = $5 AND input = $6 AND expires_at > $7 "
      "AND coalesce(base_version, 0) = $8 ORDER BY position LIMIT 1",
      session.user_id(), session.cause->id, procedure, events::actor_kind_name(by.kind), by.id,
      input, now, base_version.value_or(0));
  return rows.next() ? rows.uuid(0) : std::nullopt;
}

// As the first call was answered.
Task<Result<Accepted>> answer_of_open(const Rooms& rooms, const Session& session, Uuid id) {
  auto proposal = co_await find(rooms, session.user_id(), id);
  if (!proposal) co_return fail(proposal.error());
  auto made = co_await rooms.log.find(events::Tenancy::of_user(session.user_id()), proposal->event);
  if (!made) co_return fail(made.error());
  co_return Accepted{.request_id = (*made)->request_id.value_or(Uuid{}).to_string(),
                     .entity_id = id.to_string()};
}

// The version that the call expects is that of the thing as it is, and so is no part of the call:
// whoever accepts knows which one it was proposed for.
Result<> take_expected_version(Json& input, std::int64_t version) {
  auto& members = input.as_object();
  const auto own = std::ranges::find(members, "expectedVersion", &Json::Member::first);
  if (own == members.end()) return {};
  if (own->second != Json(version)) {
    return fail({Code::kConflict, "It has another version than the expected one",
                 std::make_shared<Json>(Json::object({{"actualVersion", version}}))});
  }
  members.erase(own);
  return {};
}

Task<Result<Accepted>> propose(const Rooms& rooms, const Session& session, Wanted wanted) {
  auto thing = co_await thing_of(rooms, session.user_id(), wanted.procedure, wanted.input);
  if (thing && *thing) {
    auto taken = take_expected_version(wanted.input, (*thing)->version);
    if (!taken) thing = fail(taken.error());
  }
  if (thing && wanted.refusal) thing = fail(*wanted.refusal);
  if (const auto& check = wanted.procedure.meta.check_proposal; thing && check) {
    if (auto may = co_await check(session.user_id(), wanted.input); !may) thing = fail(may.error());
  }
  // What is gone may have been proposed before, under the same key: the transaction tells.
  if (!thing && wanted.idempotency_key.empty()) co_return fail(thing.error());
  const auto input = wanted.input.dump();
  Created made{.procedure = wanted.procedure.path,
               .input = std::move(wanted.input),
               .expires_at = to_iso8601(wanted.expires_at)};
  if (!wanted.reason.empty()) made.reason = std::move(wanted.reason);
  if (thing && *thing) {
    made.entity_type = (*thing)->type;
    made.entity_id = (*thing)->id;
    made.base_version = (*thing)->version;
  }
  const auto key = session.authority->key_behind(session.actor);
  const bool is_anothers = key != session.actor->recorded.id && !key.empty();
  // What an agent proposes that its key may do itself is the agent's own: that key may accept it.
  if (is_anothers && !session.is_for_approval) made.key = key;
  auto& world = rooms.types.world();
  Session asked = session;
  asked.reason.clear();  // the data have it
  auto envelope = requested_by(asked, world.new_id(), world.new_id(), std::string(kAggregate));
  envelope.starts_stream = true;
  auto event = rooms.types.make(kCreated, std::move(made), std::move(envelope));
  if (!event) co_return fail(event.error());
  const auto base_version =
      thing && *thing ? std::optional((*thing)->version) : std::optional<std::int64_t>();
  std::optional<Uuid> open;
  const auto decide = [&, user_id = session.user_id(), now = world.unix_ms()](db::Tx& tx) {
    if (!thing) return tx.abort(thing.error());
    open = open_one(tx, session, wanted.procedure.path, input, base_version, now);
    if (open) return tx.abort({Code::kConflict, "It is proposed already", nullptr});
    refuse_too_many(tx, user_id, now);
  };
  auto submitted = co_await submit(rooms, {.event = std::move(*event),
                                           .decide = decide,
                                           .idempotency_key = std::move(wanted.idempotency_key),
                                           .fingerprint_of = std::move(wanted.fingerprint)});
  if (open) co_return co_await answer_of_open(rooms, session, *open);
  if (!submitted) co_return fail(submitted.error());
  co_return std::move(submitted->accepted);
}

Completed completed_of(const Accepted& accepted) {
  return {.status = kProposed,
          .request_id = accepted.request_id,
          .entity_id = accepted.entity_id,
          .version = 1,
          .proposal_id = accepted.entity_id};
}

// In the shape of what the procedure itself answers.
std::string answer_of(const rpc::Procedure& procedure, Accepted accepted) {
  for (const auto& field : procedure.output.node().fields) {
    if (field.name == "version") return json_text(completed_of(accepted));
  }
  accepted.status = kProposed;
  accepted.proposal_id = accepted.entity_id;
  return json_text(accepted);
}

// Takes the idempotency key out of the input, which is none of what is proposed.
Result<std::string> take_key(const Session& session, Json& input) {
  std::optional<std::string> own;
  auto& members = input.as_object();
  for (auto it = members.begin(); it != members.end(); ++it) {
    if (it->first != "idempotencyKey") continue;
    if (it->second.is_string()) own = it->second.as_string();
    members.erase(it);
    break;
  }
  return idempotency_of(session, own);
}

// A call by a key that may only propose: its input is valid.
Task<Result<std::string>> propose_call(const Rooms& rooms, const Session& session, std::string path,
                                       Json input) {
  const auto* procedure = rooms.procedures.find(path);
  SYNAP_CHECK(procedure != nullptr, path);
  auto key = take_key(session, input);
  if (!key) co_return fail(key.error());
  auto bounded = valid_input(*procedure, std::move(input));
  if (!bounded) co_return fail(bounded.error());
  auto fingerprint = path + "\n" + bounded->dump();
  auto accepted = co_await propose(rooms, session,
                                   {.procedure = *procedure,
                                    .input = std::move(*bounded),
                                    .reason = session.reason,
                                    .expires_at = rooms.types.world().unix_ms() + kExpiresInMs,
                                    .idempotency_key = *std::move(key),
                                    .fingerprint = std::move(fingerprint)});
  if (!accepted) co_return fail(accepted.error());
  co_return answer_of(*procedure, std::move(*accepted));
}

Result<const rpc::Procedure*> proposable(const Rooms& rooms, const Session& session,
                                         const std::string& path) {
  const auto* procedure = rooms.procedures.find(path);
  if (procedure == nullptr || !procedure->meta.may_be_proposed) {
    return fail(Code::kBadRequest,
                fmt::format("procedure: {} is nothing that can be proposed", path));
  }
  const auto scope = rpc::proposing_scope_of(*procedure);
  if (session.actor->scopes.allow(scope)) return procedure;
  return fail(Code::kForbidden,
              fmt::format("This API key is not for that: the scope {} is needed", scope));
}

Result<std::int64_t> end_of(const std::optional<std::string>& said, std::int64_t now) {
  if (!said) return now + kExpiresInMs;
  const auto end = parse_iso8601(*said).value_or(0);
  if (end <= now) return fail(Code::kBadRequest, "expiresAt: it is over already");
  if (end <= now + kExpiresInMsMax) return end;
  return fail(Code::kBadRequest, "expiresAt: a proposal waits for 90 days at most");
}

Task<Result<Completed>> create(const Rooms& rooms, Session session, Create input) {
  auto procedure = proposable(rooms, session, input.procedure);
  if (!procedure) co_return fail(procedure.error());
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  auto valid = valid_input(**procedure, std::move(input.input));
  if (!valid) co_return fail(valid.error());
  if (valid->find("idempotencyKey") != nullptr) {
    co_return fail(Code::kBadRequest,
                   "input.idempotencyKey: give it beside the input, as it is the proposal's");
  }
  const auto now = rooms.types.world().unix_ms();
  const auto end = end_of(input.expires_at, now);
  auto fingerprint = fmt::format("{}\n{}", input.procedure, valid->dump());
  auto accepted = co_await propose(rooms, session,
                                   {.procedure = **procedure,
                                    .input = std::move(*valid),
                                    .reason = input.reason.value_or(session.reason),
                                    .expires_at = end.value_or(now),
                                    .idempotency_key = *std::move(key),
                                    .fingerprint = std::move(fingerprint),
                                    .refusal = end ? std::nullopt : std::optional(end.error())});
  if (!accepted) co_return fail(accepted.error());
  co_return completed_of(*accepted);
}

}  // namespace

void add_proposing(const Rooms& rooms) {
  rooms.keys.set_propose([&rooms](const Session& session, std::string path, Json input) {
    return propose_call(rooms, session, std::move(path), std::move(input));
  });
  add_mutation(
      rooms, "proposals.create",
      {.summary = "Propose a change, which somebody else accepts or rejects.",
       .docs = "Of a procedure that the key may call or propose. A key that may only propose need "
               "not ask for it: what it calls becomes a proposal.",
       .effects = rpc::Effects::kAppends,
       .errors = {{Code::kNotFound, "You have no such thing as the input names."},
                  {Code::kForbidden, "The key may neither do that nor propose it."},
                  {Code::kPayloadTooLarge, "The input is over 256 KiB."},
                  {Code::kPreconditionFailed, "1,000 proposals of yours wait for an answer."},
                  {Code::kConflict,
                   "The idempotency key was used for something else, or is another than the "
                   "header's."}},
       .examples = {{R"({"procedure":"tasks.create","input":{"title":"Buy milk"},)"
                     R"("reason":"The last one is empty"})",
                     ""}},
       .keeps_idempotency_keys = true,
       .has_scope_of_input = true,
       .appends = {std::string(kCreated.name)}},
      create);
}

}  // namespace synap::features::proposals

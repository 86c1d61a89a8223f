// proposals.accept, reject and withdraw. Whichever comes first decides, in its own transaction.
#include <fmt/format.h>

#include "base/clock.h"
#include "features/noun/noun.h"
#include "features/procedures.h"
#include "features/proposals/proposal.h"

namespace synap::features::proposals {
namespace {

using api::Session;

struct Accept {
  std::string id;
  std::optional<Json> input;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<Accept>& describe(Type<Accept>) {
  static const auto schema =
      object<Accept>("AcceptProposal")
          .field("id", &Accept::id, string().uuid())
          .field("input", &Accept::input, record(any()),
                 "With which the procedure is called instead: of the same thing, if it is about "
                 "one. Absent: as it was proposed.")
          .field("idempotencyKey", &Accept::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key is answered as the first was.");
  return schema;
}

struct Reject {
  std::string id;
  std::optional<std::string> reason;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<Reject>& describe(Type<Reject>) {
  static const auto schema =
      object<Reject>("RejectProposal")
          .field("id", &Reject::id, string().uuid())
          .field("reason", &Reject::reason, string().max(api::CallContext::kReasonCharactersMax),
                 "Why. Absent: the header synap-reason says.")
          .field("idempotencyKey", &Reject::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key is answered as the first was.");
  return schema;
}

struct Withdraw {
  std::string id;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<Withdraw>& describe(Type<Withdraw>) {
  static const auto schema =
      object<Withdraw>("WithdrawProposal")
          .field("id", &Withdraw::id, string().uuid())
          .field("idempotencyKey", &Withdraw::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key is answered as the first was.");
  return schema;
}

bool is_own(const Session& session, const Proposal& proposal) {
  const auto& actor = session.actor->recorded;
  if (proposal.key.empty()) {
    return proposal.proposed_by.kind == events::actor_kind_name(actor.kind) &&
           proposal.proposed_by.id == actor.id;
  }
  return session.authority->key_behind(session.actor) == proposal.key;
}

Result<> check_is_person(const Session& session) {
  if (session.actor->recorded.kind == events::Actor::Kind::kKey) return {};
  return fail(Code::kForbidden, "Agents and runs decide on no proposals: somebody with a key does");
}

// Says who was there before, and when.
std::string decided_text(std::string_view status, std::string_view kind, std::string_view id,
                         std::int64_t at) {
  const auto how =
      status == kAccepting || status == kAccepted || status == kFailed ? "accepted" : status;
  return fmt::format("It was {} by the {} {} at {}", how, kind, id, to_iso8601(at));
}

// Only an open proposal whose time is not over can be decided on.
std::function<void(db::Tx&)> while_open(const Session& session, const Uuid& id, std::int64_t now) {
  return [user_id = session.user_id(), id, now](db::Tx& tx) {
    auto rows = tx.query(
        "SELECT status, expires_at, decided_at, decider_kind, decider FROM proposals_data WHERE id "
        "= $1 AND user_id = $2",
        id, user_id);
    if (!rows.next()) return tx.abort(no_such());
    const auto status = rows.text(0);
    if (status != kOpen) {
      return tx.abort({Code::kConflict,
                       decided_text(status, rows.text(3), rows.text(4), rows.integer(2)), nullptr});
    }
    if (rows.integer(1) > now) return;
    tx.abort({Code::kConflict, fmt::format("It has expired, at {}", to_iso8601(rows.integer(1))),
              nullptr});
  };
}

// What is decided stands below what was proposed, unless the call says because of what it is made.
Task<void> find_cause(const Rooms& rooms, Session& session, const Proposal& proposal) {
  if (session.cause != nullptr) co_return;
  auto creation = co_await rooms.log.find(session.tenancy(), proposal.event);
  if (creation) session.cause = std::move(*creation);
}

template <class Data>
Task<Result<Accepted>> append(const Rooms& rooms, Session session, const Proposal& proposal,
                              const events::EventType<Data>& type, Data data, std::string key,
                              std::string fingerprint) {
  co_await find_cause(rooms, session, proposal);
  auto& world = rooms.types.world();
  const auto id = Uuid::parse(proposal.id).value_or(Uuid{});
  auto event = rooms.types.make(type, std::move(data),
                                requested_by(session, world.new_id(), id, std::string(kAggregate)));
  if (!event) co_return fail(event.error());
  auto submitted =
      co_await submit(rooms, {.event = std::move(*event),
                              .decide = while_open(session, id, world.unix_ms()),
                              .idempotency_key = std::move(key),
                              .fingerprint_of = proposal.id + "\n" + std::move(fingerprint)});
  if (!submitted) co_return fail(submitted.error());
  co_return std::move(submitted->accepted);
}

// Behind its creation: that is the first version, and this the second.
Completed completed_of(Accepted accepted) {
  return {.request_id = std::move(accepted.request_id),
          .entity_id = std::move(accepted.entity_id),
          .version = 2};
}

Result<const rpc::Procedure*> acceptable(const Rooms& rooms, const Session& session,
                                         const Proposal& proposal) {
  if (auto person = check_is_person(session); !person) return fail(person.error());
  if (is_own(session, proposal)) {
    return fail(Code::kForbidden,
                "Nobody accepts what he has proposed himself: somebody else's key does, or another "
                "one of yours");
  }
  const auto* procedure = rooms.procedures.find(proposal.procedure);
  if (procedure == nullptr) {
    return fail(Code::kConflict,
                fmt::format("There is no procedure {} any more", proposal.procedure));
  }
  const auto scope = rpc::scope_of(*procedure);
  if (session.actor->scopes.allow(scope)) return procedure;
  return fail(Code::kForbidden,
              fmt::format("This API key is not for that: to accept it, the scope {} is needed, "
                          "too",
                          scope));
}

// An edited input is about the same thing.
Result<Json> edited_input(const rpc::Procedure& procedure, const Proposal& proposal, Json input) {
  auto valid = valid_input(procedure, std::move(input));
  if (!valid) return fail(valid.error());
  if (valid->find("idempotencyKey") != nullptr) {
    return fail(Code::kBadRequest, "input.idempotencyKey: the call has one of its own");
  }
  if (valid->find("expectedVersion") != nullptr) {
    return fail(Code::kBadRequest, "input.expectedVersion: it is that for which it was proposed");
  }
  const auto id = Uuid::parse(valid->string_or("id", ""));
  if (proposal.entity_id && (!id || id->to_string() != *proposal.entity_id)) {
    return fail(Code::kBadRequest,
                fmt::format("input.id: the proposal is about {}", *proposal.entity_id));
  }
  return valid;
}

Task<Result<Accepted>> accept(const Rooms& rooms, Session session, Accept input) {
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  auto proposal = co_await find(rooms, session.user_id(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!proposal) co_return fail(proposal.error());
  auto procedure = acceptable(rooms, session, *proposal);
  if (!procedure) co_return fail(procedure.error());
  AcceptanceRequested data{.scopes = session.actor->scopes.names()};
  std::string fingerprint;
  if (input.input) {
    auto edited = edited_input(**procedure, *proposal, std::move(*input.input));
    if (!edited) co_return fail(edited.error());
    fingerprint = edited->dump();
    data.input = std::move(*edited);
  }
  co_return co_await append(rooms, std::move(session), *proposal, kAcceptanceRequested,
                            std::move(data), *std::move(key), std::move(fingerprint));
}

Task<Result<Completed>> reject(const Rooms& rooms, Session session, Reject input) {
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  auto proposal = co_await find(rooms, session.user_id(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!proposal) co_return fail(proposal.error());
  if (auto person = check_is_person(session); !person) co_return fail(person.error());
  auto reason = input.reason.value_or(session.reason);
  Rejected data;
  if (!reason.empty()) data.reason = reason;
  session.reason.clear();  // the data have it
  auto accepted = co_await append(rooms, std::move(session), *proposal, kRejected, std::move(data),
                                  *std::move(key), std::move(reason));
  if (!accepted) co_return fail(accepted.error());
  co_return completed_of(std::move(*accepted));
}

Task<Result<Completed>> withdraw(const Rooms& rooms, Session session, Withdraw input) {
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  auto proposal = co_await find(rooms, session.user_id(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!proposal) co_return fail(proposal.error());
  if (!is_own(session, *proposal)) {
    co_return fail(Code::kForbidden, "Only whoever proposed it takes it back: reject it instead");
  }
  auto accepted = co_await append(rooms, std::move(session), *proposal, kWithdrawn, Withdrawn{},
                                  *std::move(key), "");
  if (!accepted) co_return fail(accepted.error());
  co_return completed_of(std::move(*accepted));
}

}  // namespace

void add_deciding(const Rooms& rooms) {
  const rpc::ErrorMeta none{Code::kNotFound, "You have no such proposal."};
  const rpc::ErrorMeta decided{Code::kConflict,
                               "It was decided on already, or has expired; or the idempotency key "
                               "was used for something else, or is another than the header's."};
  add_mutation(rooms, "proposals.accept",
               {.summary = "Accept a proposal, as it is or edited: then it is carried out.",
                .docs = "By the key that accepts, which needs the scope of what was proposed, too, "
                        "and only if the thing has not changed since. Nobody accepts what he has "
                        "proposed himself, and no agent accepts anything.",
                .effects = rpc::Effects::kAppends,
                .errors = {none,
                           decided,
                           {Code::kForbidden, "It is your own, or you may not do that yourself."},
                           {Code::kPayloadTooLarge, "The edited input is over 256 KiB."}},
                .keeps_idempotency_keys = true,
                .appends = {std::string(kAcceptanceRequested.name)}},
               accept);
  add_mutation(rooms, "proposals.reject",
               {.summary = "Reject a proposal: nothing comes of it.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {none, decided, {Code::kForbidden, "Agents reject nothing."}},
                .keeps_idempotency_keys = true,
                .appends = {std::string(kRejected.name)}},
               reject);
  add_mutation(rooms, "proposals.withdraw",
               {.summary = "Take back what one has proposed.",
                .docs = "By the key that proposed it, whatever its scopes are.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {none, decided, {Code::kForbidden, "Somebody else has proposed it."}},
                .keeps_idempotency_keys = true,
                .has_scope_of_input = true,
                .appends = {std::string(kWithdrawn.name)}},
               withdraw);
}

}  // namespace synap::features::proposals

#include "features/command.h"

#include <fmt/format.h>

#include "agents/reading.h"
#include "events/reason.h"
#include "events/trace.h"
#include "rpc/origin.h"

namespace synap::features {

const ObjectSchema<Accepted>& describe(Type<Accepted>) {
  static const auto schema =
      object<Accepted>("Accepted")
          .field("status", &Accepted::status, one_of({"pending", kProposed}),
                 std::string("pending: the command is on disk. ") + kProposedDocs)
          .field("requestId", &Accepted::request_id, string().uuid(),
                 "Ask requests.get, or watch, for what comes of it.")
          .field("entityId", &Accepted::entity_id, string().uuid(), "What it is about.")
          .field("proposalId", &Accepted::proposal_id, string().uuid(), kProposalIdDocs);
  return schema;
}

void set_cause(events::Envelope& envelope, const api::Session& session) {
  if (session.cause != nullptr) events::set_cause(envelope, *session.cause);
  agents::set_taint(envelope, session.is_tainted);
  events::set_reason(envelope, session.reason);
}

events::Envelope requested_by(const api::Session& session, const Uuid& request_id,
                              const Uuid& entity_id, std::string entity_type) {
  events::Envelope envelope;
  envelope.user_id = session.user_id();
  envelope.source = session.actor->source;
  envelope.actor = session.actor->recorded;
  envelope.aggregate_id = entity_id;
  envelope.aggregate_type = std::move(entity_type);
  envelope.correlation_id = request_id;
  envelope.request_id = request_id;
  set_cause(envelope, session);
  events::set_trace(envelope, session.trace);
  return envelope;
}

events::Envelope caused_by(const events::Event& cause, const Uuid& run_id) {
  events::Envelope envelope;
  envelope.user_id = cause.user_id;
  envelope.source = events::Source::kSystem;
  envelope.actor = events::Actor::run(run_id);
  envelope.aggregate_id = cause.aggregate_id;
  envelope.aggregate_type = cause.aggregate_type;
  envelope.correlation_id = cause.correlation_id;
  envelope.causation_id = cause.id;
  envelope.request_id = cause.request_id;
  events::set_trace_of_run(envelope, cause, run_id);
  return envelope;
}

Result<std::string> idempotency_of(const api::Session& session,
                                   const std::optional<std::string>& of_input) {
  const auto& of_header = session.idempotency_key;
  if (!of_input) return of_header;
  if (of_input->starts_with(rpc::kReservedIdempotencyKeys)) {
    return fail(Code::kBadRequest, fmt::format("idempotencyKey: it must not begin with \"{}\"",
                                               rpc::kReservedIdempotencyKeys));
  }
  if (!of_header.empty() && of_header != *of_input) {
    // Under either of them a repeat with the other one would be done twice.
    return fail(
        Code::kConflict,
        "The Idempotency-Key header and the input's idempotencyKey differ: give one of them");
  }
  return *of_input;
}

Task<Result<Submitted>> submit(const Rooms& rooms, Command command) {
  const auto& event = command.event.draft();
  Submitted submitted;
  submitted.accepted.request_id = event.request_id->to_string();
  submitted.accepted.entity_id = event.aggregate_id->to_string();

  events::Append append;
  append.decide = std::move(command.decide);
  if (!command.idempotency_key.empty()) {
    events::Idempotency idempotency;
    idempotency.key = std::move(command.idempotency_key);
    idempotency.fingerprint = sha256(event.type + '\n' + command.fingerprint_of);
    idempotency.answer = json_text(submitted.accepted);
    append.idempotency = std::move(idempotency);
  }
  append.events.push_back(std::move(command.event));
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  if (appended->is_repeat) {
    auto answer = parse_json(appended->answer);
    if (!answer) co_return fail(answer.error());
    auto first = decode<Accepted>(std::move(*answer));
    if (!first) co_return fail(first.error());
    submitted = {std::move(*first), true};
  }
  co_return submitted;
}

}  // namespace synap::features

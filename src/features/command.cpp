#include "features/command.h"

namespace synap::features {

const ObjectSchema<Accepted>& describe(Type<Accepted>) {
  static const auto schema =
      object<Accepted>("Accepted")
          .field("status", &Accepted::status, one_of({"pending"}), "The command is on disk.")
          .field("requestId", &Accepted::request_id, string().uuid(),
                 "Ask requests.get, or watch, for what comes of it.")
          .field("entityId", &Accepted::entity_id, string().uuid(), "What it is about.");
  return schema;
}

Task<Result<Accepted>> submit(const Rooms& rooms, const api::Session& session, Command command) {
  const auto request_id = Uuid::v7();
  Accepted accepted{"pending", request_id.to_string(), command.entity_id.to_string()};

  events::Envelope envelope;
  envelope.user_id = session.user_id();
  envelope.aggregate_id = command.entity_id;
  envelope.aggregate_type = command.entity_type;
  envelope.correlation_id = request_id;
  envelope.request_id = request_id;
  auto event = rooms.types.make(command.type, std::move(command.data), std::move(envelope));
  if (!event) co_return fail(event.error());

  events::Append append;
  append.events.push_back(std::move(*event));
  if (command.expected_version) {
    append.expectations.push_back({command.entity_id, *command.expected_version});
  }
  const auto& key =
      command.idempotency_key.empty() ? session.idempotency_key : command.idempotency_key;
  if (!key.empty()) {
    events::Idempotency idempotency;
    idempotency.key = key;
    idempotency.fingerprint =
        sha256(std::string(command.type) + '\n' + std::move(command.fingerprint_of));
    encode(idempotency.answer, accepted);
    append.idempotency = std::move(idempotency);
  }
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  if (appended->is_repeat) {
    auto answer = parse_json(appended->answer);
    if (!answer) co_return fail(answer.error());
    co_return decode<Accepted>(std::move(*answer));
  }
  co_return accepted;
}

events::Envelope caused_by(const events::Event& cause) {
  events::Envelope envelope;
  envelope.user_id = cause.user_id;
  envelope.source = events::Source::kSystem;
  envelope.aggregate_id = cause.aggregate_id;
  envelope.aggregate_type = cause.aggregate_type;
  envelope.correlation_id = cause.correlation_id;
  envelope.causation_id = cause.id;
  envelope.request_id = cause.request_id;
  return envelope;
}

}  // namespace synap::features

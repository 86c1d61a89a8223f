// A command: an event `<noun>.<action>.requested` that a caller asked for, and the answer that says
// it will be done. What comes of it is told by requests.get and events.watch.
#pragma once

#include <optional>
#include <string>

#include "api/caller.h"
#include "base/schema.h"
#include "base/task.h"
#include "features/rooms.h"

namespace synap::features {

struct Accepted {
  std::string status = "pending";
  std::string request_id;
  std::string entity_id;
};
const ObjectSchema<Accepted>& describe(Type<Accepted>);

struct Command {
  std::string_view type;  // of the event
  std::string data;       // of the event, JSON text
  Uuid entity_id;
  std::string entity_type;  // "note"
  /// The version the entity's stream must have; 0: it must be new; nothing: any.
  std::optional<std::int64_t> expected_version;
  /// Of the input; the header serves where it is empty.
  std::string idempotency_key;
  /// What a repeat must have in common with the first command to be one.
  std::string fingerprint_of;
};

/// Appends the command's event and answers when it is on disk. A repeat of an idempotency key is
/// answered as the first one was.
Task<Result<Accepted>> submit(const Rooms& rooms, const api::Session& session, Command command);

/// The envelope of an event that `cause` led to: same user, correlation, request and aggregate.
events::Envelope caused_by(const events::Event& cause);

}  // namespace synap::features

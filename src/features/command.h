// A command: an event `<noun>.<action>.requested` that a caller asked for, and the answer that says
// it will be done. What comes of it is told by requests.get and events.watch.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/actor.h"
#include "base/task.h"
#include "features/rooms.h"
#include "schema/schema.h"

namespace synap::features {

struct Accepted {
  std::string status = "pending";
  std::string request_id;
  std::string entity_id;
  /// Where the command may only be proposed: then nothing is done but that there is a proposal,
  /// which it is about.
  std::optional<std::string> proposal_id = {};
};
const ObjectSchema<Accepted>& describe(Type<Accepted>);

/// Of what a command answers, beside the status of what it has done.
inline constexpr const char* kProposed = "proposed";
inline constexpr const char* kProposedDocs =
    "proposed: the key may only propose, or an agent asks that has read what was stored, so "
    "nothing is done yet. entityId is the proposal's.";
inline constexpr const char* kProposalIdDocs = "Of the proposal, where it was proposed.";

/// What a call appends stands below the event because of which it is made, if there is one, and
/// has the reason that was given for it.
void set_cause(events::Envelope& envelope, const api::Session& session);

/// The envelope of a command's event: what `session` asks to happen to an entity, as a request of
/// this id. It is the root of its correlation, unless the call has a cause.
events::Envelope requested_by(const api::Session& session, const Uuid& request_id,
                              const Uuid& entity_id, std::string entity_type);

/// The envelope of an event that a run appends because of `cause`: same user, correlation, request
/// and aggregate.
events::Envelope caused_by(const events::Event& cause, const Uuid& run_id);

struct Command {
  events::NewEvent event;
  /// Decides, in the appending transaction, whether it may be (events::Append::decide).
  std::function<void(db::Tx&)> decide = nullptr;
  /// Of idempotency_of(); empty without one.
  std::string idempotency_key;
  /// What a repeat must have in common with the first command to be one: its input.
  std::string fingerprint_of;
};

/// The idempotency key of a call: the input's or the header's; empty without one. Only with one
/// does a fingerprint of the input have to be made. kConflict: it has two that differ.
Result<std::string> idempotency_of(const api::Session& session,
                                   const std::optional<std::string>& of_input);

/// What became of a command that was submitted.
struct Submitted {
  Accepted accepted;
  /// It had been submitted before, under the same idempotency key: nothing was appended now.
  bool is_repeat = false;
};

/// Appends the command's event and answers when it is on disk. A repeat of an idempotency key is
/// answered as the first one was.
Task<Result<Submitted>> submit(const Rooms& rooms, Command command);

template <class T>
std::string json_text(const T& value) {
  std::string text;
  text.reserve(256);
  encode(text, value);
  return text;
}

}  // namespace synap::features

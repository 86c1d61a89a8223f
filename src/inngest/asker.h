// Asker: who registers an app, sends an event or asks for a run, and for whom.
#pragma once

#include <optional>
#include <string>

#include "api/actor.h"
#include "base/trace.h"
#include "events/event.h"
#include "events/trace.h"

namespace synap::inngest {

struct Asker {
  std::string user_id;
  std::optional<events::Actor> actor;  // nobody: it is not known who
  /// Whose API key was shown, if one was: what lasts ends with it.
  std::optional<api::ActorRef> key = std::nullopt;
  TraceContext trace = {};  // in which what is appended stands; not valid: in none
};

/// What is appended at their request says so.
inline events::Envelope envelope_of(const Asker& asker) {
  events::Envelope envelope;
  envelope.user_id = asker.user_id;
  envelope.actor = asker.actor;
  envelope.source = asker.actor ? events::Source::kApi : events::Source::kAutomation;
  events::set_trace(envelope, asker.trace);
  return envelope;
}

}  // namespace synap::inngest

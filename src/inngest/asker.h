// Asker: who registers an app, sends an event or asks for a run, and for whom.
#pragma once

#include <optional>
#include <string>

#include "api/actor.h"
#include "base/trace.h"
#include "events/event.h"

namespace synap::inngest {

struct Asker {
  std::string user_id;
  std::optional<events::Actor> actor;  // nobody: it is not known who
  /// Whose API key was shown, if one was: what lasts ends with it.
  std::optional<api::ActorRef> key = std::nullopt;
  TraceContext trace = {};  // in which what is appended stands; not valid: in none
};

}  // namespace synap::inngest

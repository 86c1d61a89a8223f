// Asker: who registers an app, sends an event or asks for a run, and for whom.
#pragma once

#include <optional>
#include <string>

#include "base/trace.h"
#include "events/event.h"

namespace synap::inngest {

struct Asker {
  std::string user_id;
  std::optional<events::Actor> actor;  // nobody: it is not known who
  TraceContext trace = {};             // in which what is appended stands; not valid: in none
};

}  // namespace synap::inngest

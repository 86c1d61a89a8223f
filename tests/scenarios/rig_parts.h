// Rig::Parts: what is there while the pod of a scenario runs.
#pragma once

#include "bus/function_events.h"
#include "rig.h"

namespace synap::scenarios {

// Made from the top, destroyed from the bottom.
struct Rig::Parts {
  explicit Parts(synap::World& time) : types(time) {}
  // What is queued is finished while the store is there, whose closures it is.
  ~Parts() {
    engine->pool.reset();
    store.database->close();
  }

  events::Store store;
  events::EventTypes types;
  std::optional<workers::Engine> engine;
};

}  // namespace synap::scenarios

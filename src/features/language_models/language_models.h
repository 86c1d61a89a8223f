// models.generate, models.stream, models.list and models.usage: the language models of the settings
// for people and apps, and what they have cost.
#pragma once

#include "features/rooms.h"
#include "models/models.h"

namespace synap::features::language_models {

/// For whom a call of this session is; not of which chain.
models::Caller caller_of(const api::Session& session);

void add(const Rooms& rooms);
void add_generating(const Rooms& rooms);

}  // namespace synap::features::language_models

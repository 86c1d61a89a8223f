// functions.list, functions.get: what reacts to events, and how it fares. functions.pause,
// functions.resume, functions.invoke, functions.replay: what a person does with one.
#pragma once

#include "features/rooms.h"

namespace synap::features::functions {

void add(const Rooms& rooms);
void add_replays(const Rooms& rooms);  // of add(): functions.replay and what belongs to it

/// Of an input that names a function.
inline constexpr const char* kFunctionNameDocs =
    "Its id, its name, or its name in its app where only one of your apps has it.";

/// The errors of whatever names one.
std::vector<rpc::ErrorMeta> errors_of_name();
/// Puts the id of a filter's function, if it has one, in the place of its name
/// (RunControl::id_meant).
Task<Result<>> find_id(const Rooms& rooms, const api::Session& session,
                       std::optional<std::string>& function);

/// Who asks, as the workers know him.
workers::Person person_of(const api::Session& session);

}  // namespace synap::features::functions

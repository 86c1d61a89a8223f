// The id and the names of a function. The pod's own have the id by which they are known
// ("notes.create"). Two users may have apps of one id: a user's function has the id
// "<name>@<user>", and what people are shown, and write, is its name ("app-hello").
#pragma once

#include <string>
#include <string_view>

#include "bus/function.h"

namespace synap::bus {

std::string function_id(std::string_view name, std::string_view user_id);

/// "app-hello" of "app-hello@…"; of a function of the pod's own, its id.
inline std::string_view name_of_function(std::string_view id) {
  return id.substr(0, id.find('@'));
}

/// The function that this user means by `text`: one of this id; or the user's own of this name; or
/// the one whose name in its app it is ("hello" of "app-hello"). kNotFound: there is none for the
/// user's events; kBadRequest, with their names: several apps have one.
Result<FunctionPtr> function_meant(const FunctionSet& functions, std::string_view user_id,
                                   std::string_view text);

}  // namespace synap::bus

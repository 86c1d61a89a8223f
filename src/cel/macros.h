// Macros: all, exists, exists_one, filter, map and those of two variables. Private to the room.
#pragma once

#include "base/status.h"
#include "cel/ast.h"

namespace synap::cel {

/// Turns a member call into a macro where its name and its number of arguments are those of one;
/// leaves others alone. kBadRequest where a variable is no simple name.
Result<> expand_macro(Node& call);

/// The node of google.protobuf.Timestamp or Duration as one name where `select` is one of them.
Node with_type_name(Node select);

}  // namespace synap::cel

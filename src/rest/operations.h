// Operations: what an OpenAPI document says of one procedure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "rpc/procedure.h"

namespace synap::rest {

inline constexpr std::string_view kSchemaPrefix = "#/components/schemas/";

/// The part of the document a procedure belongs to: "notes" of notes.list, "pod" of health.
std::string group_of(const rpc::Procedure& procedure);

/// The item of `paths` for one procedure: an operation for each method that calls it. Empty where
/// none does.
Json path_item(const rpc::Procedure& procedure);

/// What the operations refer to: components.responses and components.parameters.
Json shared_responses();
Json shared_parameters();

}  // namespace synap::rest

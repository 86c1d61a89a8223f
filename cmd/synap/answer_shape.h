// Whether an answer can be one of a procedure's: so that JSON of another make, from a proxy or
// another program, is not taken for a success in which nothing is to be seen.
//
// Looked at are the kinds of all values, and that the answer has one of its lists, or where it has
// none to have, one of the members that it must have. A pod of another version may have members,
// texts and numbers of which this program does not know, and lack those that were added later.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "schema/node.h"

namespace synap::cli {

/// In what `answer` is unlike `schema`, in a few words: `it has no "notes"`. Nothing if in nothing.
std::optional<std::string> unlike(const SchemaNode& schema, const Json& answer);

}  // namespace synap::cli

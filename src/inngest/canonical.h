// Canonical JSON (RFC 8785): of two texts of one value the same bytes, so that a signature of them
// holds also where the receiver has parsed the value and written it anew, as the TypeScript SDK
// does.
//
//   members in the order of their names as UTF-16, no spaces, numbers as ECMAScript writes them,
//   no escape in a text but those that JSON demands
#pragma once

#include <string>

#include "base/json.h"

namespace synap::inngest {

/// A whole number beyond 2^53 is written as the double that JavaScript would make of it.
std::string canonical_json(const Json& value);
void append_canonical(std::string& out, const Json& value);

}  // namespace synap::inngest

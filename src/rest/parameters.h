// Parameters: an input as the query of a URL. Only a flat input can be said so: an object whose
// members are strings, numbers, booleans or lists of them; and no text that no URL has room for.
//
//   ?tag=home&limit=5                 {"tag":"home","limit":5}
//   ?types=note.creation.requested&types=note.creation.completed      a list: once for each item
//
// A value is read by the kind that its schema says. What cannot be read so is left a string, about
// which the schema then complains as about any other. Nothing is passed over: a parameter that
// there is not, and one that is given twice, are refused.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "schema/schema.h"

namespace synap::rest {

/// A member of an input, and what of it a URL can say: without the null that leaving it out means.
struct Parameter {
  const SchemaField* field = nullptr;
  SchemaNodePtr schema;

  bool is_list() const { return schema->kind == SchemaKind::kArray; }
  SchemaKind item_kind() const { return is_list() ? schema->inner->kind : schema->kind; }
};

/// Whether a query can say all that `input` may be, but for nulls where a member may be left out.
/// No input at all is flat.
bool is_flat(const Schema& input);
/// Of a flat input, in the order of its members.
std::vector<Parameter> parameters_of(const Schema& input);

/// The object that `query` (still encoded, without '?') says; it is not validated. `input` is flat.
/// kBadRequest, with an issue: no such parameter, given twice, no UTF-8, broken escapes.
Result<Json> read_parameters(const Schema& input, std::string_view query);

}  // namespace synap::rest

// MadeOutput: what a procedure answers, for people and for programs, by its schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "synap/catalogue.h"

namespace synap::cli {

/// What a list procedure lists: the array of objects that its answer begins with. Empty: it is
/// none.
std::string items_name(const ProcedureInfo& procedure);

/// The names of the fields of what it lists, in the order in which programs get them.
std::vector<std::string> item_fields(const ProcedureInfo& procedure);

/// Rows for people in a terminal: the id, what `made_by` (the input of the noun's creation, or
/// null) has, times; the rest where there is room. Elsewhere a line each, all fields in the order
/// of the schema, a tab between two.
void show_items(const ProcedureInfo& procedure, const Json& made_by,
                const std::vector<Json>& items);

/// A field a line, a long text below them; in a terminal a list of objects is a table below, too.
void show_object(const ProcedureInfo& procedure, const Json& object);

}  // namespace synap::cli

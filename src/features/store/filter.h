// A filter of store.search: what members of a value must be, as LangGraph's stores compare them.
#pragma once

#include "base/json.h"
#include "base/status.h"

namespace synap::features::store {

/// kBadRequest: it has an operator that there is none of.
Result<> check_filter(const Json& filter);

/// Whether each member that the (valid) filter names is as it says. A member that is absent is
/// null. Numbers are compared as numbers, other texts by their bytes.
bool passes(const Json& value, const Json& filter);

}  // namespace synap::features::store

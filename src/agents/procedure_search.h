// Which procedures are meant by some words: so that a model is told those few, and not the table.
#pragma once

#include <string_view>
#include <vector>

#include "rpc/procedure.h"

namespace synap::agents {

/// Those of `all` that have some of the words in their path, their summary or their docs, the best
/// first; by the query as a path that one before all. Words are of ASCII letters, the first 20 of
/// three and more. Without any: all, in their order.
std::vector<const rpc::Procedure*> best_fitting(const std::vector<const rpc::Procedure*>& all,
                                                std::string_view query);

}  // namespace synap::agents

// The words of a value: of all of it, or of what stands at some paths, as LangGraph writes them:
//
//   path = "$" | part { "." part | "[" index "]" }      index = "*" | number, below 0 from the end
//   part = name | "*"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace synap::features::store {

/// kBadRequest: it is no path.
Result<> check_path(std::string_view path);

/// All strings and numbers at the (valid) paths, a line each; without paths those of the whole.
std::string words_at(const Json& value, const std::optional<std::vector<std::string>>& paths);

/// By which a document of search names the namespace of so many labels that it is in.
std::string field_of_depth(int depth);

}  // namespace synap::features::store

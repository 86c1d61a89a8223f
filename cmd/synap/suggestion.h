// Suggestion of commands: which was meant by one that there is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/suggestion.h"

namespace synap::cli {

/// As did_you_mean(), of commands, which other programs have other words for: "ls" is "list".
std::string did_you_mean_command(std::string_view word, const std::vector<std::string>& names);

}  // namespace synap::cli

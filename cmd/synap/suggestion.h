// Suggestion: which of some names was meant by one that there is not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synap::cli {

/// The names that are near to `word`, the nearest first, three at most: a few letters are wrong
/// or in another order, or it is a part of the name.
std::vector<std::string> suggestions(std::string_view word, const std::vector<std::string>& names);

/// "; did you mean \"list\"? ", or "; " where no name is near: what is said next comes behind it.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

/// The same of commands, which other programs have other words for: "ls" is "list".
std::string did_you_mean_command(std::string_view word, const std::vector<std::string>& names);

}  // namespace synap::cli

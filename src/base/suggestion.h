// Suggestion: which of some names was meant by one that there is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synap {

/// The names that are near to `word`, the nearest first, three at most: a few letters are wrong
/// or in another order, or it is a part of the name.
std::vector<std::string> suggestions(std::string_view word, const std::vector<std::string>& names);

/// "; did you mean \"list\" or \"get\"? " of `near`, or "; " of none: what is said next comes
/// behind it.
std::string asked_whether(const std::vector<std::string>& near);

/// asked_whether() of the suggestions.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

}  // namespace synap

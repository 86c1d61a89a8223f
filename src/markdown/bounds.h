// What bounds the time that md4c takes for a text.
#pragma once

#include <algorithm>
#include <string_view>

namespace synap::markdown {

/// Each line that follows is held against every list and quote that is open.
inline constexpr int kContainersMax = 100;

/// No line opens more lists and quotes than that.
bool is_readable(std::string_view text);

/// Calls `take` with each part of the text between two characters of `separators`, until it is
/// false. False: it was.
template <class Take>
bool all_between(std::string_view text, std::string_view separators, Take take) {
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (!take(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace synap::markdown

// What a client takes: lists as in Accept and Accept-Encoding.
#pragma once

#include <algorithm>
#include <string_view>

#include "net/ascii.h"
#include "net/http.h"

namespace synap::net {

/// Whether a list as in Accept-Encoding has `item`, and not to say that it is not wanted (q=0).
inline bool accepts(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    auto one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    auto parameters = one.substr(std::min(one.size(), one.find(';')));
    one = one.substr(0, one.size() - parameters.size());
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!equal_ignoring_case(one, item)) continue;
    const auto weight = parameters.find("q=0");
    if (weight == std::string_view::npos) return true;
    return parameters.find_first_of("123456789", weight + 3) != std::string_view::npos;
  }
  return false;
}

/// The same of a header of a request; false where there is none.
inline bool accepts(const Request& head, std::string_view header, std::string_view item) {
  const std::string* list = head.headers.find(header);
  return list != nullptr && accepts(*list, item);
}

}  // namespace synap::net

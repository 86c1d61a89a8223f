// The query of a URL, as Inngest's routes use it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "net/url.h"

namespace synap::inngest {

/// The value of a parameter, decoded; as it stands if it is no text, which is no time, number or
/// name either; empty if it is not there.
inline std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') {
      const auto value = pair.substr(name.size() + 1);
      return net::percent_decode(value).value_or(std::string(value));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace synap::inngest

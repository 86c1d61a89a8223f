// Paths of Inngest's that have a name in their middle.
#pragma once

#include <string_view>

namespace synap::inngest {

// Of "/v1/checkpoint/{run}/async", or by its other name, the run; empty: it is another path.
inline std::string_view checkpoint_run(std::string_view path) {
  constexpr std::string_view kEnd = "/async";
  if (!path.ends_with(kEnd)) return {};
  path.remove_suffix(kEnd.size());
  for (const std::string_view begin : {"/v1/checkpoint/", "/v1/http/runs/"}) {
    if (path.starts_with(begin)) return path.substr(begin.size());
  }
  return {};
}

// Of "/v1/apps/{app}/functions" the app; empty: it is another path.
inline std::string_view functions_app(std::string_view path) {
  constexpr std::string_view kBegin = "/v1/apps/";
  constexpr std::string_view kEnd = "/functions";
  if (!path.starts_with(kBegin) || !path.ends_with(kEnd)) return {};
  path.remove_prefix(kBegin.size());
  if (path.size() <= kEnd.size()) return {};
  path.remove_suffix(kEnd.size());
  return path.contains('/') ? std::string_view() : path;
}

}  // namespace synap::inngest

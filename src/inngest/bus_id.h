// The id of an app's function on the bus: "<slug>@<user>", since two users may have apps of one id.
#pragma once

#include <string>
#include <string_view>

namespace synap::inngest {

inline std::string bus_id(std::string_view slug, std::string_view user_id) {
  std::string id(slug);
  id.push_back('@');
  return id.append(user_id);
}

/// "app-hello" of "app-hello@…"; of a function of the pod's own, its id.
inline std::string_view slug_of(std::string_view bus_id) {
  return bus_id.substr(0, bus_id.find('@'));
}

}  // namespace synap::inngest

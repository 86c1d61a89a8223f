// What the environment says to a pod.
#pragma once

#include <unistd.h>

#include <map>
#include <string>
#include <string_view>

namespace synap::cli {

/// The variables that a pod's settings are read from, by name.
inline std::map<std::string, std::string> pod_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (!text.starts_with("SYNAP_") && !text.starts_with("OTEL_")) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace synap::cli

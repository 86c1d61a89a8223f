// Contexts: the pods that somebody has signed in to from here, each with a name, its address and a
// key. They are kept in one file of the user's own configuration:
//
//   $XDG_CONFIG_HOME/synap/contexts.json, or ~/.config/synap/contexts.json; mode 0600
//   {"current": "home", "contexts": [{"name": "home", "url": "http://…", "key": "synap_…"}, …]}
//
// contexts.json.lock beside it is held by who changes it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::cli {

struct Context {
  std::string name;
  std::string url;
  std::string key;
};

struct Contexts {
  std::string current;  // the name of one of them, or empty
  std::vector<Context> all;

  const Context* find(std::string_view name) const;
  std::vector<std::string> names() const;
  /// Puts it in, or in the place of the one of its name.
  void set(Context context);
  /// False: there is none of this name.
  bool remove(std::string_view name);
};

/// Where they are kept; empty where the environment has neither XDG_CONFIG_HOME nor HOME.
std::string contexts_path();
/// None where there is no file. kBadRequest: it cannot be read, or is no such file.
Result<Contexts> load_contexts();
/// Reads them, changes them and keeps what comes of it: whole or not at all, for the user alone,
/// and after whoever else is doing so. An error of `change` is given back, and nothing is kept.
Result<> change_contexts(const std::function<Result<>(Contexts&)>& change);

}  // namespace synap::cli

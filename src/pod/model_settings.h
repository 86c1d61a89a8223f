// The settings of language models: tables of the configuration file, since there may be several
// providers, which neither a variable nor a flag could say.
//
//   [[models.chat]]
//   url = "https://api.example.com/v1"
//   model = "large"
//   key_variable = "EXAMPLE_KEY"
//   price = { input = 0.5, output = 1.5 }
//
//   [[models.chat]]                       # asked where the one before fails
//   url = "http://127.0.0.1:11434/v1"
//   model = "small"
//
//   [models.budget]
//   user_tokens = 1_000_000
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "models/provider.h"
#include "pod/pod.h"

namespace synap::pod {

/// Reads a small file.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// What the table `models` says. kBadRequest: the first thing that is wrong, and its line in
/// `path`; never a key.
Result<models::Options> model_options_of(const toml::node& node, const std::string& path,
                                         const ReadFile& read_file);

/// The same as it is shown: of a key whether there is one.
std::vector<SettingInForce> models_in_force(const models::Options& options);

}  // namespace synap::pod

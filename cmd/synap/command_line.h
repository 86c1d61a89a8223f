// CommandLine: what the program `synap` can be asked, as data. A command says its words, its
// options and an example; this file turns argv into a call of one of them, and makes the help.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace synap::cli {

/// "--limit", or "DIR" for an argument that has its place. The target keeps its value, which is the
/// default, where the option is not given.
struct Option {
  using Target = std::variant<bool*, std::string*, std::int64_t*, std::vector<std::string>*,
                              std::optional<std::string>*>;
  std::string name;
  std::string docs;
  Target target;
  std::string variable = {};  // of the environment, asked where the option is not given
  bool is_required = false;
};

struct Command {
  std::string words;  // "events list"
  std::string docs;
  std::string example;
  std::vector<Option> options;
  std::function<int()> run;  // gives the exit code; owns what the options point to
};

/// Runs the command that the arguments name. Gives the exit code of the program.
int run_command_line(const std::vector<Command>& commands, int argc, char** argv);

}  // namespace synap::cli

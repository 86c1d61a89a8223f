// CommandLine: what the program `synap` can be asked, as data. A command says its words, its
// options and an example; this file turns argv into a call of one of them, and makes the help.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synap::cli {

/// "--limit", or "DIR" for an argument that has its place; "ID,--id" can be given as either. The
/// target keeps its value, which is the default, where the option is not given.
struct Option {
  using Target = std::variant<bool*, std::string*, std::int64_t*, std::vector<std::string>*,
                              std::optional<std::string>*>;
  std::string name;
  std::string docs;
  Target target;
  std::string variable = {};  // of the environment, asked where the option is not given
  bool is_required = false;
  std::string value = {};           // what the help calls its value; empty: by the target
  bool is_switch = false;           // "--done" is "--done=true"; of an optional text
  bool has_no = false;              // there is "--no-done", too, hidden: the help says both in one
  bool is_hidden = false;           // not in the help
  std::vector<std::string> values;  // all that there are; empty: any
  std::int64_t least = 0;           // of a number
};

struct Command {
  std::string words;  // "events list"
  std::string docs;
  std::string example;
  std::vector<Option> options = {};
  std::function<int()> run = {};  // gives the exit code; owns what the options point to
  /// Asked for help with the options read: prints help about them and gives the exit code, or
  /// nothing where the command's own help is meant. No function where there is only that.
  std::function<std::optional<int>()> help_about = {};
  /// Made commands that begin with its words go before it: `synap search status` is one, and
  /// `synap search oak` is not.
  bool gives_way = false;
  /// It does more than to print what it reads: it goes on where nobody reads what it prints.
  bool outlives_readers = false;
};

/// Several commands that begin with the same word.
struct Group {
  std::string word;
  std::string docs;
};

/// All that the program can be asked.
struct Program {
  std::vector<Group> groups;
  std::vector<Command> commands;
  /// Commands that follow from what the pod can do. Made where the words name none of `commands`,
  /// or where all are listed; one with the words of those is left out. Those of all groups, or of
  /// one that a word names.
  std::function<std::vector<Command>(std::string_view)> made = {};
};
/// The commands of a program, those made too; of these only the group that a word names, unless it
/// is empty.
std::vector<Command> all_commands(const Program& program, std::string_view word = "");
/// What its groups are, in one sentence each; that of a made one is made of its commands.
std::string docs_of_group(const Program& program, const std::vector<Command>& commands,
                          const std::string& word);
/// The names of an option that begin with "--".
std::vector<std::string> flags_of(const Option& option);
/// True: a value follows it.
bool takes_value(const Option& option);

/// Runs the command that the arguments name. Gives the exit code of the program.
int run_command_line(const Program& program, int argc, char** argv);

}  // namespace synap::cli

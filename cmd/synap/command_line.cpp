#include "synap/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>
#include <string_view>

#include "synap/help.h"
#include "synap/output.h"
#include "synap/suggestion.h"

// The one file that includes CLI11, which takes its time to compile.
namespace synap::cli {
namespace {

using Arguments = std::vector<std::string>;

template <class T>
CLI::Option* add(CLI::App& app, const Option& option, T* target) {
  return app.add_option(option.name, *target, option.docs);
}
CLI::Option* add(CLI::App& app, const Option& option, bool* target) {
  return app.add_flag(option.name, *target, option.docs);
}
CLI::Option* add(CLI::App& app, const Option& option, std::int64_t* target) {
  const auto is_number = [least = option.least](const std::string& text) -> std::string {
    // 18 digits always fit.
    const bool is_one = !text.empty() && text.size() <= 18 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    if (is_one && std::stoll(text) >= least) return "";
    return fmt::format("it must be a whole number{}, not \"{}\"",
                       least > 0 ? fmt::format(" from {} on", least) : "", text);
  };
  return app.add_option(option.name, *target, option.docs)->check(is_number);
}
CLI::Option* add(CLI::App& app, const Option& option, std::vector<std::string>* target) {
  // One value behind each flag, so that an argument behind it is not taken for another.
  const bool is_argument = !option.name.starts_with('-');
  return app.add_option(option.name, *target, option.docs)->allow_extra_args(is_argument);
}
CLI::Option* add(CLI::App& app, const Option& option, std::optional<std::string>* target) {
  const auto set = [target](const std::string& text) { *target = text; };
  if (!option.is_switch) return app.add_option_function<std::string>(option.name, set, option.docs);
  return app.add_flag_function(
      option.name, [target](std::int64_t count) { *target = count > 0 ? "true" : "false"; },
      option.docs);
}

void add(CLI::App& app, const Option& option) {
  auto* added = std::visit([&](auto* target) { return add(app, option, target); }, option.target);
  if (!option.variable.empty()) added->envname(option.variable);
  if (option.is_required) added->required();
  if (option.values.empty()) return;
  added->check([&option](const std::string& text) -> std::string {
    if (std::ranges::find(option.values, text) != option.values.end()) return "";
    std::string all;
    for (const auto& value : option.values) all += (all.empty() ? "" : ", ") + value;
    return fmt::format("it must be one of {}, not \"{}\"", all, text);
  });
}

// The words of a command, one by one.
Arguments split(std::string_view words) {
  Arguments all;
  while (!words.empty()) {
    const auto space = words.find(' ');
    all.emplace_back(words.substr(0, space));
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
  }
  return all;
}

bool is_help(const std::string& argument) {
  return argument == "--help" || argument == "-h";
}

/// The arguments as they are understood: the words of a command, and the rest.
struct Asked {
  Arguments before;  // options that stand before the words
  Arguments words;   // up to the first option
  Arguments rest;
  bool wants_help = false;
  bool wants_version = false;
};

// "help events tail" is "events tail --help", and "--json events list" is "events list --json".
Asked read(int argc, char** argv) {
  static const std::set<std::string, std::less<>> kWithValue = {"--url", "--key", "--data",
                                                                "--context"};
  Asked asked;
  Arguments arguments(argv + std::min(argc, 1), argv + argc);
  auto at = arguments.begin();
  for (; at != arguments.end() && at->starts_with('-') && *at != "-"; ++at) {
    if (is_help(*at)) {
      asked.wants_help = true;
    } else if (*at == "--version" || *at == "-v") {
      asked.wants_version = true;
    } else {
      asked.before.push_back(*at);
      if (kWithValue.contains(*at) && at + 1 != arguments.end()) asked.before.push_back(*++at);
    }
  }
  for (; at != arguments.end() && *at == "help"; ++at) asked.wants_help = true;
  for (; at != arguments.end() && (!at->starts_with('-') || *at == "-"); ++at) {
    asked.words.push_back(*at);
  }
  for (bool is_raw = false; at != arguments.end(); ++at) {
    is_raw = is_raw || *at == "--";
    if (!is_raw && is_help(*at)) {
      asked.wants_help = true;
    } else {
      asked.rest.push_back(*at);
    }
  }
  return asked;
}

bool is_json(const Asked& asked) {
  return std::ranges::count(asked.rest, "--json") + std::ranges::count(asked.before, "--json") > 0;
}

// The one with most of the words.
const Command* find_command(const std::vector<Command>& commands, const Arguments& words,
                            std::size_t& count) {
  const Command* found = nullptr;
  for (const auto& command : commands) {
    const auto own = split(command.words);
    if (words.size() < own.size() || (found != nullptr && own.size() <= count)) continue;
    if (!std::equal(own.begin(), own.end(), words.begin())) continue;
    count = own.size();
    found = &command;
  }
  return found;
}

// The words that can stand behind the first `words` of a command.
std::vector<std::string> next_words(const std::vector<Command>& commands, const Arguments& words) {
  std::vector<std::string> next;
  for (const auto& command : commands) {
    const auto own = split(command.words);
    if (own.size() <= words.size() || !std::equal(words.begin(), words.end(), own.begin()))
      continue;
    if (std::ranges::find(next, own[words.size()]) == next.end()) next.push_back(own[words.size()]);
  }
  return next;
}

constexpr std::string_view kHowToGetHelp =
    "`synap help` or --help behind a command says what there is";

int refuse_words(const std::vector<Command>& commands, const Asked& asked) {
  Arguments known;
  std::string text;
  for (const auto& word : asked.words) {
    auto next = next_words(commands, known);
    if (known.empty()) next.emplace_back("help");
    if (text.empty() || std::ranges::find(next, word) != next.end()) {
      text += (text.empty() ? "" : " ") + word;
    }
    if (std::ranges::find(next, word) == next.end()) {
      auto hint = did_you_mean_command(word, next);
      if (!known.empty()) {
        text = fmt::format("{} {}", fmt::join(known, " "), word);
        if (hint == "; ")
          hint += fmt::format("`{}` takes {}. ", fmt::join(known, " "), fmt::join(next, ", "));
      }
      return report_usage(fmt::format("There is no command \"{}\"{}{}", text, hint, kHowToGetHelp),
                          is_json(asked));
    }
    known.push_back(word);
  }
  return kExitUsage;
}

// What is wrong with the options, and what may have been meant.
int refuse_options(const Command& command, const CLI::ParseError& error, const Arguments& arguments,
                   bool is_json) {
  std::string message = error.what();
  std::ranges::replace(message, '\n', ' ');
  // "--tag: 1 required TEXT missing".
  if (error.get_name() == "ArgumentMismatch" && message.ends_with(" missing")) {
    message = fmt::format("{} needs a value", message.substr(0, message.find(':')));
  }
  // "--tag: At Most 1 required but received 2".
  if (error.get_name() == "ArgumentMismatch" && message.contains("At Most 1 ")) {
    message = fmt::format("{} can be given once", message.substr(0, message.find(':')));
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    std::vector<std::string> known;
    for (const auto& option : command.options) {
      for (const auto& flag : flags_of(option)) known.push_back(flag);
    }
    for (const auto& argument : arguments) {
      const auto flag = argument.substr(0, argument.find('='));
      if (!flag.starts_with("--") || flag == "--" || std::ranges::count(known, flag) > 0) continue;
      message = fmt::format("`synap {}` has no option {}{}`synap {} --help` says what there is",
                            command.words, flag, did_you_mean(flag, known), command.words);
      return report_usage(message, is_json);
    }
  }
  return report_usage(
      fmt::format("{}; `synap {} --help` says what there is", message, command.words), is_json);
}

std::vector<std::string> reversed(Arguments arguments) {
  std::ranges::reverse(arguments);  // as CLI11 takes them
  return arguments;
}

int run(const Command& command, const Asked& asked, std::size_t count) {
  Arguments arguments = asked.before;
  arguments.insert(arguments.end(), asked.words.begin() + static_cast<std::ptrdiff_t>(count),
                   asked.words.end());
  arguments.insert(arguments.end(), asked.rest.begin(), asked.rest.end());
  CLI::App app("", "synap " + command.words);
  app.set_help_flag();
  for (const auto& option : command.options) add(app, option);
  try {
    app.parse(reversed(arguments));
  } catch (const CLI::ParseError& error) {
    if (!asked.wants_help) return refuse_options(command, error, arguments, is_json(asked));
  }
  if (!asked.wants_help) {
    if (command.outlives_readers) outlive_readers();
    return command.run();
  }
  if (command.help_about) {
    if (const auto code = command.help_about()) return *code;
  }
  print(help_of_command(command));
  return kExitOk;
}

}  // namespace

std::vector<std::string> flags_of(const Option& option) {
  std::vector<std::string> flags;
  std::string_view names = option.name;
  while (!names.empty()) {
    const auto comma = names.find(',');
    if (names.starts_with("--")) flags.emplace_back(names.substr(0, comma));
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  return flags;
}

bool takes_value(const Option& option) {
  return !option.is_switch && !std::holds_alternative<bool*>(option.target);
}

std::vector<Command> all_commands(const Program& program, std::string_view word) {
  std::vector<Command> all = program.commands;
  if (!program.made) return all;
  std::set<std::string, std::less<>> known;
  for (const auto& command : all) known.insert(command.words);
  for (auto& command : program.made(word)) {
    if (known.insert(command.words).second) all.push_back(std::move(command));
  }
  return all;
}

std::string docs_of_group(const Program& program, const std::vector<Command>& commands,
                          const std::string& word) {
  std::string docs = "What can be done with " + word;
  for (const auto& group : program.groups) {
    if (group.word == word) docs = group.docs;
  }
  const auto verbs = next_words(commands, {word});
  return fmt::format("{}: {}.", docs, fmt::join(verbs, ", "));
}

int run_command_line(const Program& program, int argc, char** argv) {
  const auto asked = read(argc, argv);
  std::size_t count = 0;
  const auto* own = find_command(program.commands, asked.words, count);
  const bool may_give_way = own != nullptr && own->gives_way && asked.words.size() > count;
  if (own != nullptr && !may_give_way) return run(*own, asked, count);
  if (asked.wants_version && asked.words.empty()) {
    print_line("synap " SYNAP_VERSION);
    return kExitOk;
  }
  // To make a group is soon done, and all of them is not.
  auto commands = all_commands(program, asked.words.empty() ? "" : asked.words.front());
  if (const auto* command = find_command(commands, asked.words, count)) {
    return run(*command, asked, count);
  }
  if (asked.words.empty()) {
    const bool is_odd = !asked.wants_help && !asked.before.empty();
    if (is_odd) return report_usage(fmt::format("No command; {}", kHowToGetHelp), is_json(asked));
    print(help_of_program(program, commands));
    return kExitOk;
  }
  if (asked.words.size() == 1 && !next_words(commands, asked.words).empty()) {
    if (!asked.wants_help && !asked.rest.empty()) {
      return report_usage(
          fmt::format("No command behind \"{}\"; {}", asked.words.front(), kHowToGetHelp),
          is_json(asked));
    }
    print(help_of_group(program, commands, asked.words.front()));
    return kExitOk;
  }
  commands = all_commands(program);
  return refuse_words(commands, asked);
}

}  // namespace synap::cli

#include "synap/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "synap/output.h"

// The one file that includes CLI11, which takes its time to compile.
namespace synap::cli {
namespace {

constexpr std::string_view kExitCodes =
    "Exit codes: 0 ok, 1 failure, 2 wrong usage or input, 3 not found, 4 denied, 5 conflict.\n"
    "Results go to stdout, everything else to stderr; with --json an error is one JSON object.\n";

template <class T>
CLI::Option* add(CLI::App& app, const Option& option, T* target) {
  return app.add_option(option.name, *target, option.docs);
}
CLI::Option* add(CLI::App& app, const Option& option, bool* target) {
  return app.add_flag(option.name, *target, option.docs);
}
CLI::Option* add(CLI::App& app, const Option& option, std::int64_t* target) {
  const auto is_number = [](const std::string& text) -> std::string {
    // 18 digits always fit.
    const bool is_one = !text.empty() && text.size() <= 18 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    return is_one ? "" : "it must be a whole number, not \"" + text + "\"";
  };
  return app.add_option(option.name, *target, option.docs)->check(is_number);
}
CLI::Option* add(CLI::App& app, const Option& option, std::vector<std::string>* target) {
  // One value each time, so that an argument behind it is not taken for another.
  return app.add_option(option.name, *target, option.docs)->allow_extra_args(false);
}
CLI::Option* add(CLI::App& app, const Option& option, std::optional<std::string>* target) {
  return app.add_option_function<std::string>(
      option.name, [target](const std::string& text) { *target = text; }, option.docs);
}

CLI::App* find_subcommand(CLI::App& app, std::string_view name) {
  for (auto* subcommand : app.get_subcommands([](CLI::App*) { return true; })) {
    if (subcommand->get_name() == name) return subcommand;
  }
  return nullptr;
}

void describe(CLI::App& app, std::string_view name, std::string docs) {
  if (auto* group = find_subcommand(app, name)) group->description(std::move(docs));
}

void add_command(CLI::App& root, const Command& command, int& exit_code) {
  CLI::App* app = &root;
  std::string_view words = command.words;
  while (!words.empty()) {
    const auto space = words.find(' ');
    const std::string word(words.substr(0, space));
    const bool is_last = space == std::string_view::npos;
    words.remove_prefix(is_last ? words.size() : space + 1);
    auto* next = find_subcommand(*app, word);
    if (next == nullptr) next = app->add_subcommand(word);
    app = next;
    if (!is_last) app->require_subcommand(1);
  }
  // The first sentence stands in lists of commands, all of them in the command's own help.
  const auto end = std::min(command.docs.find(". "), command.docs.size() - 1) + 1;
  app->description(command.docs.substr(0, end));
  const auto rest = end < command.docs.size() ? command.docs.substr(end + 1) + "\n\n" : "";
  app->footer(rest + "Example:\n  " + command.example + "\n");
  for (const auto& option : command.options) {
    auto* added =
        std::visit([&](auto* target) { return add(*app, option, target); }, option.target);
    if (!option.variable.empty()) added->envname(option.variable);
    if (option.is_required) added->required();
  }
  app->final_callback([&command, &exit_code] { exit_code = command.run(); });
}

// "help events tail" is "events tail --help".
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  std::ranges::reverse(arguments);  // as CLI11 takes them
  return arguments;
}

// The first words that name no command, or nothing.
std::string unknown_words(CLI::App& app, std::vector<std::string> arguments) {
  std::string words;
  CLI::App* at = &app;
  for (; !arguments.empty(); arguments.pop_back()) {
    if (arguments.back().starts_with('-')) continue;
    words += (words.empty() ? "" : " ") + arguments.back();
    at = find_subcommand(*at, arguments.back());
    if (at == nullptr) return words;
    if (at->get_subcommands([](CLI::App*) { return true; }).empty()) return {};
  }
  return {};
}

int refuse(CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  const bool is_json = std::ranges::find(arguments, "--json") != arguments.end();
  std::string message = error.what();
  const auto unknown = unknown_words(app, arguments);
  if (!unknown.empty()) message = "There is no command \"" + unknown + "\"";
  std::ranges::replace(message, '\n', ' ');
  return report_usage(message + "; `synap help` or --help behind a command says what there is",
                      is_json);
}

}  // namespace

int run_command_line(const std::vector<Command>& commands, int argc, char** argv) {
  CLI::App app("Synap: an event-sourced data pod.", "synap");
  app.set_version_flag("--version", "synap " SYNAP_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n  synap serve\n  synap call notes.create '{\"content\":\"# Hello\"}'\n"
      "  synap help events tail\n\n" +
      std::string(kExitCodes));
  int exit_code = 0;
  for (const auto& command : commands) add_command(app, command, exit_code);
  describe(app, "events", "What happened: list, get, tail.");
  describe(app, "runs", "What was done for it: list, show, retry.");
  describe(app, "users", "Who may come in: list, create.");
  describe(app, "keys", "What they come in with: list, create, revoke, reset.");
  describe(app, "import", "Bring in what you have: markdown.");
  app.add_subcommand("help", "Say what a command does: synap help events tail");
  const auto arguments = arguments_of(argc, argv);
  if (arguments.empty()) return print_error_text(app.help()), kExitUsage;
  try {
    app.parse(std::vector<std::string>(arguments));
  } catch (const CLI::CallForVersion& version) {
    print_line(version.what());
    return kExitOk;
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    return refuse(app, error, arguments);
  }
  return exit_code;
}

}  // namespace synap::cli

#include "synap/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "synap/terminal.h"

namespace synap::cli {
namespace {

constexpr std::size_t kWidthMax = 100;   // longer lines are hard to read
constexpr std::size_t kColumnMax = 36;   // names that are longer have a line of their own
constexpr std::size_t kExamplesMax = 4;  // of a group

constexpr std::string_view kExitCodes =
    "Exit codes: 0 ok, 1 failure, 2 wrong usage or input, 3 not found, 4 denied, 5 conflict.";
constexpr std::string_view kStreams =
    "Results go to stdout, everything else to stderr; with --json an error is one JSON object.";

std::size_t width() {
  return std::min(terminal_width(), kWidthMax);
}

std::string first_sentence(const std::string& docs) {
  return docs.substr(0, std::min(docs.find(". "), docs.size() - 1) + 1);
}

std::string word_of(const Command& command) {
  return command.words.substr(0, command.words.find(' '));
}

bool is_argument(const Option& option) {
  return !option.name.starts_with('-');
}

std::string value_name(const Option& option) {
  if (!option.value.empty()) return option.value;
  if (!option.values.empty()) return fmt::format("{}", "CHOICE");
  return std::holds_alternative<std::int64_t*>(option.target) ? "NUMBER" : "TEXT";
}

std::string usage_name(const Option& option) {
  const auto name = option.name.substr(0, option.name.find(','));
  return option.is_required ? name : fmt::format("[{}]", name);
}

std::string default_of(const Option& option) {
  if (option.docs.find("Default:") != std::string::npos) return "";
  std::string value;
  if (const auto* text = std::get_if<std::string*>(&option.target)) value = **text;
  if (const auto* number = std::get_if<std::int64_t*>(&option.target)) {
    if (**number >= 0) value = std::to_string(**number);
  }
  return value.empty() ? "" : fmt::format(" Default: {}", value);
}

Line line_of(const Option& option) {
  Line line;
  if (is_argument(option)) {
    line.name = option.name.substr(0, option.name.find(','));
    if (const auto flags = flags_of(option); !flags.empty()) line.name += ", " + flags.front();
  } else {
    const auto flags = flags_of(option);
    line.name = flags.empty() ? option.name : flags.front();
    if (option.has_no) line.name.insert(2, "[no-]");
    if (takes_value(option)) line.name += " " + value_name(option);
  }
  line.docs = option.docs;
  if (!option.values.empty()) {
    line.docs += fmt::format("{}One of", line.docs.empty() ? "" : " ");
    for (std::size_t i = 0; i < option.values.size(); ++i) {
      line.docs += (i == 0 ? " " : ", ") + option.values[i];
    }
    line.docs += ".";
  }
  if (std::holds_alternative<std::vector<std::string>*>(option.target) &&
      option.docs.find("once for each") == std::string::npos &&
      option.docs.find("several times") == std::string::npos) {
    line.docs += " May be given several times.";
  }
  line.docs += default_of(option);
  if (!option.variable.empty()) line.docs += fmt::format(" [{}]", option.variable);
  return line;
}

// Several of one group: no two of the same verb, those that are used most stand first.
std::string examples_of(const std::vector<const Command*>& commands) {
  std::string text = "\nExamples:\n";
  for (std::size_t i = 0; i < std::min(commands.size(), kExamplesMax); ++i) {
    text += fmt::format("  {}\n", commands[i]->example);
  }
  return text;
}

}  // namespace

std::string paragraph(std::string_view text) {
  return wrapped(text, width()) + "\n";
}

std::string columns(const std::vector<Line>& lines) {
  std::size_t column = 0;
  for (const auto& line : lines) {
    if (line.name.size() <= kColumnMax) column = std::max(column, line.name.size());
  }
  column += 4;
  // Beside long names a narrow terminal has no room for sentences: they stand below.
  constexpr std::size_t kDocsMin = 24;
  constexpr std::size_t kBelow = 6;
  if (width() < column + kDocsMin) {
    std::string text;
    for (const auto& line : lines) {
      text += "  " + line.name + "\n" + std::string(kBelow, ' ');
      text += wrapped(line.docs, width(), kBelow, kBelow) + "\n";
    }
    return text;
  }
  std::string text;
  for (const auto& line : lines) {
    const bool fits = line.name.size() + 4 <= column;
    text +=
        "  " + (fits ? padded(line.name, column - 2) : line.name + "\n" + std::string(column, ' '));
    text += wrapped(line.docs, width(), column, column) + "\n";
  }
  return text;
}

std::string help_of_program(const Program& program, const std::vector<Command>& commands) {
  std::vector<Line> lines;
  std::set<std::string> seen;
  for (const auto& command : commands) {
    const auto word = word_of(command);
    if (!seen.insert(word).second) continue;
    lines.push_back({word, word == command.words ? first_sentence(command.docs)
                                                 : docs_of_group(program, commands, word)});
  }
  lines.push_back({"help", "Say what a command does: synap help events tail"});
  return paragraph("Synap: an event-sourced data pod.") +
         "\nUsage: synap COMMAND [OPTIONS]\n\nCommands:\n" + columns(lines) + "\nOptions:\n" +
         columns({{"-h, --help", "Say this, or behind a command what that does."},
                  {"-v, --version", "Say which version this is."}}) +
         "\nExamples:\n  synap serve\n  synap notes create '# Hello' --wait\n"
         "  synap events list --since 2h\n  synap help events tail\n\n" +
         paragraph(kExitCodes) + paragraph(kStreams);
}

std::string help_of_group(const Program& program, const std::vector<Command>& commands,
                          const std::string& word) {
  std::vector<Line> lines;
  std::vector<const Command*> of_group;
  for (const auto& command : commands) {
    if (word_of(command) != word) continue;
    of_group.push_back(&command);
    lines.push_back({command.words.substr(word.size() + 1), first_sentence(command.docs)});
  }
  return paragraph(docs_of_group(program, commands, word)) +
         fmt::format("\nUsage: synap {} COMMAND [OPTIONS]\n\nCommands:\n", word) + columns(lines) +
         fmt::format("\n`synap {} COMMAND --help` says more of each.\n", word) +
         examples_of(of_group);
}

std::string help_of_command(const Command& command) {
  std::string usage = fmt::format("Usage: synap {}", command.words);
  std::vector<Line> arguments;
  std::vector<Line> options;
  for (const auto& option : command.options) {
    if (option.is_hidden) continue;
    if (is_argument(option)) usage += " " + usage_name(option);
    (is_argument(option) ? arguments : options).push_back(line_of(option));
  }
  options.push_back({"-h, --help", "Say this."});
  std::string text =
      paragraph(command.docs) + "\n" + wrapped(usage + " [OPTIONS]", width(), 4) + "\n";
  if (!arguments.empty()) text += "\nArguments:\n" + columns(arguments);
  text += "\nOptions:\n" + columns(options);
  return text + fmt::format("\nExample:\n  {}\n", command.example);
}

}  // namespace synap::cli

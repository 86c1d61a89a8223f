#include "synap/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "synap/catalogue.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

// What can stand behind some words: "" -> serve, call, …; "events" -> list, get, …; "events list"
// -> --after, …. And behind a flag: "tasks list --status" -> open, ….
using Tree = std::map<std::string, std::vector<std::string>>;
struct Words {
  Tree next;
  Tree values;
};

void add(std::vector<std::string>& words, std::string word) {
  if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
}

Words words_of(const Program& program) {
  Words all;
  auto& tree = all.next;
  for (const auto& command : all_commands(program)) {
    std::string before;
    std::string_view rest = command.words;
    while (!rest.empty()) {
      const auto space = rest.find(' ');
      const std::string word(rest.substr(0, space));
      add(tree[before], word);
      before += (before.empty() ? "" : " ") + word;
      rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    }
    auto& flags = tree[command.words];
    for (const auto& option : command.options) {
      for (const auto& flag : flags_of(option)) {
        add(flags, flag);
        if (!option.values.empty()) all.values[command.words + " " + flag] = option.values;
      }
      if (flags_of(option).empty()) {
        for (const auto& value : option.values) add(flags, value);
      }
      if (option.name.starts_with("PROCEDURE")) {
        for (const auto& path : Catalogue::own().paths()) add(flags, path);
      }
    }
    add(flags, "--help");
  }
  add(tree[""], "help");
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// What can stand behind what `about` says: the same in both shells. (Not $path, which zsh keeps the
// directories of programs in.)
std::string cases(std::string_view about, const Tree& tree) {
  std::string text = fmt::format("  case \"{}\" in\n", about);
  for (const auto& [path, words] : tree) {
    text += fmt::format("    \"{}\") next=\"{}\" ;;\n", path, joined(words));
  }
  return text + "  esac\n";
}

std::string known_paths(const Tree& tree) {
  std::string text;
  for (const auto& [path, words] : tree) {
    if (!path.empty()) text += fmt::format("{}\"{}\"", text.empty() ? "" : "|", path);
  }
  return text;
}

std::string bash(const Words& words) {
  return fmt::format(R"(# synap completion bash: source <(synap completion bash)
_synap() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local at="" next="" word i
  # bash takes --flag=value for three words.
  if [[ "$current" == "=" ]]; then
    current=""
  elif [[ "$before" == "=" ]]; then
    before="${{COMP_WORDS[COMP_CWORD-2]}}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{at:+$at }}${{COMP_WORDS[i]}}"
    case "$word" in
      {}) at="$word" ;;
    esac
  done
{}{}  COMPREPLY=($(compgen -W "$next" -- "$current"))
  [[ ${{#COMPREPLY[@]}} -gt 0 || "$current" == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _synap synap
)",
                     known_paths(words.next), cases("$at", words.next),
                     cases("$at $before", words.values));
}

// As a file below $fpath it is the body of _synap, which the first Tab calls: then it must
// complete, too, and not only say what will.
std::string zsh(const Words& words) {
  return fmt::format(R"(#compdef synap
# synap completion zsh > "${{fpath[1]}}/_synap"
_synap() {{
  local at="" next="" word i
  for ((i = 2; i < CURRENT; i++)); do
    word="${{at:+$at }}${{words[i]}}"
    case "$word" in
      {}) at="$word" ;;
    esac
  done
{}{}  compadd -- ${{=next}} || _files
}}
if [[ "$funcstack[1]" == _synap ]]; then
  _synap "$@"
else
  compdef _synap synap
fi
)",
                     known_paths(words.next), cases("$at", words.next),
                     cases("$at ${words[CURRENT-1]}", words.values));
}

std::string fish(const Words& all) {
  const auto& tree = all.next;
  std::string text =
      "# synap completion fish > ~/.config/fish/completions/synap.fish\n"
      "function __synap_path\n"
      "  set -l path\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch (string join -- ' ' $path $word)\n"
      "      case";
  for (const auto& [path, words] : tree) {
    if (!path.empty()) text += fmt::format(" '{}'", path);
  }
  text +=
      "\n        set path $path $word\n"
      "    end\n"
      "  end\n"
      "  set -l at (string join -- ' ' $path)\n"
      "  test \"$at\" = \"$argv\"\n"
      "end\n";
  for (const auto& [path, words] : tree) {
    // Files stand behind commands, whose help is a word too; before a command there are none.
    const bool is_command = std::ranges::find(words, "--help") != words.end();
    text += fmt::format("complete -c synap{} -n \"__synap_path {}\" -a '{}'\n",
                        is_command ? "" : " -f", path, joined(words));
  }
  for (const auto& [path, values] : all.values) {
    const auto space = path.rfind(' ');
    text += fmt::format(
        "complete -c synap -n \"__synap_path {} && test (commandline -opc)[-1] = {}\" -a '{}'\n",
        path.substr(0, space), path.substr(space + 1), joined(values));
  }
  return text;
}

int completion(const Program& program, const std::string& shell) {
  const auto words = words_of(program);
  if (shell == "bash") print(bash(words));
  if (shell == "zsh") print(zsh(words));
  if (shell == "fish") print(fish(words));
  return kExitOk;
}

}  // namespace

Command completion_command(const Program& program) {
  auto shell = std::make_shared<std::string>();
  return {.words = "completion",
          .docs = "Print what makes a shell complete the words of this program with the Tab key.",
          .example = "source <(synap completion bash)",
          .options = {{.name = "SHELL",
                       .docs = "",
                       .target = shell.get(),
                       .is_required = true,
                       .values = {"bash", "zsh", "fish"}}},
          .run = [shell, &program] { return completion(program, *shell); }};
}

}  // namespace synap::cli

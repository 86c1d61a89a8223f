#include "synap/suggestion.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace synap::cli {
namespace {

struct OtherWords {
  std::string_view name;
  std::vector<std::string_view> words;  // that other programs have for it
};

// What people type who know git, gh, docker or a shell.
const std::vector<OtherWords>& other_words() {
  static const std::vector<OtherWords> all = {
      {"create", {"add", "new", "make", "insert", "post", "write"}},
      {"list", {"ls", "all", "index", "dir"}},
      {"get", {"show", "view", "cat", "read", "open", "info", "describe"}},
      {"show", {"get", "view", "cat", "read", "info", "describe"}},
      {"update", {"edit", "change", "set", "modify", "patch"}},
      {"delete", {"rm", "remove", "del", "destroy"}},
      {"remove", {"rm", "delete", "del", "destroy"}},
      {"revoke", {"rm", "remove", "delete", "del"}},
      {"rename", {"mv", "move", "merge"}},
      {"search", {"find", "query", "grep"}},
      {"tail", {"watch", "follow", "stream"}},
      {"watch", {"tail", "follow", "stream"}},
      {"serve", {"start", "run", "up", "server"}},
      {"doctor", {"status", "health", "check", "info", "ping"}},
      {"login", {"auth", "signin", "whoami", "connect"}},
      {"open", {"ui", "web", "browse", "dashboard"}},
  };
  return all;
}

}  // namespace

std::string did_you_mean_command(std::string_view word, const std::vector<std::string>& names) {
  std::string asked(word);
  std::ranges::transform(asked, asked.begin(), [](unsigned char c) { return std::tolower(c); });
  std::vector<std::string> meant;
  for (const auto& [name, words] : other_words()) {
    const bool is_there = std::ranges::find(names, name) != names.end();
    if (is_there && std::ranges::find(words, asked) != words.end()) meant.emplace_back(name);
  }
  for (auto& near : suggestions(word, names)) {
    if (std::ranges::find(meant, near) == meant.end()) meant.push_back(std::move(near));
  }
  return asked_whether(meant);
}

}  // namespace synap::cli

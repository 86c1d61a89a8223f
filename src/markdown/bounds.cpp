#include "markdown/bounds.h"

namespace synap::markdown {
namespace {

// How many lists and quotes a line opens, or a few more: "- > 1. text".
int containers_of(std::string_view line) {
  int count = 0;
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    if (c == ' ' || c == '\t') {
      ++at;
    } else if (c == '>' || c == '-' || c == '+' || c == '*') {
      ++count;
      ++at;
    } else if (c >= '0' && c <= '9') {
      while (at < line.size() && line[at] >= '0' && line[at] <= '9') ++at;
      if (at == line.size() || (line[at] != '.' && line[at] != ')')) break;
      ++count;
      ++at;
    } else {
      break;
    }
  }
  return count;
}

// A rule of dashes opens nothing.
bool is_rule(std::string_view line) {
  return line.find_first_not_of("-*_ \t\r") == std::string_view::npos &&
         line.find_first_of(" \t") == std::string_view::npos;
}

}  // namespace

bool is_readable(std::string_view text) {
  return all_between(text, "\n", [](std::string_view line) {
    return is_rule(line) || containers_of(line) <= kContainersMax;
  });
}

}  // namespace synap::markdown

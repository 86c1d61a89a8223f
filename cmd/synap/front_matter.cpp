#include "synap/front_matter.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace synap::cli {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_fence(std::string_view line, std::string_view fence) {
  return line.starts_with(fence) && trimmed(line.substr(fence.size())).empty();
}

struct Syntax {
  std::string_view begin;
  std::string_view end;
  std::string_view other_end;
  Result<Properties> (*read)(std::string_view block);
};
Result<Properties> read_fenced_json(std::string_view block) {
  return read_json_properties(block);
}
Result<Properties> read_bare_json(std::string_view block) {
  return read_json_properties(block, 1);
}
constexpr Syntax kSyntaxes[] = {{"---", "---", "...", read_yaml_properties},
                                {"+++", "+++", "+++", read_toml_properties},
                                {";;;", ";;;", ";;;", read_fenced_json}};

// A rule at the top of a text is not meant as front matter; a key behind it is.
bool is_meant(std::string_view behind_fence) {
  const auto line = take_line(behind_fence);
  const auto mark = line.find_first_of(":=");
  return mark != line.npos && mark > 0 && line.find_first_of(kSpace) >= mark;
}

FrontMatter kept_as_text(std::string_view text, std::string_view behind, std::string_view why) {
  return {.body = text,
          .behind = behind,
          .problem = fmt::format("the front matter is kept as text: {}", why)};
}

FrontMatter read_block(std::string_view text, std::string_view block, std::string_view behind,
                       Result<Properties> (*read)(std::string_view)) {
  if (block.size() > kBlockBytesMax) {
    return kept_as_text(text, behind, fmt::format("it is longer than {} bytes", kBlockBytesMax));
  }
  auto properties = read(block);
  if (!properties) return kept_as_text(text, behind, properties.error().message);
  return {.properties = std::move(*properties), .is_there = true, .body = behind, .behind = behind};
}

FrontMatter read_fenced(std::string_view text, std::string_view rest, const Syntax& syntax) {
  const auto block_on = rest;
  while (!rest.empty()) {
    const auto size = block_on.size() - rest.size();
    const auto line = take_line(rest);
    if (is_fence(line, syntax.end) || is_fence(line, syntax.other_end)) {
      return read_block(text, block_on.substr(0, size), rest, syntax.read);
    }
  }
  FrontMatter none{.body = text, .behind = text};
  if (is_meant(block_on)) none.problem = "the front matter has no end and is kept as text";
  return none;
}

// The end of the object at the beginning of `text`, or npos.
std::size_t end_of_object(std::string_view text) {
  int depth = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size() && i <= kBlockBytesMax; ++i) {
    const char c = text[i];
    if (is_in_string) {
      if (c == '\\') ++i;
      if (c == '"') is_in_string = false;
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Braces begin many a template, too: only what is an object and ends its line is front matter.
FrontMatter read_unfenced(std::string_view text) {
  const FrontMatter none{.body = text, .behind = text};
  const auto first = text.find_first_not_of(kSpace, 1);
  if (first == text.npos || (text[first] != '"' && text[first] != '}')) return none;
  const auto end = end_of_object(text);
  if (end == text.npos) return none;
  auto behind = text.substr(end);
  if (!trimmed(take_line(behind)).empty()) return none;
  return read_block(text, text.substr(0, end), behind, read_bare_json);
}

// The lines of every text in it.
void add_lines(const Json& value, std::unordered_set<std::string_view>& lines) {
  if (value.is_string()) {
    std::string_view rest = value.as_string();
    while (!rest.empty()) lines.insert(trimmed(take_line(rest)));
  } else if (value.is_array()) {
    for (const auto& item : value.as_array()) add_lines(item, lines);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) add_lines(member, lines);
  }
}

// A "#" behind a space and outside of quotes; what a quote that the line does not close holds is
// unknown, and taken to be text.
bool has_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool is_behind_space = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
    if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = 0;
    } else if (c == '#' && is_behind_space) {
      return true;
    } else if ((c == '"' || c == '\'') &&
               (is_behind_space || line[i - 1] == '[' || line[i - 1] == ',' || line[i - 1] == '{' ||
                line[i - 1] == '=')) {
      quote = c;
    }
  }
  return false;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Properties::spellings_below(
    const std::string& at) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (auto it = spellings.lower_bound(at); it != spellings.end() && it->first.starts_with(at);
       ++it) {
    auto rest = it->first.substr(at.size());
    if (rest.empty() || rest.front() == '/') found.emplace_back(std::move(rest), it->second);
  }
  return found;
}

void Properties::forget_spellings(const std::string& at) {
  for (const auto& [rest, spelling] : spellings_below(at)) spellings.erase(at + rest);
}

void add_remark(Properties& properties, int line, std::string_view what) {
  constexpr std::size_t kRemarksMax = 20;
  auto& remarks = properties.remarks;
  if (remarks.size() == kRemarksMax) return remarks.emplace_back("… and more"), void();
  if (remarks.size() < kRemarksMax) remarks.push_back(fmt::format("line {}: {}", line, what));
}

std::string twice_remark(std::string_view name, const Json& other) {
  constexpr std::size_t kShownMax = 200;
  auto shown = other.dump();
  if (shown.size() > kShownMax) {
    shown.resize(valid_utf8_prefix(std::string_view(shown).substr(0, kShownMax)));
    shown += "…";
  }
  return fmt::format("\"{}\" is there twice; the last one counts, the other was {}", name, shown);
}

std::string no_number_remark(std::string_view spelling) {
  return fmt::format("{} is kept as text: JSON has no such number", spelling);
}

std::string place_in(std::string_view block, std::size_t at, int first_line) {
  const auto before = block.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + first_line;
  const auto begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto column = std::ranges::count_if(
      before.substr(begin), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return fmt::format("line {}, column {}", line, column + 1);
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string pointer_step(std::string_view name) {
  std::string step = "/";
  for (const char c : name) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

std::size_t count_comments(std::string_view block, const Json& values) {
  std::unordered_set<std::string_view> lines;
  add_lines(values, lines);
  std::size_t count = 0;
  while (!block.empty()) {
    const auto line = trimmed(take_line(block));
    if (has_comment(line) && !lines.contains(line)) ++count;
  }
  return count;
}

Json whole_number(std::int64_t value) {
  constexpr auto kMax = static_cast<std::int64_t>(kWholeNumberMax);
  if (value > kMax || value < -kMax) return static_cast<double>(value);
  return value;
}

FrontMatter read_front_matter(std::string_view text) {
  std::string_view rest = text;
  const auto first = take_line(rest);
  for (const auto& syntax : kSyntaxes) {
    if (is_fence(first, syntax.begin)) return read_fenced(text, rest, syntax);
  }
  if (text.starts_with('{')) return read_unfenced(text);
  return {.body = text, .behind = text};
}

}  // namespace synap::cli

#include "synap/front_matter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <expected>
#include <map>

namespace synap::cli {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// A value, or why there is none.
template <class T>
using Read = std::expected<T, std::string>;
using Problem = std::unexpected<std::string>;

struct Entry {
  std::string_view value;                // behind the colon
  std::vector<std::string_view> nested;  // the lines below, with their indentation
};

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ' ';
}

// The place of the colon after a key at the beginning of `line`, or npos.
std::size_t colon_of(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::string_view::npos;
  if (colon + 1 < line.size() && line[colon + 1] != ' ' && line[colon + 1] != '\t') {
    return std::string_view::npos;
  }
  auto key = trimmed(line.substr(0, colon));
  if (key.size() > 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front()) {
    key = key.substr(1, key.size() - 2);
  }
  const bool is_key = static_cast<unsigned char>(key.front()) >= 0x80 ||
                      (is_key_character(key.front()) && key.front() != '-');
  return is_key ? colon : std::string_view::npos;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto push = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xc0 | point >> 6);
    push(0x80 | (point & 0x3f));
  } else {
    push(0xe0 | point >> 12);
    push(0x80 | (point >> 6 & 0x3f));
    push(0x80 | (point & 0x3f));
  }
}

// \uXXXX at text[i] = 'u'; leaves i at its last character. False: it is none.
bool append_escaped_point(std::string& out, std::string_view text, std::size_t& i) {
  if (i + 4 >= text.size()) return false;
  std::uint32_t point = 0;
  for (std::size_t digit = i + 1; digit <= i + 4; ++digit) {
    const char c = text[digit];
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0) return false;
    point = point << 4 | static_cast<std::uint32_t>(value);
  }
  if (point >= 0xd800 && point <= 0xdfff) return false;
  append_utf8(out, point);
  i += 4;
  return true;
}

// A quoted text at the beginning of `rest`, which is then what follows it.
Read<std::string> take_quoted(std::string_view& rest) {
  const char quote = rest.front();
  std::string text;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == quote && quote == '\'' && i + 1 < rest.size() && rest[i + 1] == '\'') {
      text += '\'';
      ++i;
    } else if (c == quote) {
      rest.remove_prefix(i + 1);
      return text;
    } else if (c == '\\' && quote == '"' && i + 1 < rest.size()) {
      const char escaped = rest[++i];
      if (escaped == 'u') {
        if (!append_escaped_point(text, rest, i)) return Problem("an escape \\u is none");
      } else {
        text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
      }
    } else {
      text += c;
    }
  }
  return Problem("a quote is not closed");
}

std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      return trimmed(text.substr(0, i));
    }
  }
  return trimmed(text);
}

bool is_quoted(std::string_view text) {
  return text.starts_with('"') || text.starts_with('\'');
}

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null";
}

Read<std::string> read_scalar(std::string_view text) {
  text = trimmed(text);
  if (!is_quoted(text)) return std::string(without_comment(text));
  auto quoted = take_quoted(text);
  if (quoted && !without_comment(text).empty()) return Problem("text follows a closed quote");
  return quoted;
}

Read<std::string> read_title(const Entry& entry) {
  const auto value = trimmed(entry.value);
  std::string text;
  const bool is_block = value.starts_with('|') || value.starts_with('>');
  if (value.starts_with('[') || value.starts_with('{')) return Problem("the title is no text");
  if (!is_block) text = value;
  for (const auto line : entry.nested) {
    if (!is_block && trimmed(line).starts_with("- ")) return Problem("the title is a list");
    text.append(text.empty() ? "" : " ").append(trimmed(line));
  }
  if (is_block) return text;
  auto title = read_scalar(text);
  if (title && !is_quoted(value) && is_null(*title)) title->clear();
  return title;
}

void add_tag(std::vector<std::string>& tags, std::string_view text) {
  const auto tag = tag_of(text);
  if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.emplace_back(tag);
}

// What stands between "[" and "]".
Read<std::vector<std::string>> read_inline_list(std::string_view rest) {
  std::vector<std::string> tags;
  rest.remove_prefix(1);
  for (;;) {
    rest = rest.substr(std::min(rest.find_first_not_of(kSpace), rest.size()));
    if (rest.empty()) return Problem("a list is not closed");
    if (is_quoted(rest)) {
      auto tag = take_quoted(rest);
      if (!tag) return Problem(tag.error());
      add_tag(tags, *tag);
    } else {
      const auto end = rest.find_first_of(",]");
      const auto tag = rest.substr(0, end);
      if (tag.find_first_of("[{") != std::string_view::npos) return Problem("a tag is no text");
      add_tag(tags, tag);
      rest.remove_prefix(std::min(end, rest.size()));
    }
    rest = rest.substr(std::min(rest.find_first_not_of(kSpace), rest.size()));
    if (rest.starts_with(']')) {
      if (!without_comment(rest.substr(1)).empty()) return Problem("text follows a closed list");
      return tags;
    }
    if (!rest.starts_with(',')) return Problem("a list is not closed");
    rest.remove_prefix(1);
  }
}

Read<std::vector<std::string>> read_tags(const Entry& entry) {
  std::string text(trimmed(entry.value));
  std::vector<std::string> tags;
  const bool is_block_list = without_comment(text).empty();
  if (is_block_list) {
    for (auto line : entry.nested) {
      line = trimmed(line);
      if (line.starts_with('#')) continue;
      if (line != "-" && !line.starts_with("- ")) return Problem("the tags are no list");
      auto tag = read_scalar(line.substr(1));
      if (!tag) return Problem(tag.error());
      add_tag(tags, *tag);
    }
    return tags;
  }
  for (const auto line : entry.nested) text.append(" ").append(trimmed(line));
  if (text.starts_with('[')) return read_inline_list(text);
  auto scalar = read_scalar(text);
  if (!scalar) return Problem(scalar.error());
  if (!is_quoted(text) && is_null(*scalar)) return tags;
  for (std::string_view rest = *scalar;;) {
    const auto comma = rest.find(',');
    add_tag(tags, rest.substr(0, comma));
    if (comma == std::string_view::npos) return tags;
    rest.remove_prefix(comma + 1);
  }
}

using Entries = std::map<std::string, Entry, std::less<>>;

Read<Entries> read_entries(std::string_view block) {
  Entries entries;
  Entry* last = nullptr;
  for (int number = 2; !block.empty(); ++number) {
    const auto line = take_line(block);
    if (trimmed(line).empty() || line.starts_with('#')) continue;
    const bool is_nested = line.front() == ' ' || line.front() == '\t' || line == "-" ||
                           line.starts_with("- ") || line.starts_with(']');
    if (is_nested) {
      if (last == nullptr) return Problem(fmt::format("line {} belongs to no key", number));
      last->nested.push_back(line);
      continue;
    }
    const auto colon = colon_of(line);
    if (colon == std::string_view::npos) return Problem(fmt::format("line {} has no key", number));
    auto key = trimmed(line.substr(0, colon));
    std::string name(is_quoted(key) ? key.substr(1, key.size() - 2) : key);
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto [at, is_new] = entries.try_emplace(name, Entry{line.substr(colon + 1), {}});
    if (!is_new) return Problem(fmt::format("\"{}\" is there twice", name));
    last = &at->second;
  }
  return entries;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view tag_of(std::string_view text) {
  text = trimmed(text);
  while (text.starts_with('#')) text.remove_prefix(1);
  return trimmed(text);
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

FrontMatter read_front_matter(std::string_view text) {
  FrontMatter found;
  found.body = text;
  const auto is_fence = [](std::string_view line, std::string_view fence) {
    return line.starts_with(fence) && trimmed(line.substr(fence.size())).empty();
  };
  std::string_view rest = text;
  if (!is_fence(take_line(rest), "---")) return found;
  const std::string_view block_on = rest;
  std::size_t block_size = std::string_view::npos;
  while (!rest.empty()) {
    const auto before = block_on.size() - rest.size();
    const auto line = take_line(rest);
    if (is_fence(line, "---") || is_fence(line, "...")) {
      block_size = before;
      break;
    }
  }
  const bool is_closed = block_size != std::string_view::npos;
  if (!is_closed) {
    // A rule at the top of a text is not meant as front matter; a key behind it is.
    auto first = block_on;
    if (colon_of(take_line(first)) != std::string_view::npos) {
      found.problem = "the front matter has no end and is kept as text";
    }
    return found;
  }
  const auto keep_as_text = [&](const std::string& why) {
    found = {};
    found.body = text;
    found.problem = fmt::format("the front matter is kept as text: {}", why);
    return found;
  };
  auto entries = read_entries(block_on.substr(0, block_size));
  if (!entries) return keep_as_text(entries.error());
  if (const auto at = entries->find("title"); at != entries->end()) {
    auto title = read_title(at->second);
    if (!title) return keep_as_text(title.error());
    if (const auto plain = trimmed(*title); !plain.empty()) found.title = plain;
  }
  if (const auto at = entries->find("tags"); at != entries->end()) {
    auto tags = read_tags(at->second);
    if (!tags) return keep_as_text(tags.error());
    found.tags = std::move(*tags);
  }
  found.body = rest;
  return found;
}

}  // namespace synap::cli

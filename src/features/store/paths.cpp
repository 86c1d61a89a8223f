#include "features/store/paths.h"

#include <fmt/format.h>

#include <charconv>

#include "features/words.h"

namespace synap::features::store {
namespace {

// "messages[*].content" -> "messages", "[*]", "content".
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    const auto end = path.starts_with('[') ? path.find(']') : path.find_first_of(".[");
    const auto size = end == path.npos ? path.size() : path.starts_with('[') ? end + 1 : end;
    if (size == 0) {
      parts.emplace_back();
      break;
    }
    parts.push_back(path.substr(0, size));
    path.remove_prefix(size);
    if (path == ".") parts.emplace_back();
  }
  return parts;
}

bool is_index(std::string_view part) {
  return part.starts_with('[');
}

std::optional<std::int64_t> number_in(std::string_view part) {
  part.remove_prefix(1);
  part.remove_suffix(1);
  std::int64_t number = 0;
  const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
  if (read.ec != std::errc() || read.ptr != part.data() + part.size()) return std::nullopt;
  return number;
}

bool is_part(std::string_view part) {
  if (part.empty()) return false;
  if (!is_index(part)) return part.find_first_of("]{}") == part.npos;
  return part.ends_with(']') && (part == "[*]" || number_in(part));
}

void add_words_at(std::string& text, const Json& value, std::span<const std::string_view> parts) {
  if (parts.empty()) return add_words(text, value, Names::kTaken);
  const auto part = parts.front();
  const auto rest = parts.subspan(1);
  if (part == "[*]" || (part == "*" && value.is_array())) {
    if (!value.is_array()) return;
    for (const auto& item : value.as_array()) add_words_at(text, item, rest);
  } else if (part == "*" && value.is_object()) {
    for (const auto& member : value.as_object()) add_words_at(text, member.second, rest);
  } else if (is_index(part)) {
    if (!value.is_array()) return;
    const auto& items = value.as_array();
    auto at = number_in(part).value_or(0);
    if (at < 0) at += std::ssize(items);
    if (at >= 0 && at < std::ssize(items)) add_words_at(text, items[at], rest);
  } else if (const Json* member = value.find(part)) {
    add_words_at(text, *member, rest);
  }
}

}  // namespace

Result<> check_path(std::string_view path) {
  for (const auto part : parts_of(path)) {
    if (!is_part(part)) {
      return fail(Code::kBadRequest,
                  fmt::format("index: \"{}\" is no path, as text or messages[*].content", path));
    }
  }
  return {};
}

std::string words_at(const Json& value, const std::optional<std::vector<std::string>>& paths) {
  std::string text;
  if (!paths) {
    add_words(text, value, Names::kTaken);
    return text;
  }
  for (const auto& path : *paths) {
    if (path == "$") {
      add_words(text, value, Names::kTaken);
    } else {
      add_words_at(text, value, parts_of(path));
    }
  }
  return text;
}

}  // namespace synap::features::store

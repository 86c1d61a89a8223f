#include "schema/json_places.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace synap {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, byte, 16).ptr ==
            text.data() + at + 3) {
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

const Json* member_of(const Json& value, const std::string& step) {
  if (value.is_object()) return value.find(step);
  std::size_t index = 0;
  const auto* end = step.data() + step.size();
  if (!value.is_array() || std::from_chars(step.data(), end, index).ptr != end ||
      index >= value.as_array().size()) {
    return nullptr;
  }
  return &value.as_array()[index];
}

}  // namespace

std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> steps_of(std::string_view pointer) {
  std::vector<std::string> steps;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      steps.emplace_back();
    } else if (pointer[at] == '~' && at + 1 < pointer.size()) {
      steps.back() += pointer[++at] == '1' ? '/' : '~';
    } else {
      steps.back() += pointer[at];
    }
  }
  return steps;
}

JsonPlaces::JsonPlaces(const Json& root) : root_(root) {
  find_anchors(root, "");
}

// Anchors are found wherever they may stand; one in an `enum` or `const` is none.
void JsonPlaces::find_anchors(const Json& value, const std::string& pointer) {
  if (pointer.size() > kPointerBytesMax) return;  // no schema may stand there
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      find_anchors(value.as_array()[i], fmt::format("{}/{}", pointer, i));
    }
  }
  if (!value.is_object()) return;
  for (const auto& [word, member] : value.as_object()) {
    if (word == "enum" || word == "const" || word == "default" || word == "examples") continue;
    if (word == "$anchor" && member.is_string()) anchors_.emplace(member.as_string(), pointer);
    find_anchors(member, pointer + pointer_step(word));
  }
}

std::expected<JsonPlaces::Place, std::string_view> JsonPlaces::referred(
    const Json& reference) const {
  if (!reference.is_string() || !reference.as_string().starts_with('#')) {
    return std::unexpected("refers only to places of this schema: #/$defs/name");
  }
  std::string pointer = percent_decoded(std::string_view(reference.as_string()).substr(1));
  if (!pointer.empty() && pointer[0] != '/') {
    const auto anchor = anchors_.find(pointer);
    if (anchor == anchors_.end()) {
      return std::unexpected("refers to an anchor that is not there");
    }
    pointer = anchor->second;
  }
  const Json* target = &root_;
  std::string canonical;
  for (const auto& step : steps_of(pointer)) {
    target = member_of(*target, step);
    canonical += pointer_step(step);
    if (target == nullptr) return std::unexpected("refers to a place that is not there");
  }
  return Place{target, std::move(canonical)};
}

}  // namespace synap

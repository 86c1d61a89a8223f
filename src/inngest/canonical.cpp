#include "inngest/canonical.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace synap::inngest {
namespace {

// UTF-8 sorts by code points; UTF-16 sorts those beyond U+FFFF, written as surrogates from 0xD800
// on, before U+E000. It shows in the first byte of a character, where two texts first differ.
int utf16_rank(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xf0) return byte - 0xf0 + 0xee;
  if (byte >= 0xee) return byte - 0xee + 0xf8;
  return byte;
}

bool comes_before(std::string_view left, std::string_view right) {
  const auto [l, r] = std::ranges::mismatch(left, right);
  if (r == right.end()) return false;
  if (l == left.end()) return true;
  return utf16_rank(*l) < utf16_rank(*r);
}

void append_object(std::string& out, const Json::Object& object) {
  std::vector<const Json::Member*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::ranges::sort(members, comes_before,
                    [](const auto* member) -> const std::string& { return member->first; });
  out.push_back('{');
  for (const auto* member : members) {
    if (out.back() != '{') out.push_back(',');
    append_json_string(out, member->first);
    out.push_back(':');
    append_canonical(out, member->second);
  }
  out.push_back('}');
}

}  // namespace

void append_canonical(std::string& out, const Json& value) {
  if (value.is_object()) {
    append_object(out, value.as_object());
  } else if (value.is_array()) {
    out.push_back('[');
    bool is_first = true;
    for (const auto& item : value.as_array()) {
      if (!std::exchange(is_first, false)) out.push_back(',');
      append_canonical(out, item);
    }
    out.push_back(']');
  } else if (value.is_integer() && std::abs(value.as_number()) > kWholeNumberMax) {
    append_json_number(out, value.as_number());
  } else {
    append_json(out, value);
  }
}

std::string canonical_json(const Json& value) {
  std::string out;
  out.reserve(json_bytes(value));
  append_canonical(out, value);
  return out;
}

}  // namespace synap::inngest

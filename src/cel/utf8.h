// Characters of a text, which CEL counts, where C++ counts bytes. Private to the room.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace synap::cel {

/// How many characters a text of valid UTF-8 has.
inline std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const auto letter : text) {
    if ((static_cast<unsigned char>(letter) & 0xC0) != 0x80) ++count;
  }
  return count;
}

/// The first character, whole.
inline std::string_view first_character(std::string_view text) {
  std::size_t end = text.empty() ? 0 : 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return text.substr(0, end);
}

/// Where each character begins, and then where the text ends.
inline std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) starts.push_back(at);
  }
  starts.push_back(text.size());
  return starts;
}

}  // namespace synap::cel

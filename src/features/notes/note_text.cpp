#include "features/notes/note_text.h"

namespace synap::features::notes {
namespace {

// The longest prefix of at most `most` characters (code points).
std::string_view first_characters(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins_character && count++ == most) return text.substr(0, i);
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string title_of(std::string_view content) {
  while (!content.empty()) {
    const auto end = content.find('\n');
    auto line = trimmed(content.substr(0, end));
    while (line.starts_with('#')) line.remove_prefix(1);
    line = trimmed(line);
    if (!line.empty()) return std::string(trimmed(first_characters(line, kTitleCharactersMax)));
    if (end == content.npos) break;
    content.remove_prefix(end + 1);
  }
  return "Untitled";
}

std::string preview_of(std::string_view content) {
  return std::string(first_characters(content, kPreviewCharactersMax));
}

}  // namespace synap::features::notes

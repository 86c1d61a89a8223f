#include "features/words.h"

#include <cctype>

namespace synap::features {

void add_line(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty()) text += '\n';
  text += line;
}

void add_words(std::string& text, const Json& value, Names names) {
  if (value.is_string()) return add_line(text, value.as_string());
  if (value.is_number()) return add_line(text, value.dump());
  if (value.is_array()) {
    for (const auto& item : value.as_array()) add_words(text, item, names);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      if (names == Names::kTaken) add_line(text, name);
      add_words(text, member, names);
    }
  }
}

std::string query_of(std::string_view text) {
  constexpr std::size_t kBytesMax = 400;
  constexpr int kWordsMax = 60;  // search takes somewhat more
  std::string query;
  int words = 0;
  for (const char one : text.substr(0, valid_utf8_prefix(text.substr(0, kBytesMax)))) {
    const auto byte = static_cast<unsigned char>(one);
    const bool is_of_word = std::isalnum(byte) != 0 || byte >= 0x80;
    if (is_of_word && (query.empty() || query.back() == ' ') && ++words > kWordsMax) break;
    if (is_of_word || (!query.empty() && query.back() != ' '))
      query.push_back(is_of_word ? one : ' ');
  }
  return query;
}

}  // namespace synap::features

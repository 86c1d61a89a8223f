#include "features/words.h"

namespace synap::features {

void add_line(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty()) text += '\n';
  text += line;
}

void add_words(std::string& text, const Json& value) {
  if (value.is_string()) return add_line(text, value.as_string());
  if (value.is_number()) return add_line(text, value.dump());
  if (value.is_array()) {
    for (const auto& item : value.as_array()) add_words(text, item);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      add_line(text, name);
      add_words(text, member);
    }
  }
}

}  // namespace synap::features

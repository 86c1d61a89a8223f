#include "db/table_names.h"

#include <algorithm>

namespace synap::db {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string_view TableNames::resolve(std::string_view sql) const {
  if (const auto known = resolved_.find(sql); known != resolved_.end()) return known->second;
  std::string text;
  for (std::size_t i = 0; i < sql.size();) {
    if (sql[i] == '"') {
      const auto end = std::min(sql.find('"', i + 1), sql.size() - 1) + 1;
      text.append(sql.substr(i, end - i));
      i = end;
      continue;
    }
    if (!is_word_character(sql[i])) {
      text.push_back(sql[i++]);
      continue;
    }
    auto end = i;
    while (end < sql.size() && is_word_character(sql[end])) ++end;
    const auto word = sql.substr(i, end - i);
    text.append(word);
    if (std::find(tables_.begin(), tables_.end(), word) != tables_.end()) text.append(suffix_);
    i = end;
  }
  return resolved_.emplace(sql, std::move(text)).first->second;
}

}  // namespace synap::db

#include "db/sqlite/tenancy_rules.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace synap::db::sqlite {
namespace {

std::string folded(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

std::set<std::string> folded(const std::set<std::string>& names) {
  std::set<std::string> all;
  for (const auto& name : names) all.insert(folded(name));
  return all;
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Where the comment or the blank that begins at `at` ends; `at` if none does.
std::size_t past_blank(std::string_view sql, std::size_t at) {
  const auto rest = sql.substr(at);
  std::size_t end = sql.npos;
  if (rest.starts_with("--")) {
    end = sql.find('\n', at);
  } else if (rest.starts_with("/*")) {
    end = sql.find("*/", at + 2);
    if (end != sql.npos) end += 2;
  } else if (std::string_view(" \t\r\n\f").find(rest.front()) != sql.npos) {
    end = at + 1;
  } else {
    return at;
  }
  return std::min(end, sql.size());
}

// What `sql` consists of: words and quoted names folded and without quotes, other characters one by
// one. A text in quotes may pass for a name here, as it may in SQLite.
std::vector<std::string> tokens_of(std::string_view sql) {
  std::vector<std::string> tokens;
  std::size_t at = 0;
  while (at < sql.size()) {
    if (const auto next = past_blank(sql, at); next != at) {
      at = next;
      continue;
    }
    const char first = sql[at];
    if (is_word(first)) {
      const auto begin = at;
      while (at < sql.size() && is_word(sql[at])) ++at;
      tokens.push_back(folded(sql.substr(begin, at - begin)));
    } else if (first == '"' || first == '`' || first == '\'' || first == '[') {
      const char closing = first == '[' ? ']' : first;
      std::string name;
      for (++at; at < sql.size(); ++at) {
        if (sql[at] == closing) {
          if (first == '[' || at + 1 == sql.size() || sql[at + 1] != closing) break;
          ++at;  // a doubled quote stands for one
        }
        name += sql[at];
      }
      ++at;
      tokens.push_back(folded(name));
    } else {
      tokens.emplace_back(1, first);
      ++at;
    }
  }
  return tokens;
}

constexpr std::array<std::string_view, 2> kTableFunctions = {"json_each", "json_tree"};
// These reach beyond the database, or into the program.
constexpr std::array<std::string_view, 4> kFunctionsRefused = {"load_extension", "fts3_tokenizer",
                                                               "sqlite_log", "readfile"};

template <std::size_t kSize>
bool contains(const std::array<std::string_view, kSize>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

void TenancyRules::set_names(std::set<std::string> views, std::set<std::string> shadow_tables) {
  views_ = folded(views);
  shadow_tables_ = folded(shadow_tables);
}

bool TenancyRules::allows(int action, const char* first, const char* second, const char* schema,
                          const char* view, bool is_running) const {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return true;
    case SQLITE_FUNCTION:
      return second != nullptr && !contains(kFunctionsRefused, folded(second));
    case SQLITE_READ:
      return allows_read(first, schema, view, is_running);
    case SQLITE_PRAGMA:
      // Full text asks so whether the table has changed since it looked last.
      return is_running && first != nullptr && folded(first) == "data_version" && second == nullptr;
    default:
      return false;
  }
}

bool TenancyRules::allows_read(const char* table, const char* schema, const char* view,
                               bool is_running) const {
  if (table == nullptr || schema == nullptr || std::string_view(schema) != "main") return false;
  const auto name = folded(table);
  if (views_.contains(name) || contains(kTableFunctions, name)) return true;
  if (view != nullptr) return views_.contains(folded(view));
  return is_running && shadow_tables_.contains(name);
}

// Only a common table expression is written NAME [(COLUMNS)] AS [[NOT] MATERIALIZED] (.
bool TenancyRules::renames_a_view(std::string_view sql) const {
  const auto tokens = tokens_of(sql);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!views_.contains(tokens[i])) continue;
    std::size_t at = i + 1;
    const auto is = [&](std::string_view token) {
      return at < tokens.size() && tokens[at] == token;
    };
    if (is("(")) {
      while (at < tokens.size() && !is(")")) ++at;
      ++at;
    }
    if (!is("as")) continue;
    ++at;
    if (is("not")) ++at;
    if (is("materialized")) ++at;
    if (is("(")) return true;
  }
  return false;
}

}  // namespace synap::db::sqlite

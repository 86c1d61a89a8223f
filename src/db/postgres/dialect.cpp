#include "db/postgres/dialect.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace synap::db::postgres {
namespace {

enum class Kind : std::uint8_t { kWord, kText, kSpace, kOther };
struct Token {
  Kind kind;
  std::string text;
};
using Tokens = std::vector<Token>;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Behind the end of what begins at `from` and ends with `end`.
std::size_t past(std::string_view sql, std::size_t from, std::string_view end) {
  const auto found = sql.find(end, from);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

Token next(std::string_view sql) {
  const auto take = [&](Kind kind, std::size_t count) {
    return Token{kind, std::string(sql.substr(0, count))};
  };
  const char first = sql.front();
  if (std::isspace(static_cast<unsigned char>(first)) != 0) {
    const auto end = std::ranges::find_if(
        sql, [](char c) { return std::isspace(static_cast<unsigned char>(c)) == 0; });
    return take(Kind::kSpace, static_cast<std::size_t>(end - sql.begin()));
  }
  if (sql.starts_with("--")) return take(Kind::kSpace, past(sql, 2, "\n"));
  if (sql.starts_with("$$")) return take(Kind::kOther, past(sql, 2, "$$"));
  if (first == '"') return take(Kind::kOther, past(sql, 1, "\""));
  // A doubled quote within is two texts one behind the other, which are put together again.
  if (first == '\'') return take(Kind::kText, past(sql, 1, "'"));
  if (!is_word(first)) return take(Kind::kOther, 1);
  const auto end = std::ranges::find_if_not(sql, is_word);
  return take(Kind::kWord, static_cast<std::size_t>(end - sql.begin()));
}

Tokens tokens_of(std::string_view sql) {
  Tokens tokens;
  while (!sql.empty()) {
    tokens.push_back(next(sql));
    sql.remove_prefix(tokens.back().text.size());
  }
  return tokens;
}

bool is(const Token& token, std::string_view word) {
  return token.kind == Kind::kWord && std::ranges::equal(token.text, word, {}, [](char c) {
           return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
         });
}

std::size_t skip_space(const Tokens& tokens, std::size_t at) {
  while (at < tokens.size() && tokens[at].kind == Kind::kSpace) ++at;
  return at;
}

// Of what stands between the bracket at `open` and its counterpart: where that is, and how many
// arguments there are.
struct Brackets {
  std::size_t close;
  int arguments;
};
Brackets brackets(const Tokens& tokens, std::size_t open) {
  int depth = 0;
  int arguments = 1;
  for (auto at = open; at < tokens.size(); ++at) {
    const auto& text = tokens[at].text;
    if (text == "(") ++depth;
    if (text == "," && depth == 1) ++arguments;
    if (text == ")" && --depth == 0) return {at, arguments};
  }
  return {tokens.size(), arguments};
}

// An option of a table that PostgreSQL has not, and the comma before or behind it.
void drop(Tokens& tokens, std::size_t from, std::size_t count) {
  auto before = from;
  while (before > 0 && tokens[before - 1].kind == Kind::kSpace) --before;
  const auto behind = skip_space(tokens, from + count);
  auto end = from + count;
  if (before > 0 && tokens[before - 1].text == ",") {
    from = before - 1;
  } else if (behind < tokens.size() && tokens[behind].text == ",") {
    end = behind + 1;
  }
  for (auto at = from; at < end; ++at) tokens[at] = {Kind::kSpace, ""};
}

// "CAST(" of "CAST(x AS BLOB)" at `at`: the function that says the same.
void cast_to_bytes(Tokens& tokens, std::size_t at) {
  const auto open = skip_space(tokens, at + 1);
  if (open == tokens.size() || tokens[open].text != "(") return;
  const auto close = brackets(tokens, open).close;
  auto type = close - 1;
  while (type > open && tokens[type].kind == Kind::kSpace) --type;
  auto as = type - 1;
  while (as > open && tokens[as].kind == Kind::kSpace) --as;
  if (close == tokens.size() || !is(tokens[type], "BLOB") || !is(tokens[as], "AS")) return;
  tokens[at].text = "convert_to";
  tokens[as] = {Kind::kOther, ","};
  tokens[type] = {Kind::kText, "'UTF8'"};
}

// "group_concat" at `at`, whose bracket is at `open`.
void join_texts(Tokens& tokens, std::size_t at, std::size_t open) {
  const auto [close, arguments] = brackets(tokens, open);
  if (close == tokens.size()) return;
  tokens[at].text = "string_agg";
  tokens[open].text = "((";
  auto behind = close;  // what stands behind the texts
  for (auto one = open + 1, depth = std::size_t{1}; arguments > 1 && one < close; ++one) {
    if (tokens[one].text == "(") ++depth;
    if (tokens[one].text == ")") --depth;
    if (tokens[one].text == "," && depth == 1) behind = one;
  }
  tokens[behind].text = arguments > 1 ? ")::text," : ")::text, ',')";
}

std::string like_pattern(std::string_view glob) {
  std::string pattern;
  for (const char c : glob) {
    if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c == '*' ? '%' : c == '?' ? '_' : c);
  }
  return pattern;
}

// What a table's columns are defined in: whether the statement that `at` stands in makes a table,
// or adds to one.
bool defines_columns(const Tokens& tokens, std::size_t at) {
  auto first = at;
  while (first > 0 && tokens[first - 1].text != ";") --first;
  first = skip_space(tokens, first);
  const auto second = std::min(skip_space(tokens, first + 1), tokens.size() - 1);
  return (is(tokens[first], "CREATE") || is(tokens[first], "ALTER")) && is(tokens[second], "TABLE");
}

// "TEXT" at `at`, of a column.
void compare_bytes(Tokens& tokens, std::size_t at, std::size_t behind) {
  auto before = at;
  while (before > 0 && tokens[before - 1].kind == Kind::kSpace) --before;
  // A column's type stands behind its name; what stands behind a comma is the name of one.
  const auto is_type =
      before > 0 && tokens[before - 1].kind != Kind::kOther && !is(tokens[before - 1], "AS");
  const auto is_said = behind < tokens.size() && is(tokens[behind], "COLLATE");
  if (!is_type || is_said || !defines_columns(tokens, at)) return;
  tokens[at].text += " COLLATE \"C\"";
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWords = {{
    {"INTEGER", "BIGINT"},
    {"BLOB", "BYTEA"},
    {"REAL", "DOUBLE PRECISION"},
    {"SQLITE_MASTER",
     "(SELECT 'table' AS type, tablename::text AS name FROM pg_tables "
     "WHERE schemaname = current_schema()) AS tables_there_are"},
}};

void translate(Tokens& tokens, std::size_t at) {
  const auto behind = skip_space(tokens, at + 1);
  const auto calls = behind < tokens.size() && tokens[behind].text == "(";
  if (is(tokens[at], "X") && at + 1 < tokens.size() && tokens[at + 1].kind == Kind::kText) {
    tokens[at].text.clear();
    tokens[at + 1].text.insert(1, "\\x").append("::bytea");
  } else if (is(tokens[at], "STRICT")) {
    drop(tokens, at, 1);
  } else if (is(tokens[at], "WITHOUT") && behind < tokens.size() && is(tokens[behind], "ROWID")) {
    drop(tokens, at, behind + 1 - at);
  } else if (is(tokens[at], "INDEXED") && behind < tokens.size() && is(tokens[behind], "BY")) {
    const auto name = std::min(skip_space(tokens, behind + 1), tokens.size() - 1);
    for (auto one = at; one <= name; ++one) tokens[one] = {Kind::kSpace, ""};
  } else if (is(tokens[at], "TEXT")) {
    compare_bytes(tokens, at, behind);
  } else if (is(tokens[at], "CAST")) {
    cast_to_bytes(tokens, at);
  } else if (is(tokens[at], "MAX") && calls && brackets(tokens, behind).arguments > 1) {
    tokens[at].text = "greatest";
  } else if (is(tokens[at], "MIN") && calls && brackets(tokens, behind).arguments > 1) {
    tokens[at].text = "least";
  } else if (is(tokens[at], "GLOB") && behind < tokens.size() &&
             tokens[behind].kind == Kind::kText) {
    tokens[at].text = "LIKE";
    tokens[behind].text = like_pattern(tokens[behind].text);
  } else if (is(tokens[at], "GROUP_CONCAT") && calls) {
    join_texts(tokens, at, behind);
  } else if (is(tokens[at], "ZEROBLOB") && calls) {
    const auto close = brackets(tokens, behind).close;
    tokens[at].text = "decode(repeat";
    tokens[behind].text = "('00', ";
    if (close < tokens.size()) tokens[close].text = "), 'hex')";
  } else {
    for (const auto& [word, said] : kWords) {
      if (is(tokens[at], word)) tokens[at].text = said;
    }
  }
}

}  // namespace

std::string in_postgres(std::string_view sql) {
  auto tokens = tokens_of(sql);
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if (tokens[at].kind == Kind::kWord) translate(tokens, at);
  }
  std::string said;
  said.reserve(sql.size() + 16);
  for (const auto& token : tokens) said.append(token.text);
  return said;
}

std::vector<CreateView> views_in(std::string_view sql) {
  const auto tokens = tokens_of(sql);
  std::vector<CreateView> views;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    const auto view = skip_space(tokens, at + 1);
    const auto name = skip_space(tokens, view + 1);
    if (!is(tokens[at], "CREATE") || name >= tokens.size() || !is(tokens[view], "VIEW")) continue;
    views.push_back({.name = tokens[name].text});
    for (; at < tokens.size() && tokens[at].text != ";"; ++at) views.back().sql += tokens[at].text;
  }
  return views;
}

}  // namespace synap::db::postgres

#include "search/gin_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crypto.h"

namespace synap::search {
namespace {

// From the positions of a column to those of the next.
constexpr int kColumnStep = 1'000;
constexpr std::array<char, kColumns> kWeightNames = {'A', 'B', 'C', 'D'};
// Of 2,046 that a tsvector takes, and 2,700 of an index.
constexpr std::size_t kLexemeBytesMax = 1'000;

void add_quoted(std::string& text, std::string_view bucket, std::string_view lexeme) {
  text += '\'';
  text += bucket;
  text += ':';
  for (const char c : lexeme) {
    text += c;
    if (c == '\'' || c == '\\') text += c;
  }
  text += '\'';
}

// Shows the terms of a stream: `take(term, is_beside)`.
void each_term(std::string_view stream, auto take) {
  while (!stream.empty()) {
    const auto end = std::min(stream.find(' '), stream.size());
    auto term = stream.substr(0, end);
    stream.remove_prefix(std::min(end + 1, stream.size()));
    const bool is_beside = term.starts_with('/');
    if (is_beside) term.remove_prefix(1);
    // The number of the user, which each begins with.
    term.remove_prefix(std::min(term.find(':') + 1, term.size()));
    if (!term.empty()) take(term, is_beside);
  }
}

// The letters of the columns that a scope looks into.
std::string_view weights_of(Item::Scope scope) {
  switch (scope) {
    case Item::Scope::kTitle:
      return ":A";
    case Item::Scope::kText:
      return ":BD";
    case Item::Scope::kAll:
      break;
  }
  return "";
}

bool has_column(Item::Scope scope, std::size_t column) {
  const auto weights = weights_of(scope);
  return weights.empty() || weights.contains(kWeightNames[column]);
}

}  // namespace

std::string lexeme_of(std::string_view term) {
  std::string lexeme(term);
  if (lexeme.size() > kLexemeBytesMax) {
    constexpr std::size_t kKept = kLexemeBytesMax / 2;
    lexeme = fmt::format("{}#{}", beginning_of(term, kKept), to_hex(sha256(term)));
  }
  std::ranges::replace(lexeme, kBucketMark, '\x1f');
  return lexeme;
}

std::string key_of_first() {
  return key_of("part", "first");
}

int rows_of(const Streams& streams) {
  const auto words = *std::ranges::max_element(streams.sizes);
  return std::max(1, static_cast<int>((words + kPartWords - 1) / kPartWords));
}

GinRows gin_rows(const Streams& streams, std::int64_t bucket) {
  const auto number = fmt::to_string(bucket);
  GinRows rows;
  rows.vectors.resize(static_cast<std::size_t>(rows_of(streams)));
  for (std::size_t column = 0; column < kColumns; ++column) {
    int word = -1;
    each_term(streams.words[column], [&](std::string_view term, bool is_beside) {
      if (!is_beside) ++word;
      const auto lexeme = lexeme_of(term);
      rows.terms.insert(lexeme);
      const auto put = [&](int row) {
        const auto position = static_cast<int>(column) * kColumnStep + word - row * kPartWords + 1;
        auto& vector = rows.vectors[static_cast<std::size_t>(row)];
        add_quoted(vector, number, lexeme);
        fmt::format_to(std::back_inserter(vector), ":{}{} ", position, kWeightNames[column]);
      };
      const int row = word / kPartWords;
      put(row);
      if (row > 0 && word % kPartWords < kPhraseWords) put(row - 1);
    });
  }
  std::set<std::string> keys;
  each_term(streams.keys, [&](std::string_view key, bool) { keys.insert(lexeme_of(key)); });
  for (auto& vector : rows.vectors) {
    for (const auto& key : keys) {
      add_quoted(vector, number, key);
      vector += ' ';
    }
  }
  add_quoted(rows.vectors.front(), number, lexeme_of(key_of_first()));
  rows.terms.merge(keys);
  return rows;
}

std::string tsquery_of(const Wanted& wanted) {
  const std::string_view mark(&kBucketMark, 1);
  std::string text;
  for (const auto& forms : wanted.places) {
    if (!text.empty()) text += " <-> ";
    text += '(';
    for (std::size_t i = 0; i < forms.terms.size(); ++i) {
      if (i > 0) text += " | ";
      add_quoted(text, mark, lexeme_of(forms.terms[i]));
      text += weights_of(wanted.scope);
    }
    text += ')';
  }
  return fmt::format("({})", text);
}

Occurrences::Occurrences(const std::vector<Wanted>& wanted, std::span<const std::size_t> ranked) {
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    const auto& one = wanted[ranked[i]];
    wanted_.push_back(&one);
    positions_.emplace_back(one.places.size());
    for (std::size_t place = 0; place < one.places.size(); ++place) {
      for (const auto& term : one.places[place].terms) {
        roles_[lexeme_of(term)].push_back({i, place});
      }
    }
  }
  clear();
}

void Occurrences::clear() {
  counts_.assign(wanted_.size() * (kColumns + 1), 0);
}

// '7:oak':1A,1002B '7:it''s':3A
void Occurrences::add(std::string_view vector) {
  for (auto& places : positions_) {
    for (auto& place : places) place.clear();
  }
  std::string lexeme;
  std::size_t at = 0;
  while (at < vector.size()) {
    if (vector[at] != '\'') {
      ++at;
      continue;
    }
    lexeme.clear();
    for (++at; at < vector.size(); ++at) {
      const char c = vector[at];
      if (c == '\'' || c == '\\') {
        if (at + 1 >= vector.size() || vector[at + 1] != c) break;
        ++at;
      }
      lexeme += c;
    }
    ++at;
    const auto begin = at;
    while (at < vector.size() && vector[at] != ' ') ++at;
    const auto known = roles_.find(std::string_view(lexeme).substr(lexeme.find(':') + 1));
    if (known == roles_.end()) continue;
    const auto* next = vector.data() + begin;
    const auto* end = vector.data() + at;
    while (next < end) {
      int position = 0;
      const auto [behind, failed] = std::from_chars(next + 1, end, position);
      if (failed != std::errc()) break;
      for (const auto& role : known->second) {
        positions_[role.ranked][role.place].push_back(position);
      }
      next = std::find(behind, end, ',');
    }
  }
  for (std::size_t i = 0; i < wanted_.size(); ++i) count(i);
}

// Where all of its places are, one behind the other. Several forms of a word at one place are one.
void Occurrences::count(std::size_t ranked) {
  auto& places = positions_[ranked];
  for (auto& place : places) {
    std::ranges::sort(place);
    place.erase(std::ranges::unique(place).begin(), place.end());
  }
  for (const int position : places.front()) {
    const auto column = static_cast<std::size_t>((position - 1) / kColumnStep);
    const bool is_of_row = (position - 1) % kColumnStep < kPartWords;  // else it is in the next
    if (!is_of_row || column >= kColumns || !has_column(wanted_[ranked]->scope, column)) continue;
    bool is_there = true;
    for (std::size_t i = 1; is_there && i < places.size(); ++i) {
      is_there = std::ranges::binary_search(places[i], position + static_cast<int>(i));
    }
    if (is_there) ++counts_[ranked * (kColumns + 1) + column];
  }
}

}  // namespace synap::search

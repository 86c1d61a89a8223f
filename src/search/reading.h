// Reading: a query as it is looked for among the things of one user, by what the index knows of
// these: in terms, with their rarities.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/language.h"
#include "db/database.h"
#include "search/changes.h"
#include "search/expression.h"
#include "search/finder.h"

namespace synap::search {

/// What relevance is computed from, of one user's documents alone.
struct Library {
  std::int64_t user = 0;
  std::int64_t last = 0;  // the number of the newest place
  std::int64_t documents = 0;
  std::array<std::int64_t, kColumns> sizes{};
  std::vector<analysis::Language> languages;

  std::int64_t lowest() const { return user << kPlaceBits; }
  std::int64_t highest() const { return lowest() | last; }
  bool has(std::int64_t place) const { return place >> kPlaceBits == user; }
};

struct Reading {
  Library library;
  Marked marked;
  Expression expression;
  std::string relevance;  // the parameter of relevance()
  /// What a text would have that has each of the words once, and is neither long nor short.
  double relevance_typical = 0;
  /// What binds also what is found by other ways than words: expressions of FTS5, or nothing.
  std::string required;
  std::string excluded;
  bool is_impossible = false;  // no text has what is required
};

/// Of no query: what the user has, and nothing else.
Reading library_alone(db::Tx& tx, std::string_view user_id);
/// Aborts the Tx with kBadRequest where the query says nothing that could be found.
Reading read_query(db::Tx& tx, std::string_view user_id, const Ask& ask);

}  // namespace synap::search

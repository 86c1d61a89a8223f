// Full text: what SQLite's FTS5 needs to keep terms that others have made of texts, and to rank by
// frequencies that others know.
//
// Tokenizer `given_terms`: a text is terms with a space between; one that begins with a slash
// stands at the place of the term before it ("running /run shoes"), in a phrase of a MATCH as a
// further form of it. Nothing is folded or left out.
//
// Function `relevance(table, $1, 'table')`: how relevant a row is to the phrases of its MATCH
// (bm25f.h), by a Relevance as $1. FTS5's own bm25() takes frequencies from the whole table, which
// are not those of one user's texts. No number of a row is ever given to another row: what is known
// of rows is kept in memory (row_sizes.h).
#pragma once

#include <sqlite3.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "db/sqlite/bm25f.h"

namespace synap::db::sqlite {

/// What a relevance is computed from, beside the row. Columns and phrases are in FTS5's order.
struct Relevance {
  std::vector<RankedColumn> columns;
  std::vector<int> groups;  // of each phrase, which of the rarities is its own; -1: not counted
  std::vector<double> rarities;  // inverse document frequencies

  /// As the parameter of relevance(), a blob.
  std::string bytes() const;
};

/// For the connection, for as long as it is open.
Result<> add_full_text(sqlite3* handle);

}  // namespace synap::db::sqlite

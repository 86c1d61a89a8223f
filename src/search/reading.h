// Reading a query: what somebody typed, as it is looked for in an index (terms.h).
#pragma once

#include <string_view>

#include "search/finder.h"
#include "search/terms.h"

namespace synap::search {

/// How many things are in a language.
struct LanguageCount {
  analysis::Language language = analysis::Language::kNone;  // not known, too
  std::int64_t things = 0;
};
/// Of a user, those of most things first.
std::vector<LanguageCount> languages_of(db::Tx& tx, std::string_view user_id);

/// Of no query: what the user has, and nothing else.
Reading library_alone(db::Tx& tx, std::string_view user_id);
/// Aborts the Tx with kBadRequest where the query says nothing that could be found.
Reading read_query(IndexTx& index, std::string_view user_id, const Ask& ask);

}  // namespace synap::search

// Ranking: what has the words of a query, the most relevant first.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "search/reading.h"

namespace synap::search {

struct Ranked {
  std::vector<Place> places;  // behind Ask::after, Ask::limit at most
  bool has_more = false;
  std::optional<std::int64_t> total;  // all that match; nothing: they were not all looked at
};
Ranked rank(db::Tx& tx, const Reading& reading, const Ask& ask);

/// The relevance of one place; 0 where it has none of the words.
double relevance_at(db::Tx& tx, const Reading& reading, std::int64_t place);

}  // namespace synap::search

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

  /// What was looked at, the highest place first, and down to which place; where that is kept.
  struct Seen {
    std::int64_t place = 0;
    double relevance = 0;
  };
  std::vector<Seen> seen;
  std::int64_t seen_to = 0;
  /// Of a place; 0 where it has none of the words; nothing: it was not looked at.
  std::optional<double> relevance_of(std::int64_t place) const;
};
Ranked rank(Terms& terms, const Reading& reading, const Ask& ask, bool keeps_seen = false);

/// The relevance of one place; 0 where it has none of the words.
double relevance_at(Terms& terms, const Reading& reading, std::int64_t place);

}  // namespace synap::search

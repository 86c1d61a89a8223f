// Candidates: what may be the answer to a query that is looked for by meaning, too: what is best by
// its words, and what the query's rules (phrases, exclusions, fields, filters) let be found by its
// meaning. So many and no more, the same for each page of an answer, so that the order of all of
// them is the order of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "search/mix.h"
#include "search/ranking.h"

namespace synap::search {

inline constexpr std::size_t kByWordsMax = 500;
inline constexpr std::size_t kByMeaningMax = 200;

struct Candidates {
  struct ByWords {
    Place place;
    Uuid entity;
  };
  Reading reading;
  std::vector<ByWords> by_words;
  Ranked ranked;  // without its places, which are by_words
  /// Those that the rules let be found; nothing: any, or too many to be listed.
  std::optional<std::unordered_set<Uuid>> only;
  std::unordered_set<Uuid> never;
  bool are_to_be_checked = false;  // there are too many to be listed: each is looked at
  std::int64_t from = 0;
  std::int64_t to = 0;

  bool takes(const Uuid& entity, std::int64_t updated_at) const {
    return updated_at >= from && updated_at < to && (!only || only->contains(entity)) &&
           !never.contains(entity);
  }
};
/// Aborts the Tx with kBadRequest where the query says nothing that could be found.
Candidates candidates_of(IndexTx& index, std::string_view user_id, const Ask& ask);

/// What is near, as meaning says it: of things, and their nearest passages.
struct ByMeaning {
  Uuid entity;
  std::int64_t passage = 0;
  double cosine = 0;
};
struct Meant {
  std::vector<ByMeaning> nearest;
  std::unordered_map<Uuid, ByMeaning> of_words;  // of Candidates::by_words
  Usual usual;
};

/// One of the answer, in its place.
struct Chosen {
  Hit hit;  // without what is shown of it
  std::int64_t passage = 0;
};
struct Choice {
  std::vector<Chosen> chosen;
  std::optional<Place> next;
  std::int64_t count = 0;  // of all pages
};
/// A page of both together; of the nearest alone in the mode kSemantic.
Choice choose(IndexTx& index, const Candidates& candidates, const Meant& meant, const Ask& ask);

}  // namespace synap::search

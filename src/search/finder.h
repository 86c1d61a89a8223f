// Finder: looks into an index for one user.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "db/database.h"
#include "search/query.h"
#include "search/snippet.h"

namespace synap::search {

/// So many things that a rule of a query is about are listed, which takes some 20 ms; where there
/// are more, each of those that are near to what is meant is asked for, and no more than so many:
/// what is further away is left out then.
inline constexpr std::int64_t kListedMax = 20'000;
inline constexpr std::size_t kCheckedMax = 1'000;

/// Where a hit stands in the order of hits: the highest relevance first, then the newest.
struct Place {
  double relevance = 0;
  std::int64_t number = 0;

  friend bool operator==(const Place&, const Place&) = default;
  bool is_before(const Place& other) const {
    return relevance != other.relevance ? relevance > other.relevance : number > other.number;
  }
};

/// By what is looked for: by words, by meaning, or by both.
enum class Mode : std::uint8_t { kText, kHybrid, kSemantic };

class IndexTx;

struct Ask {
  std::string text;
  std::string key_id = {};                 // by which it is asked; empty: by none
  std::optional<Mode> mode = Mode::kText;  // nothing: the best that there is
  std::vector<Item> items;                 // of the text, and filters from elsewhere
  std::vector<std::string> types;          // any of these; empty: of any
  /// When it was changed, Unix ms: of at least `from` and less than `to`.
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to = std::numeric_limits<std::int64_t>::max();
  int limit = 20;
  std::optional<Place> after = {};
  /// Of an answer by meaning that is gone on with: Found::index of it, whose places these are.
  std::optional<std::uint32_t> after_index = {};
  /// A word that more texts of a user have is ranked among the newest of them; where the index has
  /// no lower bound (Terms::Bounds).
  std::int64_t texts_max = std::numeric_limits<std::int64_t>::max();
  std::int64_t listed_max = kListedMax;
  std::size_t checked_max = kCheckedMax;

  bool has_times() const {
    return from != std::numeric_limits<std::int64_t>::min() ||
           to != std::numeric_limits<std::int64_t>::max();
  }
};

struct Hit {
  Uuid id;
  std::string type;           // its kind
  std::string own_type = {};  // "x.book": where things of its kind have types; else empty
  std::string title;
  std::vector<SnippetPart> snippet;
  std::int64_t updated_at = 0;
  Place place;
  // What its score is made of, each 0 to 1 (mix.h). Nothing: it was not looked for so, or is not in
  // that index yet.
  std::optional<double> words = {};
  std::optional<double> meaning = {};
  std::optional<double> title_score = {};  // kTitleScore: its title is what was looked for
  std::string passage = {};  // of its text, that is nearest to the query by meaning; empty: none
};

/// A filter of a query that nothing of the user passes, whatever its words are.
struct Unmatched {
  std::string field;  // "tag", "status"
  std::string value;

  friend bool operator==(const Unmatched&, const Unmatched&) = default;
};

struct Found {
  Mode mode = Mode::kText;       // that has answered
  std::string mode_reason = {};  // why that, or what is missing in it; empty: nothing to be said
  std::uint32_t index = 0;       // by which index of meanings
  std::vector<Hit> hits;
  std::optional<Place> next;          // after the last of them; nothing: there is no further one
  std::optional<std::int64_t> total;  // all that match; nothing: they were not all looked at
  std::vector<Unmatched> unmatched = {};
  bool is_being_made = false;  // what answered has not been at the end of the log yet
};

/// Aborts the Tx with kBadRequest where the query says nothing that could be found.
Found find(IndexTx& index, std::string_view user_id, const Ask& ask);

struct Suggestion {
  Uuid id;
  std::string type;      // as of a Hit
  std::string own_type;  // so is this
  std::string title;
};
/// Whose titles begin so, in their order. Capitals and accents do not matter.
std::vector<Suggestion> suggest(db::Tx& tx, std::string_view user_id, std::string_view beginning,
                                int limit);

/// How many documents a user has.
std::int64_t count_documents(db::Tx& tx, std::string_view user_id);

}  // namespace synap::search

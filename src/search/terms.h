// Terms: what an index knows of the terms of its documents, whatever it keeps them in: FTS5 in a
// file (fts5_terms.h), or a GIN index over tsvectors (gin_terms.h). All that differs between these
// is behind this; documents, users and languages are tables that are the same in both.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "analysis/language.h"
#include "base/uuid.h"
#include "db/database.h"
#include "db/sqlite/bm25f.h"
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
  double mean_size(std::size_t column) const {
    return static_cast<double>(sizes[column]) / static_cast<double>(documents > 0 ? documents : 1);
  }
};

/// A query as it is looked for among the things of one user, by what the index knows of these: in
/// terms, with their rarities. read_query() makes it (reading.h).
struct Reading {
  Library library;
  Marked marked;
  std::vector<Wanted> wanted;
  Expression expression;
  std::vector<double> rarities;  // of what is wanted; 0: has no part in relevance
  std::int64_t texts_max = 0;    // are ranked
  /// What a text would have that has each of the words once, and is neither long nor short.
  double relevance_typical = 0;
  // What binds also what is found by other ways than words: numbers of what is wanted.
  std::vector<std::size_t> required;
  std::vector<std::size_t> excluded;
  bool is_impossible = false;  // no text has what is required
  /// Of the filters those that no text of the user passes.
  std::vector<Unmatched> unmatched;
  /// Whose title is what is looked for, word for word: the newest of them.
  std::vector<std::int64_t> titled;

  /// Of what is wanted what has a part in relevance, in the order in which that is summed.
  std::vector<std::size_t> ranked() const;
  bool is_titled(std::int64_t place) const {
    return std::ranges::find(titled, place) != titled.end();
  }
  /// Of a place that matches, what its relevance is besides its words: of one of `titled` as much
  /// as words can make at most, so that no other is before it.
  double title_relevance(std::int64_t place) const {
    return is_titled(place) ? db::sqlite::Bm25f::part_max(relevance_typical) : 0;
  }
};

/// The columns of a text, that of keys behind them, which counts for nothing.
std::vector<db::sqlite::RankedColumn> ranked_columns_of(const Library& library);

/// Which texts are ranked.
struct Window {
  std::int64_t texts_max = 0;
  /// When they were changed, Unix ms: of at least the first and less than the second.
  std::optional<std::pair<std::int64_t, std::int64_t>> times = {};
};

/// Of the things of a query that bind, what one is about.
enum class Rule : std::uint8_t {
  kRequired,  // all of Reading::required
  kExcluded,  // any of Reading::excluded
};

class Terms {
 public:
  Terms() = default;
  Terms(const Terms&) = delete;
  Terms& operator=(const Terms&) = delete;
  virtual ~Terms() = default;

  /// How much is done for one query.
  struct Bounds {
    std::int64_t texts_max = 0;    // are ranked
    std::int64_t counted_max = 0;  // of all its words, to know how rare they are
  };
  /// Of a query with what is wanted; `has_times`: and with Window::times.
  virtual Bounds bounds_of(const std::vector<Wanted>& wanted, bool has_times) const = 0;
  /// The terms that begin so, ascending: `terms_max`, or as many as `texts_max` texts have.
  virtual std::vector<std::string> beginning_with(const Library& library,
                                                  std::string_view beginning, std::size_t terms_max,
                                                  std::int64_t texts_max) = 0;
  /// How many texts have one of these terms; counted as far as `most`.
  virtual Frequency frequency_of(const Library& library, const Forms& forms, Item::Scope scope,
                                 std::int64_t most) = 0;

  /// Is shown texts that match, each once, with its relevance. Answers below which relevance it
  /// need not be shown any more.
  using Take = std::function<double(std::int64_t place, double relevance)>;
  struct Looked {
    std::int64_t matches = 0;  // that were looked at
    std::int64_t to = 0;       // down to this place all that match were
    bool is_cut = false;       // there were more than Window::texts_max
  };
  virtual Looked rank(const Reading& reading, const Window& window, const Take& take) = 0;
  /// The relevance of one place; 0 where it does not match.
  virtual double relevance_at(const Reading& reading, std::int64_t place) = 0;

  /// The things of which a rule holds; nothing: they are more than `most`.
  virtual std::optional<std::unordered_set<Uuid>> listed(const Reading& reading, Rule rule,
                                                         std::int64_t most) = 0;
  /// Whether it holds of the thing at this place.
  virtual bool holds(const Reading& reading, Rule rule, std::int64_t place) = 0;
};

/// An index within a transaction of its database.
class IndexTx {
 public:
  explicit IndexTx(db::Tx& its) : tx(its) {}
  IndexTx(const IndexTx&) = delete;
  IndexTx& operator=(const IndexTx&) = delete;
  virtual ~IndexTx() = default;
  virtual Terms& terms() = 0;

  db::Tx& tx;  // documents, users and languages by these names
};

}  // namespace synap::search

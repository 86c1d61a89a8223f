// Expression: a query as an index is asked it, in two steps. First what each item means in terms
// (Wanted), of which the index is then asked how many texts have it; then the whole, whose work is
// bounded by that: rows are led to by what must be there, or by the rarest words that together few
// texts have, and what is common adds to the relevance of those alone.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "analysis/analyzer.h"
#include "search/query.h"
#include "search/streams.h"

namespace synap::search {

/// How many texts have something, as far as was counted.
struct Frequency {
  std::int64_t texts = 0;   // an estimate, where is_cut
  bool is_cut = false;      // there are more than were counted
  std::int64_t lowest = 0;  // the place of the last one that was counted: no more are above it
};

/// What may stand at a place of a text: any of these terms, without their user.
struct Forms {
  std::vector<std::string> terms;
  bool are_forms_of_one = true;  // of one word; else each is a word of its own
};

/// An item in terms.
struct Wanted {
  Item::Scope scope = Item::Scope::kAll;
  std::vector<Forms> places = {};  // one behind the other; none: nothing can match it
  bool is_required = false;
  bool is_excluded = false;
  bool is_filter = false;  // of keys: has no part in relevance
  /// A word that says nothing alone, as "the", or one letter: beside others that are in a text it
  /// makes nothing a hit.
  bool is_weak = false;
  Frequency frequency = {};

  bool is_impossible() const { return places.empty(); }
};

/// What is to be shown of a text as found: terms of words, without their user.
using Marked = std::set<std::string, std::less<>>;

/// Which terms of a user begin so; ascending, some hundred at most.
using TermsWith = std::function<std::vector<std::string>(std::string_view beginning)>;

struct Meaning {
  std::vector<Wanted> wanted;
  Marked marked;
};

/// kBadRequest: an item says nothing that could be found (wrong_at()).
Result<Meaning> meaning_of(analysis::Analyzer& analyzer, std::string_view query,
                           const std::vector<Item>& items,
                           std::span<const analysis::Language> languages, const TermsWith& terms);

/// How what is wanted is looked for; numbers of these. A text must have each of `all`, and one of
/// `any`, if there are any. What it has of `further` adds to its relevance.
struct Expression {
  std::vector<std::size_t> all;
  std::vector<std::size_t> any;
  std::vector<std::size_t> further;
  std::vector<std::size_t> excluded;
  std::int64_t lowest = 0;  // places below are not looked at
  bool is_partial = false;  // texts with common words only are left out, or old ones

  /// Of `further` those that may lead to texts that `any` does not lead to: no weak ones, where
  /// `any` has others.
  std::vector<std::size_t> leading(const std::vector<Wanted>& wanted) const;
  /// Nothing can match.
  bool is_empty() const { return all.empty() && any.empty(); }
};
/// Of items of which the index has told the frequencies; so many texts are looked at.
Expression expression_of(const std::vector<Wanted>& wanted, std::int64_t texts_max);

}  // namespace synap::search

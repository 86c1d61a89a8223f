#include "search/reading.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "analysis/folding.h"

namespace synap::search {
namespace {

using analysis::Language;

// A user writes in few; stems of others would find what nobody meant.
constexpr std::int64_t kLanguagesMax = 4;
// What a beginning of a word is taken for, and how many texts those words have together.
constexpr std::size_t kPrefixTermsMax = 100;
// And all of a query together: with 800 of them PostgreSQL had not answered 600 texts in 2 s.
constexpr std::size_t kPrefixTermsMaxOfAll = 200;
constexpr std::int64_t kPrefixTextsMax = 50'000;
// All that is counted for one query is shared by its words; of each so many.
constexpr std::int64_t kCountedMin = 2'000;

std::optional<Library> library_of(db::Tx& tx, std::string_view user_id) {
  Library library;
  {
    auto rows = tx.query(
        "SELECT number, last, \"documents\", title, text, tags, others FROM users WHERE user_id = "
        "$1",
        user_id);
    if (!rows.next()) return std::nullopt;
    library.user = rows.integer(0);
    library.last = rows.integer(1);
    library.documents = rows.integer(2);
    for (std::size_t i = 0; i < kColumns; ++i) {
      library.sizes[i] = rows.integer(static_cast<int>(3 + i));
    }
  }
  auto rows = tx.query(
      "SELECT language FROM languages WHERE \"user\" = $1 AND \"documents\" > 0 "
      "AND language > 0 ORDER BY \"documents\" DESC, language LIMIT $2",
      library.user, kLanguagesMax);
  while (rows.next()) library.languages.push_back(static_cast<Language>(rows.integer(0)));
  return library;
}

}  // namespace

std::vector<LanguageCount> languages_of(db::Tx& tx, std::string_view user_id) {
  std::vector<LanguageCount> all;
  auto rows = tx.query(
      "SELECT language, languages.\"documents\" FROM languages JOIN users "
      "ON users.number = languages.\"user\" WHERE user_id = $1 AND languages.\"documents\" > 0 "
      "ORDER BY 2 DESC, 1",
      user_id);
  while (rows.next()) {
    all.push_back({static_cast<Language>(rows.integer(0)), rows.integer(1)});
  }
  return all;
}

namespace {

constexpr std::int64_t kFewTexts = 4;  // times them is what may be ranked

// The words of a phrase first, each of which is as cheap to count as it is rare: the whole is then
// looked for only where the rarest of them is.
void count_texts(Terms& terms, const Library& library, std::vector<Wanted>& wanted,
                 const Terms::Bounds& bounds) {
  std::size_t words = 0;
  for (const auto& one : wanted) words += std::max<std::size_t>(one.places.size(), 1);
  const auto most =
      std::clamp(bounds.counted_max / static_cast<std::int64_t>(std::max<std::size_t>(words, 1)),
                 std::min(kCountedMin, bounds.texts_max), bounds.texts_max);
  for (auto& one : wanted) {
    if (one.is_impossible() || one.is_excluded) continue;
    const auto scope = one.places.size() == 1 ? one.scope : Item::Scope::kAll;
    std::optional<Frequency> rarest;
    for (const auto& forms : one.places) {
      const auto frequency = terms.frequency_of(library, forms, scope, most);
      const auto order = [](const Frequency& f) { return std::tuple(f.is_cut, f.lowest, f.texts); };
      if (!rarest || order(frequency) < order(*rarest)) rarest = frequency;
    }
    // Of texts with all its words not all have the phrase; so this is too high, and it counts less.
    one.frequency = *rarest;
  }
}

void add_rarities(Reading& reading) {
  const auto& expression = reading.expression;
  const auto documents = static_cast<double>(std::max<std::int64_t>(reading.library.documents, 1));
  reading.rarities.assign(reading.wanted.size(), 0);
  for (const auto* numbers : {&expression.all, &expression.any, &expression.further}) {
    for (const auto i : *numbers) {
      if (reading.wanted[i].is_filter) continue;
      const auto texts =
          std::min(static_cast<double>(reading.wanted[i].frequency.texts), documents);
      reading.rarities[i] = std::log1p((documents - texts + 0.5) / (texts + 0.5));
      reading.relevance_typical += reading.rarities[i];
    }
  }
}

// Types are filters like any other.
void add_types(const Ask& ask, std::vector<Wanted>& wanted) {
  if (ask.types.empty()) return;
  Forms any{.terms = {}, .are_forms_of_one = false};
  for (const auto& type : ask.types) any.terms.push_back(key_of("type", type));
  wanted.push_back({.places = {std::move(any)}, .is_required = true, .is_filter = true});
}

// Each filter is one of what is wanted, in their order, that by type behind them.
void add_unmatched(const Ask& ask, Reading& reading) {
  auto one = reading.wanted.begin();
  const auto next_is_passed = [&] {
    one = std::ranges::find_if(one, reading.wanted.end(), &Wanted::is_filter);
    const bool is_passed = one->is_excluded || one->frequency.texts > 0;
    ++one;
    return is_passed;
  };
  for (const auto& item : ask.items) {
    if (item.kind != Item::Kind::kFilter || next_is_passed()) continue;
    reading.unmatched.push_back({item.field, item.text});
  }
  if (ask.types.empty() || next_is_passed()) return;
  for (const auto& type : ask.types) reading.unmatched.push_back({"type", type});
}

// The rules alone, without what only ranks.
void add_rules(Reading& reading) {
  for (std::size_t i = 0; i < reading.wanted.size(); ++i) {
    const auto& one = reading.wanted[i];
    if (one.is_excluded) {
      if (!one.is_impossible()) reading.excluded.push_back(i);
    } else if (one.is_required) {
      reading.is_impossible = reading.is_impossible || one.is_impossible();
      reading.required.push_back(i);
    }
  }
}

}  // namespace

// Of nobody where the user has nothing, so that a query that says nothing is refused then, too.
Reading library_alone(db::Tx& tx, std::string_view user_id) {
  Reading reading;
  if (auto library = library_of(tx, user_id)) reading.library = std::move(*library);
  return reading;
}

std::vector<std::size_t> Reading::ranked() const {
  std::vector<std::size_t> ranked;
  for (const auto* numbers : {&expression.all, &expression.any, &expression.further}) {
    for (const auto i : *numbers) {
      if (!wanted[i].is_filter) ranked.push_back(i);
    }
  }
  return ranked;
}

std::vector<db::sqlite::RankedColumn> ranked_columns_of(const Library& library) {
  std::vector<db::sqlite::RankedColumn> columns;
  for (std::size_t i = 0; i < kColumns; ++i) {
    columns.push_back({kWeights[i], library.mean_size(i)});
  }
  columns.push_back({0, 1});
  return columns;
}

namespace {

// Each is asked for by itself.
constexpr std::int64_t kTitledMax = 8;

// Words and phrases as they were written, with a space between. Empty: what is looked for is no
// title.
std::string title_of(std::span<const Item> items) {
  std::string title;
  for (const auto& item : items) {
    if (item.is_excluded || item.kind == Item::Kind::kFilter) continue;
    if (item.kind == Item::Kind::kPrefix || item.scope == Item::Scope::kText) return "";
    title += (title.empty() ? "" : " ") + item.text;
  }
  return title;
}

// Among few words a title is lost: it has each of them once, and texts have them again and again.
void add_titled(db::Tx& tx, const Ask& ask, Reading& reading) {
  const auto title = analysis::folded(title_of(ask.items));
  if (title.empty() || !(reading.relevance_typical > 0)) return;
  const auto key = analysis::folded(beginning_of(title, kTitleKeyBytesMax));
  auto rows = tx.query(
      "SELECT place, title, updated_at FROM documents WHERE \"user\" = $1 AND title_key = $2 "
      "ORDER BY place DESC LIMIT $3",
      reading.library.user, key, kTitledMax);
  while (rows.next()) {
    const auto updated_at = rows.integer(2);
    const bool is_asked_for = updated_at >= ask.from && updated_at < ask.to;
    if (is_asked_for && analysis::folded(rows.text(1)) == title) {
      reading.titled.push_back(rows.integer(0));
    }
  }
}

}  // namespace

Reading read_query(IndexTx& index, std::string_view user_id, const Ask& ask) {
  auto reading = library_alone(index.tx, user_id);
  const auto& library = reading.library;
  auto& terms = index.terms();
  analysis::Analyzer analyzer;
  // Filters by type alone are asked for by those who have no query.
  const bool has_query = !ask.items.empty() || ask.types.empty();
  const auto prefixes =
      static_cast<std::size_t>(std::ranges::count(ask.items, Item::Kind::kPrefix, &Item::kind));
  const auto terms_max =
      std::min(kPrefixTermsMax, kPrefixTermsMaxOfAll / std::max<std::size_t>(prefixes, 1));
  auto meaning = !has_query ? Result<Meaning>(Meaning{})
                            : meaning_of(analyzer, ask.text, ask.items, library.languages,
                                         [&](std::string_view begin) {
                                           return terms.beginning_with(
                                               library, begin, terms_max,
                                               std::min(ask.texts_max, kPrefixTextsMax));
                                         });
  if (!meaning) {
    index.tx.abort(meaning.error());
    return reading;
  }
  reading.wanted = std::move(meaning->wanted);
  reading.marked = std::move(meaning->marked);
  add_types(ask, reading.wanted);
  auto bounds = terms.bounds_of(reading.wanted, ask.has_times());
  bounds.texts_max = std::min(bounds.texts_max, ask.texts_max);
  count_texts(terms, library, reading.wanted, bounds);
  add_unmatched(ask, reading);
  reading.texts_max = bounds.texts_max;
  // Words of few texts are few, however many words there are.
  const bool are_few = kFewTexts * library.documents <= bounds.texts_max;
  reading.expression = expression_of(
      reading.wanted, are_few ? std::numeric_limits<std::int64_t>::max() : bounds.texts_max);
  add_rarities(reading);
  add_rules(reading);
  add_titled(index.tx, ask, reading);
  return reading;
}

}  // namespace synap::search

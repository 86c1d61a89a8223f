#include "search/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "db/sqlite/full_text.h"

namespace synap::search {
namespace {

using analysis::Language;

// A user writes in few; stems of others would find what nobody meant.
constexpr std::int64_t kLanguagesMax = 4;
// What a beginning of a word is taken for, and how many texts those words have together.
constexpr std::size_t kPrefixTermsMax = 100;
// All that is counted for one query, shared by its words.
constexpr std::int64_t kCountedMax = 200'000;
constexpr std::int64_t kCountedMin = 2'000;

std::optional<Library> library_of(db::Tx& tx, std::string_view user_id) {
  Library library;
  {
    auto rows = tx.query(
        "SELECT number, last, documents, title, text, tags, others FROM users WHERE user_id = $1",
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
      "SELECT language FROM languages WHERE user = $1 AND documents > 0 AND language > 0 "
      "ORDER BY documents DESC, language LIMIT $2",
      library.user, kLanguagesMax);
  while (rows.next()) library.languages.push_back(static_cast<Language>(rows.integer(0)));
  return library;
}

// By the terms that there are, so that no list of texts is made for it.
std::vector<std::string> terms_with(db::Tx& tx, const Library& library, std::string_view beginning,
                                    std::int64_t texts_max) {
  std::vector<std::string> terms;
  const auto from = term_of(library.user, beginning);
  const auto prefix_size = from.size() - beginning.size();
  const auto to = from + "\xff";  // no term has this byte
  std::int64_t texts = 0;
  auto rows = tx.query("SELECT term, doc FROM vocabulary WHERE term >= $1 AND term < $2", from, to);
  while (terms.size() < kPrefixTermsMax && texts < texts_max && rows.next()) {
    terms.push_back(rows.text(0).substr(prefix_size));
    texts += rows.integer(1);
  }
  return terms;
}

// How many of the newest texts have it, and where the last of these is: so far as `most`, from
// which the rest is estimated as if they were spread evenly.
Frequency frequency_of(db::Tx& tx, const Library& library, const std::string& phrase,
                       std::int64_t most) {
  Frequency frequency;
  auto rows = tx.query(
      "SELECT count(*), min(rowid) FROM (SELECT rowid FROM terms WHERE terms MATCH $1 "
      "AND rowid BETWEEN $2 AND $3 ORDER BY rowid DESC LIMIT $4)",
      phrase, library.lowest(), library.highest(), most + 1);
  if (!rows.next()) return frequency;
  frequency.texts = rows.integer(0);
  frequency.is_cut = frequency.texts > most;
  if (!frequency.is_cut) return frequency;
  frequency.lowest = rows.integer(1);
  const auto looked_at = library.highest() - frequency.lowest + 1;
  const auto part = static_cast<double>(library.last) / static_cast<double>(looked_at);
  frequency.texts = std::max(
      frequency.texts, static_cast<std::int64_t>(static_cast<double>(frequency.texts) * part));
  return frequency;
}

// The words of a phrase first, each of which is as cheap to count as it is rare: the whole is then
// looked for only where the rarest of them is.
void count_texts(db::Tx& tx, const Library& library, std::vector<Wanted>& wanted,
                 std::int64_t texts_max) {
  std::size_t words = 0;
  for (const auto& one : wanted) words += std::max<std::size_t>(one.parts.size(), 1);
  const auto most =
      std::clamp(kCountedMax / static_cast<std::int64_t>(std::max<std::size_t>(words, 1)),
                 std::min(kCountedMin, texts_max), texts_max);
  for (auto& one : wanted) {
    if (one.phrase.empty() || one.is_excluded) continue;
    if (one.parts.empty()) {
      one.frequency = frequency_of(tx, library, one.phrase, most);
      continue;
    }
    std::optional<Frequency> rarest;
    for (const auto& part : one.parts) {
      const auto frequency = frequency_of(tx, library, part, most);
      const auto order = [](const Frequency& f) { return std::pair(f.is_cut, f.lowest); };
      if (!rarest || order(frequency) < order(*rarest)) rarest = frequency;
    }
    // Of texts with all its words not all have the phrase; so this is too high, and it counts less.
    one.frequency = *rarest;
  }
}

void add_relevance(Reading& reading) {
  const auto& library = reading.library;
  const auto& expression = reading.expression;
  db::sqlite::Relevance relevance;
  const auto documents = static_cast<double>(std::max<std::int64_t>(library.documents, 1));
  for (std::size_t i = 0; i < kColumns; ++i) {
    relevance.columns.push_back({kWeights[i], static_cast<double>(library.sizes[i]) / documents});
  }
  relevance.columns.push_back({0, 1});  // keys
  relevance.groups = expression.groups;
  for (const auto& frequency : expression.ranked) {
    const auto texts = std::min(static_cast<double>(frequency.texts), documents);
    relevance.rarities.push_back(std::log1p((documents - texts + 0.5) / (texts + 0.5)));
    reading.relevance_typical += relevance.rarities.back();
  }
  reading.relevance = relevance.bytes();
}

// Types are filters like any other.
void add_types(const Ask& ask, std::int64_t user, std::vector<Wanted>& wanted) {
  if (ask.types.empty()) return;
  // Forms of one word, as FTS5 sees it: any of them.
  std::string stream;
  for (const auto& type : ask.types) {
    stream += (stream.empty() ? "" : " /") + key_of(user, "type", type);
  }
  std::string quoted = "\"";
  for (const char c : stream) quoted += c == '"' ? "\"\"" : std::string(1, c);
  wanted.push_back({.phrase = quoted + '"', .is_required = true, .is_filter = true});
}

// The rules alone, without what only ranks.
void add_rules(Reading& reading, const std::vector<Wanted>& wanted) {
  const auto add = [](std::string& rules, const std::string& phrase, std::string_view by) {
    if (!rules.empty()) rules += by;
    rules += fmt::format("({})", phrase);
  };
  for (const auto& one : wanted) {
    if (one.is_excluded) {
      if (!one.phrase.empty()) add(reading.excluded, one.phrase, " OR ");
    } else if (one.is_required) {
      if (one.phrase.empty()) reading.is_impossible = true;
      add(reading.required, one.phrase, " AND ");
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

Reading read_query(db::Tx& tx, std::string_view user_id, const Ask& ask) {
  auto reading = library_alone(tx, user_id);
  const auto& library = reading.library;
  analysis::Analyzer analyzer;
  // Filters by type alone are asked for by those who have no query.
  const bool has_query = !ask.items.empty() || ask.types.empty();
  auto meaning = !has_query ? Result<Meaning>(Meaning{})
                            : meaning_of(analyzer, library.user, ask.text, ask.items,
                                         library.languages, [&](std::string_view begin) {
                                           return terms_with(tx, library, begin, ask.texts_max);
                                         });
  if (!meaning) {
    tx.abort(meaning.error());
    return reading;
  }
  add_types(ask, library.user, meaning->wanted);
  count_texts(tx, library, meaning->wanted, ask.texts_max);
  reading.expression = expression_of(meaning->wanted, ask.texts_max);
  reading.marked = std::move(meaning->marked);
  add_relevance(reading);
  add_rules(reading, meaning->wanted);
  return reading;
}

}  // namespace synap::search

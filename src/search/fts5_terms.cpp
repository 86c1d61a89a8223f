#include "search/fts5_terms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "db/sqlite/full_text.h"

namespace synap::search {
namespace {

// A row of a MATCH takes 0.45 us, 50,000 of them 23 ms.
constexpr std::int64_t kMatchedTextsMax = 50'000;
constexpr std::int64_t kMatchedCountedMax = 200'000;
// A posting takes 30 ns, of two forms of a word 55; those of further words are gone along, too.
constexpr std::int64_t kListedTextsMax = 100'000;
constexpr std::int64_t kListedCountedMax = 400'000;

std::string_view column_filter(Item::Scope scope) {
  switch (scope) {
    case Item::Scope::kTitle:
      return "{title} : ";
    case Item::Scope::kText:
      return "{text others} : ";
    case Item::Scope::kAll:
      break;
  }
  return "";
}

// Terms at a place, and at the places behind it, as the tokenizer has them.
std::string stream_of(std::int64_t user, const Forms& forms) {
  std::string stream;
  for (const auto& term : forms.terms) stream += (stream.empty() ? "" : " /") + term_of(user, term);
  return stream;
}

std::string quoted(std::string_view stream) {
  std::string text = "\"";
  for (const char c : stream) {
    text += c;
    if (c == '"') text += c;
  }
  return text + '"';
}

std::string phrase_of(std::int64_t user, const Wanted& wanted) {
  std::string stream;
  for (const auto& forms : wanted.places) {
    stream += (stream.empty() ? "" : " ") + stream_of(user, forms);
  }
  return std::string(column_filter(wanted.scope)) + quoted(stream);
}

std::string joined(const std::vector<std::string>& parts, std::string_view by) {
  return fmt::format("({})", fmt::join(parts, by));
}

// From the newest the rest is estimated, as if they were spread evenly.
Frequency estimated(const Library& library, Frequency frequency) {
  if (!frequency.is_cut) return frequency;
  const auto looked_at = library.highest() - frequency.lowest + 1;
  const auto part = static_cast<double>(library.last) / static_cast<double>(looked_at);
  frequency.texts = std::max(
      frequency.texts, static_cast<std::int64_t>(static_cast<double>(frequency.texts) * part));
  return frequency;
}

// What is asked of FTS5, and what relevance() computes with.
struct Match {
  std::string text;
  db::sqlite::Relevance relevance;
};

class MatchWriter {
 public:
  explicit MatchWriter(const Reading& reading) : reading_(reading) {
    match_.relevance.columns = ranked_columns_of(reading.library);
  }

  Match run() {
    const auto& expression = reading_.expression;
    auto leading = phrases_of(expression.all, true);
    if (!expression.any.empty()) {
      leading.push_back(joined(phrases_of(expression.any, true), " OR "));
    }
    auto text = joined(leading, " AND ");
    if (!expression.further.empty()) {
      // Every row that is led to has one of the leaders, so none is lost here.
      auto either = phrases_of(expression.any.empty() ? expression.all : expression.any, false);
      for (auto& phrase : phrases_of(expression.further, true)) either.push_back(std::move(phrase));
      text += " AND " + joined(either, " OR ");
    }
    if (!expression.excluded.empty()) {
      text =
          fmt::format("({}) NOT {}", text, joined(phrases_of(expression.excluded, false), " OR "));
    }
    match_.text = std::move(text);
    return std::move(match_);
  }

 private:
  // FTS5 numbers phrases as they come: each is written where it is asked for, in this order.
  std::vector<std::string> phrases_of(const std::vector<std::size_t>& numbers, bool are_ranked) {
    auto& relevance = match_.relevance;
    std::vector<std::string> phrases;
    for (const auto i : numbers) {
      const auto& wanted = reading_.wanted[i];
      const bool is_ranked = are_ranked && !wanted.is_filter;
      relevance.groups.push_back(is_ranked ? static_cast<int>(relevance.rarities.size()) : -1);
      if (is_ranked) relevance.rarities.push_back(reading_.rarities[i]);
      phrases.push_back(phrase_of(reading_.library.user, wanted));
    }
    return phrases;
  }

  const Reading& reading_;
  Match match_;
};

std::string text_of(const Reading& reading, Rule rule) {
  const bool is_required = rule == Rule::kRequired;
  std::vector<std::string> phrases;
  for (const auto i : is_required ? reading.required : reading.excluded) {
    phrases.push_back(fmt::format("({})", phrase_of(reading.library.user, reading.wanted[i])));
  }
  return fmt::format("{}", fmt::join(phrases, is_required ? " AND " : " OR "));
}

}  // namespace

Terms::Bounds Fts5Terms::bounds_of(const std::vector<Wanted>& wanted, bool has_times) const {
  const bool are_lists = !has_times && PostingLists::takes(wanted);
  return are_lists ? Bounds{.texts_max = kListedTextsMax, .counted_max = kListedCountedMax}
                   : Bounds{.texts_max = kMatchedTextsMax, .counted_max = kMatchedCountedMax};
}

// By the terms that there are, so that no list of texts is made for it.
std::vector<std::string> Fts5Terms::beginning_with(const Library& library,
                                                   std::string_view beginning,
                                                   std::size_t terms_max, std::int64_t texts_max) {
  std::vector<std::string> terms;
  const auto from = term_of(library.user, beginning);
  const auto prefix_size = from.size() - beginning.size();
  const auto to = from + "\xff";  // no term has this byte
  std::int64_t texts = 0;
  auto rows =
      tx_.query("SELECT term, doc FROM vocabulary WHERE term >= $1 AND term < $2", from, to);
  while (terms.size() < terms_max && texts < texts_max && rows.next()) {
    terms.push_back(rows.text(0).substr(prefix_size));
    texts += rows.integer(1);
  }
  return terms;
}

std::optional<Frequency> KnownFrequencies::find(const Library& library, const std::string& phrase) {
  const auto is_near = [](std::int64_t now, std::int64_t then) {
    return std::abs(now - then) <= then / 64;
  };
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(phrase);
  if (known == known_.end() || !is_near(library.documents, known->second.documents) ||
      !is_near(library.last, known->second.last)) {
    return std::nullopt;
  }
  return known->second.frequency;
}

void KnownFrequencies::keep(const Library& library, std::string phrase,
                            const Frequency& frequency) {
  if (frequency.texts < kTextsMin) return;
  const std::lock_guard lock(mutex_);
  if (known_.size() == kCountMax) known_.clear();
  known_[std::move(phrase)] = {frequency, library.documents, library.last};
}

Frequency Fts5Terms::frequency_of(const Library& library, const Forms& forms, Item::Scope scope,
                                  std::int64_t most) {
  auto name =
      fmt::format("{} {}", most, phrase_of(library.user, {.scope = scope, .places = {forms}}));
  if (const auto known = known_.find(library, name)) return *known;
  const auto listed = lists_.frequency_of(library, forms, scope, most);
  const auto frequency =
      estimated(library, listed ? *listed : count_by_match(library, forms, scope, most));
  if (tx_.ok()) known_.keep(library, std::move(name), frequency);
  return frequency;
}

// So many of the newest texts and one more, and where the last of these is.
Frequency Fts5Terms::count_by_match(const Library& library, const Forms& forms, Item::Scope scope,
                                    std::int64_t most) {
  const auto phrase = phrase_of(library.user, {.scope = scope, .places = {forms}});
  Frequency frequency;
  auto rows = tx_.query(
      "SELECT count(*), min(rowid) FROM (SELECT rowid FROM terms WHERE terms MATCH $1 "
      "AND rowid BETWEEN $2 AND $3 ORDER BY rowid DESC LIMIT $4)",
      phrase, library.lowest(), library.highest(), most + 1);
  if (!rows.next()) return frequency;
  frequency.texts = rows.integer(0);
  frequency.is_cut = frequency.texts > most;
  if (frequency.is_cut) frequency.lowest = rows.integer(1);
  return frequency;
}

Terms::Looked Fts5Terms::rank(const Reading& reading, const Window& window, const Take& take) {
  const auto from = std::max(reading.expression.lowest, reading.library.lowest());
  if (window.times || !PostingLists::takes(reading.wanted) || !lists_.are_known()) {
    return rank_by_match(reading, window, from, take);
  }
  const auto listed = lists_.rank(reading, from, take);
  if (listed.is_whole) return {.matches = listed.matches, .to = from};
  // What was read is right as far as it goes.
  auto looked = rank_by_match(reading, window, listed.next, take);
  looked.matches += listed.matches;
  if (!looked.is_cut) looked.to = from;
  return looked;
}

Terms::Looked Fts5Terms::rank_by_match(const Reading& reading, const Window& window,
                                       std::int64_t from, const Take& take) {
  const auto match = MatchWriter(reading).run();
  const auto relevance = match.relevance.bytes();
  const auto sql = fmt::format(
      "SELECT rowid, relevance(terms, $2, 'terms') FROM terms WHERE terms MATCH $1 "
      "AND rowid BETWEEN $3 AND $4{} ORDER BY rowid DESC LIMIT $5",
      window.times ? " AND (SELECT updated_at FROM documents WHERE place = terms.rowid) "
                     "BETWEEN $6 AND $7"
                   : "");
  const auto& library = reading.library;
  const auto most = std::min(window.texts_max, kMatchedTextsMax);
  std::vector<db::Value> values = {match.text, db::Blob{relevance}, from, library.highest(),
                                   most + 1};
  if (window.times) {
    values.emplace_back(window.times->first);
    values.emplace_back(window.times->second - 1);
  }
  auto rows = tx_.query_with(sql, values);
  Looked looked{.to = from};
  while (rows.next()) {
    take(rows.integer(0), rows.real(1));
    looked.is_cut = ++looked.matches > most;
    if (looked.is_cut) looked.to = rows.integer(0);
  }
  return looked;
}

double Fts5Terms::relevance_at(const Reading& reading, std::int64_t place) {
  const auto match = MatchWriter(reading).run();
  const auto relevance = match.relevance.bytes();
  auto rows = tx_.query(
      "SELECT relevance(terms, $2, 'terms') FROM terms WHERE terms MATCH $1 AND rowid = $3",
      match.text, db::Blob{relevance}, place);
  return rows.next() ? rows.real(0) : 0;
}

std::optional<std::unordered_set<Uuid>> Fts5Terms::listed(const Reading& reading, Rule rule,
                                                          std::int64_t most) {
  std::unordered_set<Uuid> all;
  const auto text = text_of(reading, rule);
  auto rows = tx_.query(
      "SELECT (SELECT entity FROM documents WHERE place = terms.rowid) FROM terms "
      "WHERE terms MATCH $1 AND rowid BETWEEN $2 AND $3 ORDER BY rowid DESC LIMIT $4",
      text, reading.library.lowest(), reading.library.highest(), most + 1);
  while (rows.next()) {
    if (const auto entity = rows.uuid(0)) all.insert(*entity);
  }
  if (all.size() > static_cast<std::size_t>(most)) return std::nullopt;
  return all;
}

bool Fts5Terms::holds(const Reading& reading, Rule rule, std::int64_t place) {
  const auto text = text_of(reading, rule);
  auto rows = tx_.query("SELECT 1 FROM terms WHERE terms MATCH $1 AND rowid = $2", text, place);
  return rows.next();
}

// What is taken out has to be said again, word for word.
void Fts5Writer::write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
                       const std::map<std::int64_t, Streams>& added) {
  for (const auto& [place, streams] : removed) {
    const auto& words = streams.words;
    tx.run(
        "INSERT INTO terms(terms, rowid, title, text, tags, others, keys) "
        "VALUES ('delete', $1, $2, $3, $4, $5, $6)",
        place, words[0], words[1], words[2], words[3], streams.keys);
  }
  for (const auto& [place, streams] : added) {
    const auto& words = streams.words;
    tx.run(
        "INSERT INTO terms(rowid, title, text, tags, others, keys) VALUES ($1, $2, $3, $4, $5, $6)",
        place, words[0], words[1], words[2], words[3], streams.keys);
  }
}

}  // namespace synap::search

#include "search/finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/folding.h"
#include "base/json.h"
#include "db/sqlite/full_text.h"
#include "search/changes.h"
#include "search/expression.h"

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

// What relevance is computed from, of one user's documents alone.
struct Library {
  std::int64_t user = 0;
  std::int64_t last = 0;  // the number of the newest place
  std::int64_t documents = 0;
  std::array<std::int64_t, kColumns> sizes{};
  std::vector<Language> languages;

  std::int64_t lowest() const { return user << kPlaceBits; }
  std::int64_t highest() const { return lowest() | last; }
};

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

std::string relevance_of(const Library& library, const Expression& expression) {
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
  }
  return relevance.bytes();
}

// The best so many of those that come.
class Best {
 public:
  Best(std::size_t most, const std::optional<Place>& after) : most_(most), after_(after) {}

  void offer(const Place& place) {
    ++offered_;
    if (after_ && !after_->is_before(place)) return;
    if (places_.size() == most_ && !place.is_before(places_.front())) return;
    if (places_.size() == most_) {
      std::ranges::pop_heap(places_, is_better);
      places_.pop_back();
    }
    places_.push_back(place);
    std::ranges::push_heap(places_, is_better);
  }
  std::int64_t offered() const { return offered_; }
  std::vector<Place> take() {
    std::ranges::sort(places_, is_better);
    return std::move(places_);
  }

 private:
  // So the worst is at the front of the heap.
  static bool is_better(const Place& a, const Place& b) { return a.is_before(b); }

  const std::size_t most_;
  const std::optional<Place>& after_;
  std::int64_t offered_ = 0;
  std::vector<Place> places_;
};

class Search {
 public:
  Search(db::Tx& tx, Library library, const Ask& ask)
      : tx_(tx), library_(std::move(library)), ask_(ask) {}

  Found run() {
    auto meaning = meaning_of(analyzer_, library_.user, ask_.text, ask_.items, library_.languages,
                              [this](std::string_view begin) {
                                return terms_with(tx_, library_, begin, ask_.texts_max);
                              });
    if (!meaning) {
      tx_.abort(meaning.error());
      return {};
    }
    add_types(meaning->wanted);
    count_texts(tx_, library_, meaning->wanted, ask_.texts_max);
    const auto expression = expression_of(meaning->wanted, ask_.texts_max);
    if (expression.text.empty()) return Found{.total = 0};
    auto found = rank(expression);
    std::size_t look_bytes = kSnippetLookBytesMaxOfAll;
    for (auto& hit : found.hits) fill(hit, meaning->marked, look_bytes);
    return found;
  }

 private:
  void add_types(std::vector<Wanted>& wanted) const {
    if (ask_.types.empty()) return;
    // Forms of one word, as FTS5 sees it: any of them.
    std::string stream;
    for (const auto& type : ask_.types) {
      stream += (stream.empty() ? "" : " /") + key_of(library_.user, "type", type);
    }
    std::string quoted = "\"";
    for (const char c : stream) quoted += c == '"' ? "\"\"" : std::string(1, c);
    wanted.push_back({.phrase = quoted + '"', .is_required = true, .is_filter = true});
  }

  Found rank(const Expression& expression) {
    const bool has_times = ask_.from != std::numeric_limits<std::int64_t>::min() ||
                           ask_.to != std::numeric_limits<std::int64_t>::max();
    const auto sql = fmt::format(
        "SELECT rowid, relevance(terms, $2) FROM terms WHERE terms MATCH $1 "
        "AND rowid BETWEEN $3 AND $4{} ORDER BY rowid DESC LIMIT $5",
        has_times ? " AND (SELECT updated_at FROM documents WHERE place = terms.rowid) "
                    "BETWEEN $6 AND $7"
                  : "");
    const auto relevance = relevance_of(library_, expression);
    const auto lowest = std::max(expression.lowest, library_.lowest());
    std::vector<db::Value> values = {expression.text, db::Blob{relevance}, lowest,
                                     library_.highest(), ask_.texts_max + 1};
    if (has_times) {
      values.emplace_back(ask_.from);
      values.emplace_back(ask_.to - 1);
    }
    Best best(static_cast<std::size_t>(ask_.limit) + 1, ask_.after);
    {
      auto rows = tx_.query_with(sql, values);
      while (rows.next()) best.offer({rows.real(1), rows.integer(0)});
    }
    Found found;
    if (!expression.is_partial && best.offered() <= ask_.texts_max) found.total = best.offered();
    for (const auto& place : best.take()) {
      if (found.hits.size() == static_cast<std::size_t>(ask_.limit)) {
        found.next = found.hits.back().place;
        break;
      }
      found.hits.push_back({.place = place});
    }
    return found;
  }

  void fill(Hit& hit, const Marked& marked, std::size_t& look_bytes) {
    auto rows = tx_.query(
        "SELECT entity, type, title, text, others, language, updated_at FROM documents "
        "WHERE place = $1",
        hit.place.number);
    if (!rows.next()) return;
    hit.id = rows.uuid(0).value_or(Uuid{});
    hit.type = rows.text(1);
    hit.title = rows.text(2);
    hit.updated_at = rows.integer(6);
    const auto language = static_cast<Language>(rows.integer(5));
    hit.snippet = snippet_of(analyzer_, rows.view(3), language, marked, look_bytes);
    if (has_match(hit.snippet)) return;
    auto others = snippet_of(analyzer_, rows.view(4), language, marked, look_bytes);
    if (has_match(others) || hit.snippet.empty()) hit.snippet = std::move(others);
  }

  db::Tx& tx_;
  const Library library_;
  const Ask& ask_;
  analysis::Analyzer analyzer_;
};

}  // namespace

Found find(db::Tx& tx, std::string_view user_id, const Ask& ask) {
  auto library = library_of(tx, user_id);
  if (!library) library.emplace();  // so that a query that says nothing is refused here, too
  auto found = Search(tx, std::move(*library), ask).run();
  // Of an index that is being replaced: what was changed since is not shown.
  std::erase_if(found.hits, [](const Hit& hit) { return hit.type.empty(); });
  return found;
}

std::vector<Suggestion> suggest(db::Tx& tx, std::string_view user_id, std::string_view beginning,
                                int limit) {
  std::vector<Suggestion> all;
  const auto from = analysis::folded(beginning);
  const auto to = from + "\xff";
  auto rows = tx.query(
      "SELECT entity, type, title FROM documents WHERE user = "
      "(SELECT number FROM users WHERE user_id = $1) AND title_key >= $2 AND title_key < $3 "
      "ORDER BY title_key, place LIMIT $4",
      user_id, from, to, limit);
  while (rows.next()) {
    all.push_back({rows.uuid(0).value_or(Uuid{}), rows.text(1), rows.text(2)});
  }
  return all;
}

std::int64_t count_documents(db::Tx& tx, std::string_view user_id) {
  auto rows = tx.query("SELECT documents FROM users WHERE user_id = $1", user_id);
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace synap::search

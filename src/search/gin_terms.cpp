#include "search/gin_terms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "db/sqlite/full_text.h"

namespace synap::search {
namespace {

using Numbers = std::vector<std::size_t>;

std::string joined(const std::vector<Wanted>& wanted, const Numbers& numbers, std::string_view by) {
  std::vector<std::string> parts;
  for (const auto i : numbers) parts.push_back(tsquery_of(wanted[i]));
  return fmt::format("({})", fmt::join(parts, by));
}

// Each of their terms once more, with kBucketMark in it; with spaces between them.
std::string lexemes_of(const std::vector<Wanted>& wanted, const Numbers& numbers) {
  std::string all;
  for (const auto i : numbers) {
    for (const auto& forms : wanted[i].places) {
      for (const auto& term : forms.terms) {
        all += fmt::format("{}{}:{}", all.empty() ? "" : " ", kBucketMark, lexeme_of(term));
      }
    }
  }
  return all;
}

// As a text that the server takes apart.
template <class Numbers>
std::string listed_as_text(const Numbers& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

std::vector<int> sizes_of(std::string_view text) {
  std::vector<int> sizes(kColumns, 0);
  const auto* next = text.data();
  const auto* end = text.data() + text.size();
  for (auto& size : sizes) {
    next = std::from_chars(next, end, size).ptr;
    if (next < end) ++next;
  }
  return sizes;
}

// What is counted of a document, as its relevance.
class Relevances {
 public:
  explicit Relevances(const Reading& reading) : ranked_(reading.ranked()) {
    occurrences_.emplace(reading.wanted, ranked_);
    std::vector<double> rarities;
    for (const auto i : ranked_) rarities.push_back(reading.rarities[i]);
    rule_.emplace(ranked_columns_of(reading.library), std::move(rarities));
  }

  double of(std::string_view sizes, const std::vector<std::string>& vectors) {
    occurrences_->clear();
    for (const auto& vector : vectors) occurrences_->add(vector);
    auto lengths = sizes_of(sizes);
    lengths.push_back(0);
    return rule_->relevance(lengths, occurrences_->counts());
  }
  const Numbers& ranked() const { return ranked_; }

 private:
  const Numbers ranked_;
  std::optional<Occurrences> occurrences_;
  std::optional<db::sqlite::Bm25f> rule_;
};

}  // namespace

// What leads to rows, and what has to be asked of the documents that these are of.
struct GinTerms::Lead {
  std::string query;                // of a row
  std::vector<std::string> others;  // of some row of the document, each
  std::string never;                // of no row of it; empty: of any
  std::int64_t texts = 0;           // so many at most have it, by what was counted
  std::optional<std::pair<std::int64_t, std::int64_t>> times = {};

  bool has_checks() const { return !others.empty() || !never.empty() || times; }

  // `all` must be there, and one of `any`, if there are any; none of `excluded`. Keys are in each
  // row; of what else must be there the rarest leads.
  static Lead of(const std::vector<Wanted>& wanted, const Numbers& all, const Numbers& any,
                 const Numbers& excluded) {
    Lead lead;
    std::vector<std::string> parts;
    std::optional<std::int64_t> texts;
    const auto bound = [&](std::int64_t more) { texts = std::min(texts.value_or(more), more); };
    const auto by_rarity = [&](std::size_t i) { return wanted[i].frequency.texts; };
    Numbers words;
    for (const auto i : all) {
      bound(wanted[i].frequency.texts);
      if (!wanted[i].is_filter) {
        words.push_back(i);
      } else {
        parts.push_back(tsquery_of(wanted[i]));
      }
    }
    std::ranges::sort(words, {}, by_rarity);
    for (const auto i : words) {
      auto& to = i == words.front() ? parts : lead.others;
      to.push_back(tsquery_of(wanted[i]));
    }
    if (!any.empty()) {
      std::int64_t sum = 0;
      for (const auto i : any) sum += wanted[i].frequency.texts;
      bound(sum);
      parts.push_back(joined(wanted, any, " | "));
    }
    if (words.empty() && any.empty()) {
      parts.push_back(tsquery_of({.places = {{.terms = {key_of_first()}}}}));
    }
    Numbers never;
    for (const auto i : excluded) {
      if (!wanted[i].is_filter) {
        never.push_back(i);
      } else {
        parts.push_back("!" + tsquery_of(wanted[i]));
      }
    }
    if (!never.empty()) lead.never = joined(wanted, never, " | ");
    lead.query = fmt::format("{}", fmt::join(parts, " & "));
    lead.texts = texts.value_or(0);
    return lead;
  }
  // To whatever a text may be ranked for.
  static Lead of(const Reading& reading) {
    const auto& expression = reading.expression;
    auto any = expression.any;
    const auto leading = expression.leading(reading.wanted);
    if (!any.empty()) any.insert(any.end(), leading.begin(), leading.end());
    return of(reading.wanted, expression.all, any, expression.excluded);
  }
};

std::vector<std::string> GinTerms::beginning_with(const Library& library,
                                                  std::string_view beginning, std::size_t terms_max,
                                                  std::int64_t texts_max) {
  std::vector<std::string> terms;
  const auto from = lexeme_of(beginning);
  const auto to = from + "\xf4\x8f\xbf\xbf";  // the last character that there is
  std::int64_t texts = 0;
  auto rows = tx_.query(
      "SELECT term, texts FROM vocabulary WHERE \"user\" = $1 AND term >= $2 AND term < $3 "
      "ORDER BY term LIMIT $4",
      library.user, from, to, static_cast<std::int64_t>(terms_max));
  while (texts < texts_max && rows.next()) {
    terms.push_back(rows.text(0));
    texts += rows.integer(1);
  }
  return terms;
}

Frequency GinTerms::frequency_of(const Library& library, const Forms& forms, Item::Scope scope,
                                 std::int64_t most) {
  std::string lexemes;
  for (const auto& term : forms.terms) {
    lexemes += (lexemes.empty() ? "" : " ") + lexeme_of(term);
  }
  std::int64_t commonest = 0;
  std::int64_t sum = 0;
  {
    auto rows = tx_.query(
        "SELECT coalesce(max(texts), 0), coalesce(sum(texts), 0)::bigint FROM vocabulary "
        "WHERE \"user\" = $1 AND term = ANY(string_to_array($2, ' '))",
        library.user, lexemes);
    if (!rows.next()) return {};
    commonest = rows.integer(0);
    sum = std::min(rows.integer(1), library.documents);
  }
  Frequency frequency{.texts = forms.are_forms_of_one ? commonest : sum};
  const bool is_estimate =
      scope != Item::Scope::kAll || (!forms.are_forms_of_one && forms.terms.size() > 1);
  if (is_estimate && frequency.texts <= most) {
    frequency.texts = std::min(frequency.texts, count_texts(library, {scope, {forms}}, sum));
  }
  frequency.is_cut = frequency.texts > most;
  return frequency;
}

// `otherwise`: there are more than it takes a moment to count.
std::int64_t GinTerms::count_texts(const Library& library, const Wanted& wanted,
                                   std::int64_t otherwise) {
  constexpr std::int64_t kRowsMax = 10'000;
  const auto buckets = all_buckets(library);
  const auto query = tsquery_of(wanted);
  auto rows = tx_.query(
      "SELECT count(*), count(DISTINCT place) FROM ("
      "SELECT s.place FROM unnest(string_to_array($1, ',')::bigint[]) AS b(number) "
      "CROSS JOIN LATERAL (SELECT place FROM terms "
      "WHERE words @@ replace($2, chr(1), b.number::text)::tsquery OFFSET 0) AS s "
      "LIMIT $3) AS counted",
      buckets, query, kRowsMax);
  return rows.next() && rows.integer(0) < kRowsMax ? rows.integer(1) : otherwise;
}

std::string GinTerms::all_buckets(const Library& library) {
  std::vector<std::int64_t> numbers;
  for (const auto& bucket : buckets_of(library)) numbers.push_back(bucket.number);
  return listed_as_text(numbers);
}

const std::vector<GinTerms::Bucket>& GinTerms::buckets_of(const Library& library) {
  if (user_ == library.user) return buckets_;
  user_ = library.user;
  buckets_.clear();
  auto rows = tx_.query(
      "SELECT number, first FROM buckets WHERE \"user\" = $1 ORDER BY number DESC", library.user);
  while (rows.next()) buckets_.push_back({rows.integer(0), rows.integer(1)});
  return buckets_;
}

std::optional<std::int64_t> GinTerms::bucket_of(const Library& library, std::int64_t place) {
  const auto& buckets = buckets_of(library);
  const auto at =
      std::ranges::find_if(buckets, [&](const Bucket& bucket) { return bucket.first <= place; });
  if (at == buckets.end() || !library.has(place)) return std::nullopt;
  return at->number;
}

// Of a row's terms those in a parameter, with their positions. To send all of them would take most
// of the time of a query; and to look at them one by one (unnest) even more.
std::string ranked_terms(int parameter) {
  return fmt::format(
      "ts_filter(setweight(setweight(words, 'D'), 'A', "
      "string_to_array(replace(${}, chr(1), number::text), ' ')), '{{a}}')::text",
      parameter);
}

// Without OFFSET 0 the server might look at all that the user has, because that is less than it
// takes the matches of a tsquery to be which it does not know. Terms are of their bucket's user
// alone; that places are, too, is asked once more.
std::string GinTerms::statement(const std::string& checks) {
  return fmt::format(
      "SELECT place, parts, sizes, CASE WHEN parts = 1 THEN {} END FROM ("
      "SELECT DISTINCT ON (s.place) b.number, s.place, s.parts, s.sizes, s.words "
      "FROM unnest(string_to_array($1, ',')::bigint[]) AS b(number) CROSS JOIN LATERAL ("
      "SELECT place, part, parts, sizes, words FROM terms "
      "WHERE words @@ replace($2, chr(1), b.number::text)::tsquery OFFSET 0) AS s "
      "WHERE s.place BETWEEN $3 AND $4{} ORDER BY s.place DESC, s.part LIMIT $5) AS found "
      "ORDER BY place DESC",
      ranked_terms(6), checks);
}

// The newest of those that are in these buckets.
std::vector<GinTerms::Text> GinTerms::texts_of(const Lead& lead, const Library& library,
                                               const std::string& buckets, std::int64_t most,
                                               const std::string& ranked) {
  std::vector<db::Value> values = {buckets,           lead.query, library.lowest(),
                                   library.highest(), most,       ranked};
  std::string checks;
  const auto add_check = [&](std::string_view kind, const std::string& query) {
    values.emplace_back(query);
    checks += fmt::format(
        " AND {} (SELECT 1 FROM terms AS other WHERE other.place = s.place "
        "AND other.words @@ replace(${}, chr(1), b.number::text)::tsquery)",
        kind, values.size());
  };
  for (const auto& other : lead.others) add_check("EXISTS", other);
  if (!lead.never.empty()) add_check("NOT EXISTS", lead.never);
  if (lead.times) {
    values.emplace_back(lead.times->first);
    values.emplace_back(lead.times->second - 1);
    checks += fmt::format(
        " AND (SELECT updated_at FROM documents WHERE place = s.place) BETWEEN ${} AND ${}",
        values.size() - 1, values.size());
  }
  std::vector<Text> texts;
  auto rows = tx_.query_with(statement(checks), values);
  while (rows.next()) {
    texts.push_back({rows.integer(0), rows.integer(1), rows.text(2), rows.text(3)});
  }
  return texts;
}

// Of documents of several rows those that have something of what is ranked.
GinTerms::Vectors GinTerms::vectors_of(const std::vector<std::int64_t>& places,
                                       const std::string& buckets, const std::string& query,
                                       const std::string& ranked) {
  Vectors vectors;
  if (places.empty() || ranked.empty()) return vectors;
  const auto sql = fmt::format(
      "SELECT place, {} FROM (SELECT b.number, s.place, s.words "
      "FROM unnest(string_to_array($1, ',')::bigint[]) AS b(number) "
      "CROSS JOIN LATERAL (SELECT place, words FROM terms "
      "WHERE words @@ replace($2, chr(1), b.number::text)::tsquery OFFSET 0) AS s "
      "WHERE s.place = ANY(string_to_array($3, ',')::bigint[])) AS found",
      ranked_terms(4));
  const auto which = listed_as_text(places);
  auto rows = tx_.query(sql, buckets, query, which, ranked);
  while (rows.next()) vectors[rows.integer(0)].push_back(rows.text(1));
  return vectors;
}

// Where words lead, those that are in too many texts for that have what is left of the window: the
// newest texts with one of them.
Terms::Looked GinTerms::rank(const Reading& reading, const Window& window, const Take& take) {
  const auto& expression = reading.expression;
  const auto lead_by = [&](const Numbers& any) {
    auto lead = Lead::of(reading.wanted, expression.all, any, expression.excluded);
    lead.times = window.times;
    return lead;
  };
  Ranks ranks;
  auto looked_to = rank_led(reading, lead_by(expression.any), window.texts_max, ranks);
  const auto leading = expression.leading(reading.wanted);
  if (!expression.any.empty() && !leading.empty()) {
    looked_to = std::max(looked_to, rank_led(reading, lead_by(leading), window.texts_max, ranks));
  }
  for (const auto& [place, relevance] : ranks) take(place, relevance);
  const auto matches = static_cast<std::int64_t>(ranks.size());
  return {.matches = matches, .to = looked_to, .is_cut = matches > window.texts_max};
}

// Until there are more than `most`; down to which place all that it leads to are among the ranks.
std::int64_t GinTerms::rank_led(const Reading& reading, const Lead& lead, std::int64_t most,
                                Ranks& ranks) {
  Relevances relevances(reading);
  const auto query = joined(reading.wanted, relevances.ranked(), " | ");
  const auto ranked = lexemes_of(reading.wanted, relevances.ranked());
  const auto& buckets = buckets_of(reading.library);
  const bool are_few = lead.texts <= most;
  const auto last =
      !are_few && lead.has_checks() ? std::min(buckets.size(), kCheckedBucketsMax) : buckets.size();
  // Where there are more than are ranked, the newest buckets have them: two of them, four, eight.
  for (std::size_t from = 0, many = are_few ? last : 2; from < last; many *= 2) {
    const auto left = most + 1 - std::ssize(ranks);
    if (left <= 0) return from > 0 ? buckets[from - 1].first : reading.library.highest() + 1;
    std::vector<std::int64_t> some;
    for (; from < last && some.size() < many; ++from) some.push_back(buckets[from].number);
    const auto numbers = listed_as_text(some);
    const auto texts = texts_of(lead, reading.library, numbers, left, ranked);
    std::vector<std::int64_t> longer;
    for (const auto& text : texts) {
      if (text.parts > 1) longer.push_back(text.place);
    }
    auto vectors = vectors_of(longer, numbers, query, ranked);
    for (const auto& text : texts) {
      if (text.parts == 1) vectors[text.place].push_back(text.vector);
      ranks.try_emplace(text.place, relevances.of(text.sizes, vectors[text.place]));
    }
    if (std::ssize(texts) == left) return texts.back().place;
  }
  return last < buckets.size() ? buckets[last - 1].first : reading.library.lowest();
}

// Whether some row of the document has it.
bool GinTerms::has(std::int64_t place, std::int64_t bucket, const std::string& query) {
  const auto number = fmt::to_string(bucket);
  auto rows = tx_.query(
      "SELECT 1 FROM terms WHERE place = $1 AND words @@ replace($2, chr(1), $3)::tsquery LIMIT 1",
      place, query, number);
  return rows.next();
}

double GinTerms::relevance_at(const Reading& reading, std::int64_t place) {
  const auto bucket = bucket_of(reading.library, place);
  if (!bucket) return 0;
  const auto lead = Lead::of(reading);
  if (!has(place, *bucket, lead.query)) return 0;
  for (const auto& other : lead.others) {
    if (!has(place, *bucket, other)) return 0;
  }
  if (!lead.never.empty() && has(place, *bucket, lead.never)) return 0;
  Relevances relevances(reading);
  const auto number = fmt::to_string(*bucket);
  const auto vectors =
      vectors_of({place}, number, joined(reading.wanted, relevances.ranked(), " | "),
                 lexemes_of(reading.wanted, relevances.ranked()));
  std::string sizes;
  {
    auto rows = tx_.query("SELECT sizes FROM terms WHERE place = $1 AND part = 0", place);
    if (rows.next()) sizes = rows.text(0);
  }
  const auto found = vectors.find(place);
  return found == vectors.end() ? 0 : relevances.of(sizes, found->second);
}

std::optional<std::unordered_set<Uuid>> GinTerms::listed(const Reading& reading, Rule rule,
                                                         std::int64_t most) {
  auto wanted = reading.wanted;
  if (rule == Rule::kExcluded) {
    for (const auto i : reading.excluded) {
      for (const auto& forms : wanted[i].places) {
        const auto texts = frequency_of(reading.library, forms, wanted[i].scope, most).texts;
        auto& least = wanted[i].frequency.texts;
        least = &forms == &wanted[i].places.front() ? texts : std::min(least, texts);
      }
    }
  }
  const auto lead = rule == Rule::kRequired ? Lead::of(wanted, reading.required, {}, {})
                                            : Lead::of(wanted, {}, reading.excluded, {});
  if (lead.texts > most) return std::nullopt;
  std::unordered_set<Uuid> all;
  const auto buckets = all_buckets(reading.library);
  std::vector<db::Value> values = {buckets, lead.query};
  std::string checks;
  for (const auto& other : lead.others) {
    values.emplace_back(other);
    checks += fmt::format(
        " AND EXISTS (SELECT 1 FROM terms AS other WHERE other.place = s.place "
        "AND other.words @@ replace(${}, chr(1), b.number::text)::tsquery)",
        values.size());
  }
  auto rows = tx_.query_with(
      fmt::format("SELECT DISTINCT documents.entity "
                  "FROM unnest(string_to_array($1, ',')::bigint[]) AS b(number) "
                  "CROSS JOIN LATERAL (SELECT place FROM terms "
                  "WHERE words @@ replace($2, chr(1), b.number::text)::tsquery OFFSET 0) AS s "
                  "JOIN documents ON documents.place = s.place WHERE true{}",
                  checks),
      values);
  while (rows.next()) {
    if (const auto entity = rows.uuid(0)) all.insert(*entity);
  }
  return all;
}

bool GinTerms::holds(const Reading& reading, Rule rule, std::int64_t place) {
  const auto bucket = bucket_of(reading.library, place);
  if (!bucket) return false;
  const bool is_required = rule == Rule::kRequired;
  for (const auto i : is_required ? reading.required : reading.excluded) {
    if (has(place, *bucket, tsquery_of(reading.wanted[i])) != is_required) return !is_required;
  }
  return is_required;
}

namespace {

// How much more often a term of a user is there, by the user and the term.
using Difference = std::map<std::int64_t, std::map<std::string, int>>;

void write_vocabulary(db::Tx& tx, std::int64_t user, const std::map<std::string, int>& terms) {
  std::string names;
  std::string counts;
  std::string fewer;
  for (const auto& [term, count] : terms) {
    if (count == 0) continue;
    names += (names.empty() ? "" : " ") + term;
    counts += fmt::format("{}{}", counts.empty() ? "" : " ", count);
    if (count < 0) fewer += (fewer.empty() ? "" : " ") + term;
  }
  if (names.empty()) return;
  tx.run(
      "INSERT INTO vocabulary(\"user\", term, texts) SELECT $1::bigint, one.term, one.texts "
      "FROM unnest(string_to_array($2, ' '), string_to_array($3, ' ')::bigint[]) "
      "AS one(term, texts) "
      "ON CONFLICT(\"user\", term) DO UPDATE SET texts = vocabulary.texts + excluded.texts",
      user, names, counts);
  if (fewer.empty()) return;
  tx.run(
      "DELETE FROM vocabulary WHERE \"user\" = $1 AND term = ANY(string_to_array($2, ' ')) "
      "AND texts <= 0",
      user, fewer);
}

// Gives each document of a user the bucket that takes further ones.
class Filler {
 public:
  Filler(db::Tx& tx, std::int64_t user) : tx_(tx), user_(user) {
    auto rows = tx.query(
        "SELECT number, rows FROM buckets WHERE \"user\" = $1 ORDER BY number DESC LIMIT 1", user);
    if (!rows.next()) return;
    number_ = rows.integer(0);
    rows_ = rows.integer(1);
  }
  std::int64_t bucket_of(std::int64_t place, int rows) {
    if (number_ == 0 || rows_ >= kBucketRows) {
      finish();
      auto made = tx_.query(
          "INSERT INTO buckets(\"user\", first, rows) VALUES ($1, $2, 0) RETURNING number", user_,
          place);
      number_ = made.next() ? made.integer(0) : 0;
      rows_ = 0;
    }
    rows_ += rows;
    more_ += rows;
    return number_;
  }
  void finish() {
    if (more_ == 0) return;
    tx_.run("UPDATE buckets SET rows = rows + $2 WHERE number = $1", number_, more_);
    more_ = 0;
  }

 private:
  db::Tx& tx_;
  std::int64_t user_;
  std::int64_t number_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t more_ = 0;
};

void remove_rows(db::Tx& tx, std::int64_t place, const Streams& streams) {
  tx.run("DELETE FROM terms WHERE place = $1", place);
  tx.run(
      "UPDATE buckets SET rows = rows - $2 WHERE number = (SELECT number FROM buckets "
      "WHERE \"user\" = $3 AND first <= $1 ORDER BY first DESC LIMIT 1)",
      place, rows_of(streams), place >> kPlaceBits);
}

void add_rows(db::Tx& tx, std::int64_t place, const Streams& streams, const GinRows& rows) {
  const auto sizes = fmt::format("{}", fmt::join(streams.sizes, " "));
  const auto parts = static_cast<std::int64_t>(rows.vectors.size());
  for (std::int64_t part = 0; part < parts; ++part) {
    tx.run(
        "INSERT INTO terms(place, part, parts, sizes, words) VALUES ($1, $2, $3, $4, "
        "($5::text)::tsvector)",
        place, part, parts, sizes, rows.vectors[static_cast<std::size_t>(part)]);
  }
}

}  // namespace

void GinWriter::write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
                      const std::map<std::int64_t, Streams>& added) {
  Difference difference;
  for (const auto& [place, streams] : removed) {
    auto& terms = difference[place >> kPlaceBits];
    for (const auto& term : gin_rows(streams, 0).terms) --terms[term];
    remove_rows(tx, place, streams);
  }
  for (const auto& [user, terms] : difference) {
    tx.run("DELETE FROM buckets WHERE \"user\" = $1 AND rows <= 0", user);
  }
  std::optional<Filler> filler;
  std::int64_t user = -1;
  for (const auto& [place, streams] : added) {
    if (place >> kPlaceBits != user) {
      if (filler) filler->finish();
      user = place >> kPlaceBits;
      filler.emplace(tx, user);
    }
    const auto rows = gin_rows(streams, filler->bucket_of(place, rows_of(streams)));
    for (const auto& term : rows.terms) ++difference[user][term];
    add_rows(tx, place, streams, rows);
  }
  if (filler) filler->finish();
  for (const auto& [whose, terms] : difference) write_vocabulary(tx, whose, terms);
}

}  // namespace synap::search

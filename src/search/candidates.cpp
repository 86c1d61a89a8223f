#include "search/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace synap::search {
namespace {

// What is no further from a query than most things are is not found by meaning, where words are
// looked for, too: below this it is two deviations above what is usual.
constexpr double kMeaningMin = 0.12;

// All that have the words are kept, since what is near may be any of them: so many.
constexpr std::int64_t kSeenMax = 50'000;

// Rows of `sql`, a statement up to "IN (", whose keys are these: some at once, since a server has
// each question put to it by itself.
template <class Key, class Take>
void each_row_of(db::Tx& tx, std::string_view sql, const std::vector<Key>& keys, Take take) {
  constexpr std::size_t kAtOnce = 100;
  static const std::string kMarks = [] {
    std::string marks;
    for (std::size_t i = 1; i <= kAtOnce; ++i) marks += fmt::format("{}${}", i > 1 ? "," : "", i);
    return marks + ")";
  }();
  const auto statement = std::string(sql) + kMarks;
  for (std::size_t at = 0; at < keys.size() && tx.ok(); at += kAtOnce) {
    std::vector<db::Value> values;
    // One statement, however many there are: the last fills it.
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      values.emplace_back(keys[std::min(at + i, keys.size() - 1)]);
    }
    auto rows = tx.query_with(statement, values);
    while (rows.next()) take(rows);
  }
}

void list_rules(Terms& terms, Candidates& candidates, std::int64_t most) {
  const auto& reading = candidates.reading;
  if (reading.is_impossible) {
    candidates.only.emplace();
    return;
  }
  if (!reading.required.empty()) {
    candidates.only = terms.listed(reading, Rule::kRequired, most);
    candidates.are_to_be_checked = !candidates.only;
  }
  if (reading.excluded.empty()) return;
  auto never = terms.listed(reading, Rule::kExcluded, most);
  if (never) candidates.never = std::move(*never);
  candidates.are_to_be_checked = candidates.are_to_be_checked || !never;
}

// Among what is in the index of words, which knows what there is now.
class Choosing {
 public:
  Choosing(IndexTx& index, const Candidates& candidates, const Meant& meant, const Ask& ask)
      : tx_(index.tx), terms_(index.terms()), candidates_(candidates), meant_(meant), ask_(ask) {}

  Choice run() {
    const bool has_words = ask_.mode != Mode::kSemantic;
    if (has_words) add_those_by_words();
    look_up_places(has_words);
    for (const auto& near : meant_.nearest) {
      if (!has_words || !meant_.of_words.contains(near.entity)) add_by_meaning(near, has_words);
    }
    const auto is_before = [](const Chosen& a, const Chosen& b) {
      return a.hit.place.is_before(b.hit.place);
    };
    std::ranges::sort(all_, is_before);
    Choice choice{.chosen = {}, .next = {}, .count = static_cast<std::int64_t>(all_.size())};
    for (auto& one : all_) {
      if (ask_.after && !ask_.after->is_before(one.hit.place)) continue;
      if (choice.chosen.size() == static_cast<std::size_t>(ask_.limit)) {
        choice.next = choice.chosen.back().hit.place;
        break;
      }
      choice.chosen.push_back(std::move(one));
    }
    return choice;
  }

 private:
  void add_those_by_words() {
    for (const auto& one : candidates_.by_words) {
      const double words = words_score(one.place.relevance, candidates_.reading.relevance_typical);
      const auto at = meant_.of_words.find(one.entity);
      add(one.place.number, words, at == meant_.of_words.end() ? nullptr : &at->second);
    }
  }

  void add_by_meaning(const ByMeaning& near, bool has_words) {
    if (has_words && meaning_score(near.cosine, meant_.usual) < kMeaningMin) return;
    const auto place = place_of(near.entity);
    if (!place || !is_taken(*place)) return;
    if (!has_words) return add(*place, std::nullopt, &near);
    auto relevance = candidates_.ranked.relevance_of(*place);
    if (!relevance) relevance = relevance_at(terms_, candidates_.reading, *place);
    add(*place, words_score(*relevance, candidates_.reading.relevance_typical), &near);
  }

  void add(std::int64_t place, std::optional<double> words, const ByMeaning* near) {
    Chosen chosen;
    chosen.hit.words = words;
    if (near != nullptr) {
      chosen.hit.meaning = meaning_score(near->cosine, meant_.usual);
      chosen.passage = near->passage;
    }
    if (words.value_or(0) > 0 && candidates_.reading.is_titled(place)) {
      chosen.hit.title_score = kTitleScore;
    }
    const auto& hit = chosen.hit;
    chosen.hit.place = {
        mixed_score(hit.words.value_or(0), hit.meaning.value_or(0), hit.title_score.value_or(0)),
        place};
    all_.push_back(std::move(chosen));
  }

  void look_up_places(bool has_words) {
    std::vector<Uuid> entities;
    for (const auto& near : meant_.nearest) {
      if (!has_words || !meant_.of_words.contains(near.entity)) entities.push_back(near.entity);
    }
    each_row_of(
        tx_, "SELECT entity, place FROM documents WHERE entity IN (", entities,
        [&](db::Rows& row) { places_.emplace(row.uuid(0).value_or(Uuid{}), row.integer(1)); });
  }

  std::optional<std::int64_t> place_of(const Uuid& entity) {
    const auto place = places_.find(entity);
    if (place == places_.end() || !candidates_.reading.library.has(place->second)) {
      return std::nullopt;
    }
    return place->second;
  }

  bool is_taken(std::int64_t place) {
    if (!candidates_.are_to_be_checked) return true;
    const auto& reading = candidates_.reading;
    return (reading.required.empty() || terms_.holds(reading, Rule::kRequired, place)) &&
           (reading.excluded.empty() || !terms_.holds(reading, Rule::kExcluded, place));
  }

  db::Tx& tx_;
  Terms& terms_;
  const Candidates& candidates_;
  const Meant& meant_;
  const Ask& ask_;
  std::unordered_map<Uuid, std::int64_t> places_;
  std::vector<Chosen> all_;
};

}  // namespace

Candidates candidates_of(IndexTx& index, std::string_view user_id, const Ask& ask) {
  auto& tx = index.tx;
  auto asked = ask;
  asked.texts_max = std::min(ask.texts_max, kSeenMax);
  Candidates candidates{
      .reading = read_query(index, user_id, asked), .from = ask.from, .to = ask.to};
  if (!tx.ok()) return candidates;
  if (ask.mode != Mode::kSemantic) {
    auto all = ask;
    all.limit = static_cast<int>(kByWordsMax);
    all.after.reset();
    candidates.ranked = rank(index.terms(), candidates.reading, all, /*keeps_seen=*/true);
    const auto places = std::exchange(candidates.ranked.places, {});
    std::vector<std::int64_t> numbers;
    for (const auto& place : places) numbers.push_back(place.number);
    std::unordered_map<std::int64_t, Uuid> entities;
    each_row_of(
        tx, "SELECT place, entity FROM documents WHERE place IN (", numbers,
        [&](db::Rows& row) { entities.emplace(row.integer(0), row.uuid(1).value_or(Uuid{})); });
    for (const auto& place : places) {
      const auto entity = entities.find(place.number);
      if (entity != entities.end()) candidates.by_words.push_back({place, entity->second});
    }
  }
  list_rules(index.terms(), candidates, ask.listed_max);
  return candidates;
}

Choice choose(IndexTx& index, const Candidates& candidates, const Meant& meant, const Ask& ask) {
  return Choosing(index, candidates, meant, ask).run();
}

}  // namespace synap::search

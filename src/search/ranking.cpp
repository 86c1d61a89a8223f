#include "search/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace synap::search {
namespace {

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

// Where the times of a query are asked for, beside its words.
bool has_times(const Ask& ask) {
  return ask.from != std::numeric_limits<std::int64_t>::min() ||
         ask.to != std::numeric_limits<std::int64_t>::max();
}

}  // namespace

Ranked rank(db::Tx& tx, const Reading& reading, const Ask& ask, bool keeps_seen) {
  Ranked ranked;
  const auto& expression = reading.expression;
  if (expression.text.empty()) {
    ranked.total = 0;
    return ranked;
  }
  const auto sql = fmt::format(
      "SELECT rowid, relevance(terms, $2) FROM terms WHERE terms MATCH $1 "
      "AND rowid BETWEEN $3 AND $4{} ORDER BY rowid DESC LIMIT $5",
      has_times(ask) ? " AND (SELECT updated_at FROM documents WHERE place = terms.rowid) "
                       "BETWEEN $6 AND $7"
                     : "");
  const auto lowest = std::max(expression.lowest, reading.library.lowest());
  std::vector<db::Value> values = {expression.text, db::Blob{reading.relevance}, lowest,
                                   reading.library.highest(), ask.texts_max + 1};
  if (has_times(ask)) {
    values.emplace_back(ask.from);
    values.emplace_back(ask.to - 1);
  }
  Best best(static_cast<std::size_t>(ask.limit) + 1, ask.after);
  {
    auto rows = tx.query_with(sql, values);
    while (rows.next()) {
      const Place place{rows.real(1), rows.integer(0)};
      best.offer(place);
      if (keeps_seen) ranked.seen.push_back({place.number, place.relevance});
    }
  }
  const bool is_cut = best.offered() > ask.texts_max;
  ranked.seen_to = is_cut && !ranked.seen.empty() ? ranked.seen.back().place : lowest;
  if (!expression.is_partial && best.offered() <= ask.texts_max) ranked.total = best.offered();
  ranked.places = best.take();
  ranked.has_more = ranked.places.size() > static_cast<std::size_t>(ask.limit);
  if (ranked.has_more) ranked.places.pop_back();
  return ranked;
}

std::optional<double> Ranked::relevance_of(std::int64_t place) const {
  if (place < seen_to) return std::nullopt;
  const auto at = std::ranges::lower_bound(seen, place, std::greater(), &Seen::place);
  return at != seen.end() && at->place == place ? at->relevance : 0;
}

double relevance_at(db::Tx& tx, const Reading& reading, std::int64_t place) {
  if (reading.expression.text.empty()) return 0;
  auto rows = tx.query("SELECT relevance(terms, $2) FROM terms WHERE terms MATCH $1 AND rowid = $3",
                       reading.expression.text, db::Blob{reading.relevance}, place);
  return rows.next() ? rows.real(0) : 0;
}

}  // namespace synap::search

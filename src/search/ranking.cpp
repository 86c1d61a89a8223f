#include "search/ranking.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace synap::search {
namespace {

// The best so many of those that come.
class Best {
 public:
  Best(std::size_t most, const std::optional<Place>& after) : most_(most), after_(after) {}

  void offer(const Place& place) {
    if (after_ && !after_->is_before(place)) return;
    if (places_.size() == most_ && !place.is_before(places_.front())) return;
    if (places_.size() == most_) {
      std::ranges::pop_heap(places_, is_better);
      places_.pop_back();
    }
    places_.push_back(place);
    std::ranges::push_heap(places_, is_better);
  }
  /// What is less relevant is none of them.
  double worst() const {
    return places_.size() == most_ ? places_.front().relevance
                                   : -std::numeric_limits<double>::infinity();
  }
  std::vector<Place> take() {
    std::ranges::sort(places_, is_better);
    return std::move(places_);
  }

 private:
  // So the worst is at the front of the heap.
  static bool is_better(const Place& a, const Place& b) { return a.is_before(b); }

  const std::size_t most_;
  const std::optional<Place>& after_;
  std::vector<Place> places_;
};

// Where the times of a query are asked for, beside its words.
std::optional<std::pair<std::int64_t, std::int64_t>> times_of(const Ask& ask) {
  if (!ask.has_times()) return std::nullopt;
  return std::pair(ask.from, ask.to);
}

}  // namespace

Ranked rank(Terms& terms, const Reading& reading, const Ask& ask, bool keeps_seen) {
  Ranked ranked;
  const auto& expression = reading.expression;
  if (expression.is_empty()) {
    ranked.total = 0;
    return ranked;
  }
  const Window window{.texts_max = reading.texts_max, .times = times_of(ask)};
  Best best(static_cast<std::size_t>(ask.limit) + 1, ask.after);
  // However old they are, and whatever is left out of what cannot be among the best by its words.
  for (const auto place : reading.titled) {
    const auto relevance = relevance_at(terms, reading, place);
    if (relevance > 0) best.offer({relevance, place});
  }
  const auto looked = terms.rank(reading, window, [&](std::int64_t place, double relevance) {
    if (reading.is_titled(place)) {
      relevance += reading.title_relevance(place);
    } else {
      best.offer({relevance, place});
    }
    if (!keeps_seen) return best.worst();
    ranked.seen.push_back({place, relevance});
    return -std::numeric_limits<double>::infinity();
  });
  std::ranges::sort(ranked.seen, std::greater(), &Ranked::Seen::place);
  ranked.seen_to = looked.is_cut && !ranked.seen.empty()
                       ? std::max(ranked.seen.back().place, looked.to)
                       : looked.to;
  const bool is_whole = !looked.is_cut && looked.to <= reading.library.lowest();
  if (!expression.is_partial && is_whole) ranked.total = looked.matches;
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

double relevance_at(Terms& terms, const Reading& reading, std::int64_t place) {
  if (reading.expression.is_empty()) return 0;
  const auto relevance = terms.relevance_at(reading, place);
  return relevance > 0 ? relevance + reading.title_relevance(place) : 0;
}

}  // namespace synap::search

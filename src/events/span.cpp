#include "events/span.h"

#include <algorithm>

namespace synap::events {
namespace {

// A filter that matches little would scan the whole log in one read; it goes on in the next one.
constexpr std::int64_t kScannedMax = 20'000;

// Whether rows may be walked over that do not match. Those of other users are not: an index leads.
bool may_match_little(const Filter& filter) {
  return !filter.types.empty() || filter.source || filter.actor || filter.from || filter.to;
}

// The first position whose event is of `time` or later, if timestamps were in order; behind the
// end if there is none. One look at a row for each doubling of the log.
std::int64_t first_since(db::Tx& tx, std::int64_t time, std::int64_t head) {
  std::int64_t low = 1;
  std::int64_t high = head + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    auto rows = tx.query("SELECT timestamp FROM events WHERE position = $1", middle);
    if (!rows.next()) break;
    if (rows.integer(0) < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

bool is_led_by_index(const Filter& filter) {
  return filter.aggregate_id || filter.correlation_id || filter.request_id;
}

Span Span::of(db::Tx& tx, const Filter& filter, std::int64_t head) {
  Span span;
  span.first = filter.after + 1;
  span.last = std::max(filter.after, std::min(head, filter.before - 1));
  const bool is_up = filter.order == Order::kOldestFirst;
  span.end = is_up ? span.last : span.first;
  if (is_led_by_index(filter)) return span;
  if (filter.from) {
    span.first = std::max(span.first, first_since(tx, *filter.from - kTimeSlackMs, head));
  }
  if (filter.to)
    span.last = std::min(span.last, first_since(tx, *filter.to + kTimeSlackMs, head) - 1);
  if (!may_match_little(filter) || span.last - span.first < kScannedMax) return span;
  span.is_cut = true;
  if (is_up) {
    span.last = span.first + kScannedMax - 1;
  } else {
    span.first = span.last - kScannedMax + 1;
  }
  return span;
}

}  // namespace synap::events

#include "events/sqlite/search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "events/sqlite/event_table.h"

namespace synap::events::sqlite {
namespace {

// A filter that matches little would scan the whole log in one read; it goes on in the next one.
constexpr std::int64_t kScannedMax = 20'000;

bool is_led_by_index(const Filter& filter) {
  return filter.aggregate_id || filter.correlation_id;
}

// Whether rows may be walked over that do not match. Those of other users are not: an index leads.
bool may_match_little(const Filter& filter) {
  return !filter.types.empty() || filter.request_id || filter.source || filter.actor ||
         filter.from || filter.to;
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

std::string Search::placeholder(const db::Value& value) {
  values_.push_back(value);
  return fmt::format("${}", values_.size());
}

void Search::add(std::string_view condition, const db::Value& value) {
  sql_.append(fmt::format(" AND {} {}", condition, placeholder(value)));
}

// The "+" keeps these from leading: there is no index of types, and none is worth its writes.
void Search::add_types(db::Tx& tx, Names& names, const std::vector<std::string>& patterns) {
  std::vector<std::string> any;
  for (const auto& pattern : patterns) {
    if (!pattern.ends_with('*')) {
      if (const auto number = names.find(tx, pattern))
        any.push_back("+type = " + placeholder(*number));
      continue;
    }
    // By the index of names; found once for the whole query. Behind the last that begins so: the
    // same with its last byte grown by one, which is a dot or "*" stood alone.
    const auto& begin = texts_.emplace_back(pattern.substr(0, pattern.size() - 1));
    if (begin.empty()) {
      any.emplace_back("TRUE");
      continue;
    }
    auto& end = texts_.emplace_back(begin);
    ++end.back();
    any.push_back(fmt::format("+type IN (SELECT number FROM names WHERE name >= {} AND name < {})",
                              placeholder(begin), placeholder(end)));
  }
  finds_nothing_ = finds_nothing_ || any.empty();
  if (!any.empty()) sql_.append(fmt::format(" AND ({})", fmt::join(any, " OR ")));
}

Search::Search(db::Tx& tx, Names& names, const Tenancy& tenancy, const Filter& filter,
               const Span& span)
    : sql_("SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE position BETWEEN $1 AND $2"),
      values_{span.first, span.last} {
  if (filter.aggregate_id) add("aggregate =", *filter.aggregate_id);
  if (filter.correlation_id) add("correlation =", *filter.correlation_id);
  if (filter.request_id) add("request =", *filter.request_id);
  if (filter.source) add("source =", static_cast<int>(*filter.source));
  if (filter.actor) add("actor =", *filter.actor);
  if (filter.from) add("timestamp >=", *filter.from);
  if (filter.to) add("timestamp <", *filter.to);
  if (tenancy.user_id()) {
    const auto number = names.find(tx, *tenancy.user_id());
    // Among the rows of one aggregate or correlation the user's index would only be a detour.
    add(is_led_by_index(filter) ? "+user =" : "user =", number.value_or(0));
    finds_nothing_ = !number;
  }
  if (!filter.types.empty()) add_types(tx, names, filter.types);
  // The same order within one stream, which its index has.
  const bool is_stream = filter.aggregate_id && !filter.correlation_id;
  sql_.append(fmt::format(" ORDER BY {} {} LIMIT {}", is_stream ? "aggregate_version" : "position",
                          filter.order == Order::kOldestFirst ? "ASC" : "DESC",
                          placeholder(filter.limit)));
}

}  // namespace synap::events::sqlite

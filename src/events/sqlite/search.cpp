#include "events/sqlite/search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "events/sqlite/event_table.h"

namespace synap::events::sqlite {

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

// A request is the root of its correlation, whose index has its events, unless it was made because
// of an event: such requests have an index of their own, whose condition must be said in its words.
void Search::add_request(db::Tx& tx, const Filter& filter) {
  add("request =", *filter.request_id);
  if (filter.aggregate_id || filter.correlation_id) return;
  auto caused =
      tx.query("SELECT 1 FROM events WHERE request = $1 AND request IS NOT correlation LIMIT 1",
               *filter.request_id);
  if (caused.next()) {
    sql_.append(" AND request IS NOT correlation");
  } else {
    add("correlation =", *filter.request_id);
  }
}

Search::Search(db::Tx& tx, Names& names, const Tenancy& tenancy, const Filter& filter,
               const Span& span)
    : sql_("SELECT " SYNAP_EVENT_COLUMNS " FROM events WHERE position BETWEEN $1 AND $2"),
      values_{span.first, span.last} {
  if (filter.aggregate_id) add("aggregate =", *filter.aggregate_id);
  if (filter.correlation_id) add("correlation =", *filter.correlation_id);
  if (filter.request_id) add_request(tx, filter);
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

#include "events/postgres/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "events/postgres/tables.h"

namespace synap::events::postgres {
namespace {

// Among SYNAP_POSTGRES_EVENT_COLUMNS, and behind them.
constexpr int kSalt = 18;
constexpr int kContentHash = 19;
constexpr int kLink = 20;

}  // namespace

EventRef RowReader::event_of(db::Rows& row) {
  EventFields event;
  event.position = row.integer(0);
  event.type = row.text(1);
  event.data_version = row.integer(2);
  event.user_id = row.text(3);
  event.aggregate_id = row.uuid(4);
  event.aggregate_type = row.text(5);
  event.aggregate_version = row.integer(6);
  event.source = static_cast<Source>(row.integer(7));
  if (!row.is_null(8)) {
    event.actor =
        Actor{static_cast<Actor::Kind>(row.integer(8)), row.text(9), row.optional_text(10)};
  }
  event.timestamp = row.integer(11);
  const auto id = row.uuid(12);
  event.id = id.value_or(Uuid{});
  event.correlation_id = row.uuid(13);
  event.causation_id = row.uuid(14);
  event.request_id = row.uuid(15);
  event.metadata = row.text(16);
  event.data = row.text(17);
  event.is_erased = row.is_null(kSalt);
  StoredProof proof{.has_id = id.has_value(), .content_hash = row.view(kContentHash)};
  if (!event.is_erased) proof.salt = row.view(kSalt);
  find_damage(event, proof);
  if (event.is_damaged()) report_.tell(event);
  return std::make_shared<const Event>(std::move(event));
}

StoredHashes stored_hashes(db::Rows& row) {
  return {.content = row.view(kContentHash), .link = row.view(kLink)};
}

std::string bounded(std::string_view columns, std::string_view select, std::string_view order,
                    std::int64_t bytes_max) {
  return fmt::format(
      "SELECT {0} FROM (SELECT *, sum(octet_length(data)) OVER (ORDER BY {2} ROWS UNBOUNDED "
      "PRECEDING) - octet_length(data) AS bytes_before FROM ({1}) AS found) AS measured "
      "WHERE bytes_before < {3} ORDER BY {2}",
      columns, select, order, bytes_max);
}

std::string Search::placeholder(const db::Value& value) {
  values_.push_back(value);
  return fmt::format("${}", values_.size());
}

void Search::add(std::string_view condition, const db::Value& value) {
  sql_.append(fmt::format(" AND {} {}", condition, placeholder(value)));
}

void Search::add_types(const std::vector<std::string>& patterns) {
  std::vector<std::string> any;
  for (const auto& pattern : patterns) {
    if (!pattern.ends_with('*')) {
      any.push_back("type = " + placeholder(pattern));
      continue;
    }
    // Behind the last that begins so: the same with its last byte grown by one, which is a dot or
    // "*" stood alone. The column compares bytes.
    const auto& begin = texts_.emplace_back(pattern.substr(0, pattern.size() - 1));
    if (begin.empty()) {
      any.emplace_back("TRUE");
      continue;
    }
    auto& end = texts_.emplace_back(begin);
    ++end.back();
    any.push_back(fmt::format("(type >= {} AND type < {})", placeholder(begin), placeholder(end)));
  }
  sql_.append(fmt::format(" AND ({})", fmt::join(any, " OR ")));
}

// A request is the root of its correlation, whose index has its events, unless it was made because
// of an event: such requests have an index of their own, whose condition must be said in its words.
void Search::add_request(db::Tx& tx, const Filter& filter) {
  add("request =", *filter.request_id);
  if (filter.aggregate_id || filter.correlation_id) return;
  auto caused = tx.query(
      "SELECT 1 FROM events WHERE request = $1 AND request IS DISTINCT FROM correlation LIMIT 1",
      *filter.request_id);
  if (caused.next()) {
    sql_.append(" AND request IS DISTINCT FROM correlation");
  } else {
    add("correlation =", *filter.request_id);
  }
}

Search::Search(db::Tx& tx, const Tenancy& tenancy, const Filter& filter, const Span& span,
               std::int64_t bytes_max)
    : sql_("SELECT * FROM events WHERE position BETWEEN $1 AND $2"),
      values_{span.first, span.last} {
  if (filter.aggregate_id) {
    values_.emplace_back(*filter.aggregate_id);
    sql_ = "SELECT events.* " SYNAP_POSTGRES_EVENTS_AT(
        "SELECT position AS place FROM stream_events WHERE aggregate = $3 AND position BETWEEN $1 "
        "AND $2") "WHERE TRUE";
  }
  if (filter.correlation_id) add("correlation =", *filter.correlation_id);
  if (filter.request_id) add_request(tx, filter);
  if (filter.source) add("source =", static_cast<int>(*filter.source));
  if (filter.actor) add("actor =", *filter.actor);
  if (filter.from) add("timestamp >=", *filter.from);
  if (filter.to) add("timestamp <", *filter.to);
  if (tenancy.user_id()) add("user_id =", *tenancy.user_id());
  if (!filter.types.empty()) add_types(filter.types);
  const std::string_view order =
      filter.order == Order::kOldestFirst ? "position ASC" : "position DESC";
  sql_.append(fmt::format(" ORDER BY {} LIMIT {}", order, placeholder(filter.limit)));
  sql_ = bounded(SYNAP_POSTGRES_EVENT_COLUMNS, sql_, order, bytes_max);
}

std::string Search::plan(db::Tx& tx) const {
  auto rows =
      tx.query_with("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + sql_, values_);
  std::string plan;
  while (rows.next()) plan.append(rows.view(0)).append("\n");
  return plan;
}

}  // namespace synap::events::postgres

// What must be true of a run engine that has come to rest, whatever happened to it before.
#include <fmt/format.h>

#include "engine_work/work.h"

namespace synap::engine_work {
namespace {

// Rows that must not be there, and what each would mean.
struct Rule {
  const char* what;
  const char* sql;              // counts them
  bool compares_times = false;  // of the wall clock
  bool has_example = false;     // in a second column
};

// `placed`, `announced`, `paid`, `failed`, ...: events of a type; `ends`: runs with their events.
constexpr Rule kRules[] = {
    {"a run has not come to an end", "SELECT count(*) FROM runs_data WHERE ended_at IS NULL"},
    {"a step that is pending is left", "SELECT count(*) FROM pending_steps_data"},
    {"a wait is left", "SELECT count(*) FROM waits_data"},
    {"a run has an end that it must not have",
     "SELECT count(*), min(function || ' ' || status || coalesce(' ' || error, '')) FROM runs_data "
     "WHERE status <> CASE function WHEN 'doomed' THEN 'failed' "
     "WHEN 'stuck' THEN 'cancelled' WHEN 'recalled' THEN 'cancelled' WHEN 'late' THEN "
     "iif(status = 'failed', 'completed', status) ELSE 'completed' END",
     false, true},
    {"a place of a run is left", "SELECT count(*) FROM run_places"},
    {"a deadline of a run is left", "SELECT count(*) FROM run_deadlines"},
    {"two runs of a shop were there at once",
     "SELECT count(*) FROM whole a JOIN whole b ON a.shop = b.shop AND b.number > a.number AND "
     "b.number < a.last"},
    {"a step had its effect twice",
     "SELECT count(*) FROM (SELECT 1 FROM effects GROUP BY run, step HAVING count(*) > 1)"},
    {"a run of one row has none",
     "SELECT count(*) FROM runs_data r WHERE function IN ('lone', 'line', 'once', 'quiet', "
     "'alone', "
     "'slow', "
     "'limited', 'heard', 'tick') AND NOT EXISTS (SELECT 1 FROM effects WHERE run = r.id)"},
    {"an order has not had all its effects",
     "SELECT count(*) FROM runs_data r WHERE function = 'order' AND (SELECT count(*) FROM effects "
     "WHERE run = r.id) <> 5"},
    {"a race had not one that was first",
     "SELECT count(*) FROM runs_data r WHERE function = 'order' AND (SELECT count(*) FROM effects "
     "WHERE run = r.id AND function = 'first') <> 2"},
    {"an order was not seen by each function once",
     "SELECT count(*) FROM told p JOIN (SELECT 'order' f UNION SELECT 'line' UNION "
     "SELECT 'whole' UNION SELECT 'lone' UNION SELECT 'recalled' UNION SELECT 'late') w WHERE "
     "p.type = "
     "'order.placed' AND (SELECT count(*) FROM runs_data WHERE event_position = p.position AND "
     "function = w.f) <> 1"},
    {"an announcement was not seen by each function once",
     "SELECT count(*) FROM told p JOIN (SELECT 'pay' f UNION SELECT 'signal') w WHERE p.type = "
     "'order.announced' AND (SELECT count(*) FROM runs_data WHERE event_position = p.position AND "
     "function = w.f) <> 1"},
    {"an event was not sent once for an order",
     "SELECT count(*) FROM told p JOIN (SELECT 'order.announced' t UNION SELECT 'order.paid') w "
     "WHERE p.type = 'order.placed' AND (SELECT count(*) FROM told s WHERE s.type = w.t AND "
     "s.number = p.number) <> 1"},
    {"a signal was not sent once",
     "SELECT count(*) FROM told p WHERE type = 'order.placed' AND (SELECT count(*) FROM told s "
     "WHERE s.type = 'signal.sent' AND json_extract(s.data, '$.signal') = 'go-' || p.number) <> 1"},
    {"a function was not invoked once for an order",
     "SELECT count(*) FROM told p WHERE type = 'order.placed' AND (SELECT count(*) FROM told s "
     "JOIN "
     "runs_data ON event_position = s.position AND function = 'price' WHERE s.type = "
     "'function.invoked' AND json_extract(s.data, '$.data.order') = p.number) <> 1 AND NOT EXISTS "
     "(SELECT 1 FROM told f "
     "WHERE f.type = 'function.failed' AND json_extract(f.data, '$.function') = 'price')"},
    {"a payment is not in one batch",
     "SELECT count(*) FROM told p WHERE type = 'order.paid' AND (SELECT count(*) FROM batched b "
     "WHERE b.position = p.position) <> 1"},
    {"a throttled payment has not one run",
     "SELECT count(*) FROM told p WHERE type = 'order.paid' AND (SELECT count(*) FROM runs_data "
     "WHERE event_position = p.position AND function = 'slow') <> 1"},
    {"a key of idempotency has not one run",
     "SELECT count(*) FROM (SELECT json_extract(p.data, '$.group') g, count(r.id) n FROM told p "
     "LEFT JOIN runs_data r ON r.event_position = p.position AND r.function = 'once' WHERE p.type "
     "= "
     "'order.placed' GROUP BY g) WHERE n <> 1",
     true},
    {"the last order of a shop has no run behind the quiet",
     "SELECT count(*) FROM (SELECT max(position) last FROM told WHERE type = 'order.placed' GROUP "
     "BY json_extract(data, '$.shop')) WHERE NOT EXISTS (SELECT 1 FROM runs_data WHERE "
     "event_position = last AND function = 'quiet')",
     true},
    {"two runs of a singleton were there at once",
     "SELECT count(*) FROM alone a JOIN alone b ON a.shop = b.shop AND a.position < b.position "
     "WHERE b.created_at < a.ended_at",
     true},
    {"a rate was exceeded",
     "SELECT count(*) FROM limited a WHERE (SELECT count(*) FROM limited b WHERE b.shop = a.shop "
     "AND b.created_at >= a.created_at AND b.created_at < a.created_at + 1000) > 7",
     true},
    {"a tick has not one run",
     "SELECT count(*) FROM told p WHERE type = 'function.scheduled' AND (SELECT count(*) FROM "
     "runs_data WHERE event_position = p.position AND function = 'tick') <> 1"},
    {"a tick came twice",
     "SELECT count(*) FROM (SELECT 1 FROM told WHERE type = 'function.scheduled' GROUP BY "
     "json_extract(data, '$.scheduledAt') HAVING count(*) > 1)",
     true},
    // One that was suspected of taking its process with it was tried again (attend()), and may have
    // failed of itself then.
    {"an end was not told once",
     "SELECT count(*), max(function || ' ' || id || ' ' || status || ', told ' || times || ' "
     "times') "
     "FROM (SELECT *, (SELECT count(*) FROM told WHERE type = 'function.' || status AND "
     "json_extract(data, '$.runId') = id AND (is_suspected OR data NOT LIKE '%It was done "
     "alone%')) "
     "times FROM (SELECT function, status, coalesce(error, '') LIKE '%It was done alone%' "
     "is_suspected, lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || "
     "substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)) id "
     "FROM runs_data WHERE status IN ('failed', 'cancelled'))) WHERE times <> 1",
     false, true},
    {"a failure was not heard once",
     "SELECT count(*) FROM told p WHERE type = 'function.failed' AND (SELECT count(*) FROM "
     "runs_data WHERE event_position = p.position AND function = 'heard') <> 1"},
    {"a condition has let another order through",
     "SELECT count(*) FROM told p WHERE type = 'order.placed' AND (SELECT count(*) FROM runs_data "
     "WHERE event_position = p.position AND function IN ('doomed', 'stuck')) <> (p.number % 10 IN "
     "(1, 2))"},
    {"a line was out of order",
     "SELECT count(*) FROM (SELECT position, lag(position) OVER (PARTITION BY lane ORDER BY "
     "number) "
     "before FROM (SELECT e.number, r.event_position position, r.lane FROM effects e JOIN "
     "runs_data "
     "r ON r.id = e.run WHERE r.function = 'line')) WHERE position < before"},
};

// Tables of what is asked for again and again: the views of the log would be slow.
constexpr std::string_view kPrepare[] = {
    "CREATE TABLE told AS SELECT position, names.name AS type, data, json_extract(data, '$.order') "
    "AS number FROM events JOIN names ON names.number = events.type",
    "CREATE INDEX told_by_number ON told(type, number)",
    "CREATE TABLE alone AS SELECT json_extract(told.data, '$.shop') shop, told.position, "
    "created_at, ended_at FROM runs_data JOIN told ON told.position = event_position WHERE "
    "function "
    "= 'alone'",
    "CREATE INDEX alone_by_shop ON alone(shop, position)",
    "CREATE TABLE limited AS SELECT json_extract(told.data, '$.shop') shop, created_at FROM "
    "runs_data JOIN told ON told.position = event_position WHERE function = 'limited'",
    "CREATE INDEX limited_by_shop ON limited(shop, created_at)",
    "CREATE TABLE whole AS SELECT json_extract(told.data, '$.shop') shop, min(effects.number) "
    "number, max(effects.number) last FROM effects JOIN runs_data ON runs_data.id = effects.run "
    "JOIN told ON told.position = event_position WHERE effects.function = 'whole' GROUP BY "
    "effects.run",
    "CREATE INDEX whole_by_shop ON whole(shop, number)",
    "CREATE INDEX batched_by_position ON batched(position)",
    "CREATE INDEX effects_by_run ON effects(run, step)",
};

void drop_tables(db::Tx& tx) {
  for (const auto* name : {"told", "alone", "limited", "whole"}) {
    tx.run(std::string("DROP TABLE IF EXISTS ") + name);
  }
  tx.run("DROP INDEX IF EXISTS batched_by_position");
  tx.run("DROP INDEX IF EXISTS effects_by_run");
}

}  // namespace

Task<std::vector<std::string>> Work::judge(std::vector<std::int64_t> placed, bool was_clock_set) {
  std::vector<std::string> wrong;
  const auto prepared = co_await database_.write([](db::Tx& tx) {
    drop_tables(tx);
    for (const auto sql : kPrepare) tx.run(sql);
  });
  if (!prepared) co_return std::vector<std::string>{prepared.error().message};
  for (const auto& [what, sql, compares_times, has_example] : kRules) {
    if (compares_times && was_clock_set) continue;
    std::string example;  // where the rule gives one
    const auto found = co_await database_.read_at_start([&](db::Tx& tx) {
      auto rows = tx.query(sql);
      if (!rows.next()) return std::int64_t{-1};
      if (has_example && !rows.is_null(1)) example = ", as " + rows.text(1);
      return rows.integer(0);
    });
    if (!found) {
      wrong.push_back(fmt::format("{} cannot be counted: {}", what, found.error().message));
    } else if (*found != 0) {
      wrong.push_back(fmt::format("{}: {} times{}", what, *found, example));
    }
  }
  for (const auto number : placed) {
    const auto found = co_await count(fmt::format(
        "SELECT count(*) FROM told WHERE type = 'order.placed' AND number = {}", number));
    if (!found || *found != 1) {
      wrong.push_back(fmt::format("order {} is there {} times", number, found.value_or(-1)));
    }
  }
  co_return wrong;
}

}  // namespace synap::engine_work

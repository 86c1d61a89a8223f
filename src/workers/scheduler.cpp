#include "workers/scheduler.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/first_of.h"
#include "base/log.h"
#include "bus/function_events.h"
#include "cron/jitter.h"
#include "events/trace.h"

namespace synap::workers {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTables = R"(
CREATE TABLE cron_ticks(
  function TEXT NOT NULL,
  cron TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  fire_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY(function, cron)
) STRICT, WITHOUT ROWID;
CREATE INDEX cron_ticks_due ON cron_ticks(fire_at);
)";

constexpr milliseconds kRetry(1'000);
constexpr milliseconds kClockMax(1'000);  // how late a jump of the clock is noticed at most
constexpr std::int64_t kSetBackMs = 3'600'000;
constexpr std::int64_t kMissedMax = 10'000;  // that are counted: 30 ms, a week of minutes
constexpr std::int64_t kLateMs = 60'000;  // a tick that is later was missed by a pod that was away
// As fire_at also of a tick whose function is gone; next_at says when it would have been.
constexpr std::int64_t kNever = INT64_MAX;

const bus::Function::Cron* cron_of(const bus::Function& function, std::string_view text) {
  const auto found = std::ranges::find(function.schedules, text, &bus::Function::Cron::text);
  return found != function.schedules.end() ? &*found : nullptr;
}

// The last tick up to `now` of those behind `from`, of which there is one: by halves, however many
// there are.
std::int64_t last_tick(const cron::Schedule& schedule, std::int64_t from, std::int64_t now) {
  const auto next = [&](std::int64_t after) { return schedule.next(after).value_or(kNever); };
  auto before = from;
  for (auto behind = now; behind - before > 1'000;) {
    const auto middle = before + (behind - before) / 2;
    (next(middle) <= now ? before : behind) = middle;
  }
  return next(before);
}

}  // namespace

std::vector<db::Database::Migration> Scheduler::migrations() {
  return {{"cron.1", kTables}};
}

Task<void> Scheduler::follow(std::stop_token stop) {
  auto& changes = dispatcher_.functions().changes();
  while (!stop.stop_requested()) {
    const auto seen = changes.value();
    auto done = co_await take_in_functions();
    if (done) done = co_await fire_due();
    if (!done) {
      write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                        "functions cannot be run by their schedules: {error}",
                        {{"error", done.error().message}});
      co_await world_.sleep_for(kRetry, stop);
      continue;
    }
    if (!next_fire_) {
      co_await changes.wait_past(seen, stop);
      continue;
    }
    const auto wait = std::clamp(milliseconds(*next_fire_ - dispatcher_.clock().wall()),
                                 milliseconds(1), kClockMax);
    co_await first_of(
        stop, [&](std::stop_token over) { return changes.wait_past(seen, over); },
        [&](std::stop_token over) { return world_.sleep_for(wait, over); });
  }
}

std::int64_t Scheduler::fire_at(const bus::Function::Cron& cron, const std::string& function,
                                std::int64_t at) {
  if (at == kNever || cron.jitter_ms == 0) return at;
  return at + cron::jitter_ms(cron.jitter_ms, function + " " + std::to_string(at));
}

// New schedules begin now, and those of functions that have come back where they were; what a
// function has no more goes. Those of functions that are not there stay, and nobody looks at them.
Task<Result<>> Scheduler::take_in_functions() {
  auto now_set = dispatcher_.functions().now();
  if (now_set == set_) co_return Result<>{};
  std::vector<bus::FunctionPtr> changed;
  for (const auto& function : now_set->all()) {
    if (set_ == nullptr || set_->find(function->id) != function) changed.push_back(function);
  }
  const auto known = co_await database_.read([&](db::Tx& tx) {
    std::map<std::string, std::vector<Row>> found;
    for (const auto& function : changed) {
      auto rows =
          tx.query("SELECT cron, next_at, fire_at, last_at FROM cron_ticks WHERE function = $1",
                   function->id);
      while (rows.next()) {
        found[function->id].push_back(
            {function->id, rows.text(0), rows.integer(1), rows.integer(2), rows.integer(3)});
      }
    }
    return found;
  });
  if (!known) co_return fail(known.error());
  const auto now = dispatcher_.clock().wall();
  std::vector<Row> added;  // or back
  std::vector<Row> gone;
  for (const auto& function : changed) {
    const auto of_function = known->find(function->id);
    const auto rows = of_function != known->end() ? of_function->second : std::vector<Row>{};
    for (const auto& cron : function->schedules) {
      const auto row = std::ranges::find(rows, cron.text, &Row::cron);
      if (row != rows.end() && row->fire_at < kNever) continue;
      const auto next = row != rows.end() ? row->next_at : cron.schedule.next(now).value_or(kNever);
      added.push_back({function->id, cron.text, next, fire_at(cron, function->id, next), 0});
    }
    for (const auto& row : rows) {
      if (cron_of(*function, row.cron) == nullptr) gone.push_back(row);
    }
  }
  if (!added.empty() || !gone.empty()) {
    auto stored = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      for (const auto& row : added) {
        tx.run(
            "INSERT INTO cron_ticks(function, cron, next_at, fire_at, last_at) "
            "VALUES ($1, $2, $3, $4, $5) ON CONFLICT(function, cron) DO UPDATE SET fire_at = $4",
            row.function, row.cron, row.next_at, row.fire_at, row.last_at);
      }
      for (const auto& row : gone) {
        tx.run("DELETE FROM cron_ticks WHERE function = $1 AND cron = $2", row.function, row.cron);
      }
    });
    if (!stored) co_return stored;
  }
  set_ = std::move(now_set);
  co_return Result<>{};
}

Task<Result<>> Scheduler::fire_due() {
  const auto now = dispatcher_.clock().wall();
  // So far back that ticks of the past are in the future: then all are looked at.
  const bool is_set_back = now < seen_at_ - kSetBackMs;
  seen_at_ = now;
  auto rows = co_await database_.read([&](db::Tx& tx) {
    std::vector<Row> found;
    {
      auto row = tx.query(
          "SELECT function, cron, next_at, fire_at, last_at FROM cron_ticks WHERE fire_at <= $1",
          is_set_back ? kNever : now);
      while (row.next()) {
        found.push_back({row.text(0), row.text(1), row.integer(2), row.integer(3), row.integer(4)});
      }
    }
    auto next = tx.query(
        "SELECT fire_at FROM cron_ticks WHERE fire_at > $1 AND fire_at < $2 ORDER BY fire_at LIMIT "
        "1",
        now, kNever);
    next_fire_.reset();
    if (next.next()) next_fire_ = next.integer(0);
    return found;
  });
  if (!rows) co_return fail(rows.error());
  std::vector<Row> gone;
  for (const auto& row : *rows) {
    const auto function = set_->find(row.function);
    const auto* cron = function != nullptr ? cron_of(*function, row.cron) : nullptr;
    if (cron == nullptr) {
      if (row.fire_at < kNever) gone.push_back(row);
      continue;
    }
    if (row.fire_at > now && row.last_at <= now + kSetBackMs) continue;
    if (auto fired = co_await fire(row, function, *cron); !fired) co_return fired;
    next_fire_ = now;  // to be looked at again
  }
  if (gone.empty()) co_return Result<>{};
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    for (const auto& row : gone) {
      tx.run(
          "UPDATE cron_ticks SET fire_at = $4 WHERE function = $1 AND cron = $2 AND next_at = $3",
          row.function, row.cron, row.next_at, kNever);
    }
  });
}

Scheduler::Tick Scheduler::tick_of(const Row& row, const bus::Function::Cron& cron) const {
  Tick tick{.at = row.next_at};
  const auto now = dispatcher_.clock().wall();
  if (now - row.fire_at < kLateMs + cron.jitter_ms) {
    // The pod is here: ticks that jitter puts behind the next ones have their own turn.
    tick.next_at = cron.schedule.next(tick.at).value_or(kNever);
    return tick;
  }
  for (;;) {
    tick.next_at = cron.schedule.next(tick.at).value_or(kNever);
    if (tick.next_at > now) return tick;
    if (tick.missed == kMissedMax) break;
    tick.at = tick.next_at;
    ++tick.missed;
  }
  tick.at = last_tick(cron.schedule, tick.at, now);
  tick.next_at = cron.schedule.next(now).value_or(kNever);
  return tick;
}

Task<Result<>> Scheduler::fire(const Row& row, const bus::FunctionPtr& function,
                               const bus::Function::Cron& cron) {
  const auto now = dispatcher_.clock().wall();
  const bool is_due = row.fire_at <= now;
  Tick tick{.at = 0, .next_at = cron.schedule.next(now).value_or(kNever)};
  std::optional<events::NewEvent> event;
  TraceContext trace;
  if (is_due) {
    tick = tick_of(row, cron);
    events::Envelope envelope;
    envelope.user_id = *function->user_id;
    envelope.source = events::Source::kSystem;
    if (tracer_ != nullptr) trace = tracer_->begin({});
    if (trace.is_sampled) events::set_trace(envelope, trace);
    auto made = types_.make(bus::kFunctionScheduled,
                            bus::Tick{function->id, cron.text, to_iso8601(tick.at), tick.missed},
                            std::move(envelope));
    if (!made) co_return fail(made.error());
    event = std::move(*made);
  }
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    const std::int64_t changed = tx.run(
        "UPDATE cron_ticks SET next_at = $3, fire_at = $4, last_at = $5 WHERE function = $1 AND "
        "cron = $2 AND next_at = $6",
        row.function, row.cron, tick.next_at, fire_at(cron, row.function, tick.next_at), tick.at,
        row.next_at);
    if (changed == 0 || !event) return;
    const auto appended = log_.append(tx, {.events = {*event}});
    if (!appended.events.empty()) dispatcher_.start(tx, function, *appended.events.front());
    if (!trace.is_sampled) return;
    tx.on_commit([this, trace, id = function->id] {
      const auto us = tracer_->unix_us();
      tracer_->end(
          {.context = trace, .name = "schedule " + id, .begin_unix_us = us, .end_unix_us = us});
    });
  });
}

}  // namespace synap::workers

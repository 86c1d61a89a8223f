#include "workers/run_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/first_of.h"
#include "base/log.h"

namespace synap::workers {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTables = R"(
-- Runs of functions that have so many at a time: those that have a place, and those that wait for
-- one. `most`: how many may be there, as the function said when the run was to begin.
CREATE TABLE run_places(
  run BLOB PRIMARY KEY,
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  most INTEGER NOT NULL,
  has_place INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  line BLOB NOT NULL,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_places_by_key
  ON run_places(function, user_id, key, has_place, rank, position, run);
-- Until when a run is to begin, or to end, by the clock of jobs.
CREATE TABLE run_deadlines(
  run BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  has_begun INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  due_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_deadlines_due ON run_deadlines(due_at);
)";

constexpr int kDueMax = 50;
// How many runs one that ends lets go, where a function was given more places.
constexpr int kHandedOnMax = 100;
constexpr milliseconds kRetry(1'000);
constexpr milliseconds kClockMax(200);  // how late a jump of the clock is noticed at most

// The keys of the limits of calls stand before it.
std::string key_of(const bus::Job& job) {
  const auto index = job.function->flow.concurrency.size();
  return index < job.limit_keys.size() ? job.limit_keys[index] : std::string();
}

Error error_of(bool has_begun, std::int64_t timeout_ms) {
  return {Code::kTimeout,
          fmt::format("The run had not {} within {} ms (timeouts.{})",
                      has_begun ? "ended" : "begun", timeout_ms, has_begun ? "finish" : "start"),
          nullptr};
}

}  // namespace

std::vector<db::Database::Migration> RunLimits::migrations() {
  return {{"run_limits.1", kTables}};
}

void RunLimits::put_deadline(db::Tx& tx, const bus::Job& job, bool has_begun,
                             milliseconds timeout) {
  const auto due_at = jobs_.clock().now() + timeout.count();
  jobs_.keep_clock(tx);
  tx.run(
      "INSERT INTO run_deadlines(run, user_id, has_begun, timeout_ms, due_at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT(run) DO UPDATE SET has_begun = $3, "
      "timeout_ms = $4, due_at = $5",
      job.run_id, job.user_id, has_begun ? 1 : 0, timeout.count(), due_at);
  tx.on_commit([this, due_at] {
    if (due_at < next_due_) look_again();
  });
}

void RunLimits::note_made(db::Tx& tx, const bus::Job& job) {
  if (const auto& start = job.function->flow.timeouts.start) put_deadline(tx, job, false, *start);
}

Task<Result<bool>> RunLimits::has_begun(const bus::Job& job) {
  co_return co_await database_.read([&](db::Tx& tx) {
    const auto& flow = job.function->flow;
    bool has_place = !flow.run_concurrency;
    if (!has_place) {
      auto rows = tx.query("SELECT has_place FROM run_places WHERE run = $1", job.run_id);
      has_place = rows.next() && rows.integer(0) != 0;
    }
    auto rows = tx.query("SELECT has_begun FROM run_deadlines WHERE run = $1", job.run_id);
    const bool has_deadline = rows.next();
    const bool is_begun = has_deadline && rows.integer(0) != 0;
    return has_place && (flow.timeouts.finish ? is_begun : !has_deadline || is_begun);
  });
}

Task<Result<bool>> RunLimits::begin(const bus::Job& job) {
  const auto& flow = job.function->flow;
  if (!flow.has_run_limits()) co_return true;
  // New ones have not, and take their places in the order in which they come here.
  if (job.may_have_results) {
    const auto begun = co_await has_begun(job);
    if (!begun || *begun) co_return begun;
  }
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    if (!jobs_.holds(tx, job)) return false;
    if (flow.run_concurrency && !take_place(tx, job)) {
      jobs_.park(tx, job, std::nullopt);
      return false;
    }
    if (flow.timeouts.finish) {
      put_deadline(tx, job, true, *flow.timeouts.finish);
    } else {
      tx.run("DELETE FROM run_deadlines WHERE run = $1", job.run_id);
    }
    return true;
  });
}

bool RunLimits::take_place(db::Tx& tx, const bus::Job& job) {
  const Places places{job.function->id, job.user_id, key_of(job)};
  {
    auto rows = tx.query("SELECT has_place FROM run_places WHERE run = $1", job.run_id);
    if (rows.next() && rows.integer(0) != 0) return true;
  }
  const auto limit = job.function->flow.run_concurrency->limit;
  const bool is_taken = has_place(tx, places, limit);
  tx.run(
      "INSERT INTO run_places(run, function, user_id, key, most, has_place, rank, line, position) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
      "ON CONFLICT(run) DO UPDATE SET key = $4, most = $5, has_place = $6",
      job.run_id, places.function, places.user_id, places.key, limit, is_taken ? 1 : 0, job.rank,
      job.line, job.position);
  return is_taken;
}

bool RunLimits::has_place(db::Tx& tx, const Places& places, std::int64_t limit) const {
  auto rows = tx.query(
      "SELECT 1 FROM run_places WHERE function = $1 AND user_id = $2 AND key = $3 AND "
      "has_place = 1 LIMIT 1 OFFSET $4",
      places.function, places.user_id, places.key, limit - 1);
  return !rows.next();
}

void RunLimits::note_ended(db::Tx& tx, const Uuid& run_id) {
  tx.run("DELETE FROM run_deadlines WHERE run = $1", run_id);
  Places places;
  std::int64_t most = 0;
  {
    auto rows = tx.query(
        "DELETE FROM run_places WHERE run = $1 RETURNING has_place, function, user_id, key, most",
        run_id);
    if (!rows.next() || rows.integer(0) == 0) return;
    places = {rows.text(1), rows.text(2), rows.text(3)};
    most = rows.integer(4);
    rows.next();
  }
  hand_on(tx, places, most);
}

// `most`: what holds while the function is gone.
void RunLimits::hand_on(db::Tx& tx, const Places& places, std::int64_t most) {
  if (const auto function = functions_.find(places.function)) {
    const auto& limit = function->flow.run_concurrency;
    // Without a limit all may go: each that ends lets some.
    most = limit ? limit->limit : INT64_MAX;
  }
  for (int i = 0; i < kHandedOnMax; ++i) {
    if (most < INT64_MAX && !has_place(tx, places, most)) return;
    bus::Job next;
    {
      auto rows = tx.query(
          "SELECT run, line, position FROM run_places WHERE function = $1 AND user_id = $2 AND "
          "key = $3 AND has_place = 0 ORDER BY rank, position, run LIMIT 1",
          places.function, places.user_id, places.key);
      if (!rows.next()) return;
      next.run_id = rows.uuid(0).value_or(Uuid{});
      next.line = rows.uuid(1).value_or(Uuid{});
      next.position = rows.integer(2);
    }
    tx.run("UPDATE run_places SET has_place = 1 WHERE run = $1", next.run_id);
    jobs_.wake(tx, next);
  }
}

Task<void> RunLimits::follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = changes_.value();
    next_due_ = INT64_MAX;  // whatever is put from here on wakes
    const auto more = co_await cancel_due();
    if (!more) {
      write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                        "runs whose time is over cannot be cancelled: {error}",
                        {{"error", more.error().message}});
      co_await world_.sleep_for(kRetry, stop);
      continue;
    }
    if (*more) continue;
    const auto changed = [&](std::stop_token over) { return changes_.wait_past(seen, over); };
    const auto due_at = next_due_.load();
    if (due_at == INT64_MAX) {
      co_await changed(stop);
      continue;
    }
    const auto wait =
        std::clamp(milliseconds(due_at - jobs_.clock().now()), milliseconds(1), kClockMax);
    co_await first_of(stop, changed,
                      [&](std::stop_token over) { return world_.sleep_for(wait, over); });
  }
}

Task<Result<bool>> RunLimits::cancel_due() {
  struct Due {
    Uuid run_id;
    std::string user_id;
    bool has_begun = false;
    std::int64_t timeout_ms = 0;
  };
  const auto now = jobs_.clock().now();
  std::int64_t next = INT64_MAX;
  auto found = co_await database_.read([&](db::Tx& tx) {
    std::vector<Due> due;
    next = INT64_MAX;
    auto rows = tx.query(
        "SELECT run, user_id, has_begun, timeout_ms, due_at FROM run_deadlines ORDER BY due_at "
        "LIMIT $1",
        std::int64_t{kDueMax});
    while (rows.next()) {
      if (rows.integer(4) > now) {
        next = rows.integer(4);
        break;
      }
      due.push_back(
          {rows.uuid(0).value_or(Uuid{}), rows.text(1), rows.integer(2) != 0, rows.integer(3)});
    }
    return due;
  });
  if (!found) co_return fail(found.error());
  next_due_ = next;
  for (const auto& due : *found) {
    auto done = co_await cancel_(due.user_id, due.run_id, error_of(due.has_begun, due.timeout_ms));
    const bool has_ended =
        !done && (done.error().code == Code::kConflict || done.error().code == Code::kNotFound);
    if (has_ended) {
      done = co_await database_.write(db::Lane::kBackground,
                                      [&](db::Tx& tx) { note_ended(tx, due.run_id); });
    }
    if (!done) co_return fail(done.error());
  }
  co_return !found->empty();
}

}  // namespace synap::workers

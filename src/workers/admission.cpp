#include "workers/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/first_of.h"
#include "base/log.h"
#include "bus/function_events.h"

namespace synap::workers {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTables = R"(
-- Until when a key has used up what it may (GCRA: the theoretical time of arrival).
CREATE TABLE flow_rates(
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY(function, user_id, kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_rates_by_time ON flow_rates(until);
-- Events that wait for quiet.
CREATE TABLE flow_debounces(
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  position INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY(function, user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_debounces_due ON flow_debounces(due_at);
-- Batches that are not begun; their events are in run_events.
CREATE TABLE flow_batches(
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  run BLOB NOT NULL,
  position INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  PRIMARY KEY(function, user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_batches_due ON flow_batches(due_at);
-- The run that was begun last; it holds the key until it has ended.
CREATE TABLE flow_singletons(
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  run BLOB NOT NULL,
  PRIMARY KEY(function, user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_singletons_by_run ON flow_singletons(run);
)";

constexpr std::size_t kPageMax = 100;
constexpr std::size_t kUsersMax = 25;
constexpr milliseconds kSliceMax(5);  // for the expressions of all but one user
constexpr std::int64_t kBackMax = 500;
constexpr int kDueMax = 50;
constexpr milliseconds kRetry(1'000);
constexpr milliseconds kClockMax(200);  // how late a jump of the clock is noticed at most
constexpr std::int64_t kBatchBytesMax = 10 << 20;
constexpr std::int64_t kGoneMs = std::int64_t{1}
                                 << 52;  // how far rows of gone functions are put off

// So that what is put off is found by the function that comes back.
constexpr std::string_view kPutOff = R"(
CREATE INDEX flow_debounces_gone ON flow_debounces(function) WHERE due_at >= 4503599627370496;
CREATE INDEX flow_batches_gone ON flow_batches(function) WHERE due_at >= 4503599627370496;
)";
static_assert(kGoneMs == 4'503'599'627'370'496);

// What waits for the return of its function, of each table: which rows do, how one comes back, and
// how it is named.
struct PutAway {
  std::string_view table;
  std::string_view is_gone;
  std::string_view comes_back;
  std::string_view key;
};
constexpr PutAway kPutAway[] = {
    {"admissions", "is_gone = 1", "is_gone = 0", "is_gone, user_id, position, function"},
    {"flow_debounces", "due_at >= 4503599627370496", "due_at = due_at - 4503599627370496",
     "function, user_id, key"},
    {"flow_batches", "due_at >= 4503599627370496", "due_at = due_at - 4503599627370496",
     "function, user_id, key"},
};

// By the index of these rows alone.
std::string rows_of_function(const PutAway& what) {
  return fmt::format("{0} INDEXED BY {0}_gone WHERE {1} AND function = $1", what.table,
                     what.is_gone);
}

}  // namespace

std::vector<db::Database::Migration> Admission::migrations() {
  return {{"flow.1", kTables}, {"flow.2", kPutOff}};
}

Task<void> Admission::follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = dispatcher_.admissions().value();
    const auto seen_functions = dispatcher_.functions().changes().value();
    if (auto now_set = dispatcher_.functions().now(); now_set != set_) {
      for (const auto& function : now_set->all()) {
        if (set_ == nullptr || set_->find(function->id) == nullptr) come_.push_back(function->id);
      }
      set_ = std::move(now_set);
      if (!come_.empty()) next_due_ = 0;  // what waited for them may be due
    }
    auto more = co_await look();
    // Also while there is always something to look at.
    if (more && (!*more || (next_due_ && *next_due_ <= now()))) {
      const auto begun = co_await begin_due();
      more = begun ? Result<bool>(*more || *begun) : fail(begun.error());
    }
    if (!more) {
      write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                        "events cannot be looked at before they have runs: {error}",
                        {{"error", more.error().message}});
      co_await world_.sleep_for(kRetry, stop);
      continue;
    }
    if (*more) continue;
    const auto woken = [&](std::stop_token over) {
      return dispatcher_.admissions().wait_past(seen, over);
    };
    const auto changed = [&](std::stop_token over) {
      return dispatcher_.functions().changes().wait_past(seen_functions, over);
    };
    if (!next_due_) {
      co_await first_of(stop, woken, changed);
      continue;
    }
    const auto wait = std::clamp(milliseconds(*next_due_ - now()), milliseconds(1), kClockMax);
    co_await first_of(stop, woken, changed,
                      [&](std::stop_token over) { return world_.sleep_for(wait, over); });
  }
}

// Some of each user who has some: those behind the one who was looked at last, and around.
Task<Result<std::vector<Admission::Row>>> Admission::next_rows() {
  co_return co_await database_.read([&](db::Tx& tx) {
    std::vector<std::string> users;
    for (const bool is_around : {false, true}) {
      std::string after = is_around ? "" : looked_at_user_;
      while (users.size() < kUsersMax) {
        auto row = tx.query(
            "SELECT user_id FROM admissions WHERE is_gone = 0 AND user_id > $1 ORDER BY user_id "
            "LIMIT 1",
            after);
        if (!row.next()) break;
        after = row.text(0);
        if (is_around && after > looked_at_user_) break;
        users.push_back(after);
      }
    }
    std::vector<Row> found;
    for (auto& user_id : users) {
      auto row = tx.query(
          "SELECT position, function, due_at FROM admissions WHERE is_gone = 0 AND user_id = $1 "
          "ORDER BY position, function LIMIT $2",
          user_id, static_cast<std::int64_t>(kPageMax / users.size()));
      while (row.next()) {
        found.push_back({user_id, row.integer(0), row.text(1), row.integer(2)});
      }
    }
    return found;
  });
}

// True: there was something, and there may be more. What an expression costs is its user's: the
// next slice begins behind him.
Task<Result<bool>> Admission::look() {
  auto rows = co_await next_rows();
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return false;
  std::vector<Judged> all;
  std::vector<Row> gone;
  const auto began = world_.now();
  for (auto& row : *rows) {
    if (row.user_id != looked_at_user_ && world_.now() - began > kSliceMax) break;
    looked_at_user_ = row.user_id;
    Judged judged{.due_at = row.due_at};
    judged.function = set_->find(row.function);
    if (judged.function == nullptr) {
      gone.push_back(std::move(row));
      continue;
    }
    auto event = co_await log_.at(row.position);
    if (!event) co_return fail(event.error());
    judged.event = std::move(*event);
    judged.verdict = judge(*judged.function, *judged.event, false, world_.unix_ms());
    all.push_back(std::move(judged));
  }
  auto done = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    for (const auto& judged : all) settle(tx, judged);
    for (const auto& row : gone) {
      tx.run(
          "UPDATE admissions SET is_gone = 1 WHERE is_gone = 0 AND user_id = $1 AND position = $2 "
          "AND function = $3",
          row.user_id, row.position, row.function);
    }
  });
  if (!done) co_return fail(done.error());
  co_return true;
}

// What was put away since its function was gone, for those that have come; what others left stays
// where it is, and costs nothing. True: there was some.
Task<Result<bool>> Admission::take_back() {
  if (come_.empty()) co_return false;
  auto back = co_await database_.read([&](db::Tx& tx) {
    std::vector<std::pair<std::string, const PutAway*>> found;
    for (const auto& what : kPutAway) {
      const auto sql = fmt::format("SELECT 1 FROM {} LIMIT 1", rows_of_function(what));
      for (const auto& function : come_) {
        if (tx.query(sql, function).next()) found.emplace_back(function, &what);
      }
    }
    return found;
  });
  if (!back) co_return fail(back.error());
  for (const auto& [function, what] : *back) {
    const auto sql = fmt::format("UPDATE {0} SET {1} WHERE ({2}) IN (SELECT {2} FROM {3} LIMIT $2)",
                                 what->table, what->comes_back, what->key, rows_of_function(*what));
    for (std::int64_t changed = kBackMax; changed == kBackMax;) {
      auto done = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) -> std::int64_t {
        return tx.run(sql, function, kBackMax);
      });
      if (!done) co_return fail(done.error());
      changed = *done;
    }
  }
  come_.clear();
  co_return !back->empty();
}

void Admission::settle(db::Tx& tx, const Judged& judged) {
  const std::int64_t found = tx.run(
      "DELETE FROM admissions WHERE is_gone = 0 AND user_id = $1 AND position = $2 AND function = "
      "$3",
      judged.event->user_id, judged.event->position, judged.function->id);
  if (found > 0) admit(tx, judged);
}

void Admission::refuse(db::Tx& tx, const Judged& judged, Counter& counter, const char* why) {
  runs_.refuse_invoked(tx, *judged.event, {Code::kTooManyRequests, std::string(why), nullptr});
  tx.on_commit([&counter] { counter.add(); });
}

// A batch stays together: all its events are those of the dead letter, and are tried again with it.
void Admission::put_away(db::Tx& tx, const Judged& judged, std::optional<Uuid> run_id) {
  const auto& error = *judged.verdict.error;
  dispatcher_.make_dead_letter(tx, judged.function, *judged.event, error_json(error), run_id);
  runs_.refuse_invoked(tx, *judged.event, error);
  tx.on_commit([this] { counts_.dead.add(); });
}

// Of a batch all events are refused, and each counts.
void Admission::refuse_run(db::Tx& tx, const Judged& judged, std::optional<Uuid> run_id,
                           Counter& counter, const char* why) {
  if (run_id) {
    const std::int64_t events = tx.run("DELETE FROM run_events_data WHERE run = $1", *run_id);
    tx.on_commit(
        [&counter, others = events - 1] { counter.add(static_cast<std::uint64_t>(others)); });
  }
  refuse(tx, judged, counter, why);
}

void Admission::admit(db::Tx& tx, const Judged& judged) {
  const auto& [function, event, verdict, due_at] = judged;
  if (verdict.error) return put_away(tx, judged, std::nullopt);
  if (!verdict.is_triggered) return tx.on_commit([this] { counts_.filtered.add(); });
  const auto& flow = function->flow;
  if (flow.idempotency && !maker_.rates().take_once(tx, judged)) {
    return refuse(tx, judged, counts_.repeated, "the function has run for this already");
  }
  // Whoever asks for a run is answered by it: it is neither put together with others nor given up
  // for a later one.
  const bool is_asked_for = event->type == bus::kFunctionInvoked.name;
  if (flow.batch && verdict.is_batched && !is_asked_for) return put_into_batch(tx, judged);
  if (flow.rate_limit && verdict.is_limited && !maker_.rates().take_rate(tx, judged)) {
    return refuse(tx, judged, counts_.limited, "invoked function is rate limited");
  }
  if (flow.debounce && !is_asked_for) return wait_for_quiet(tx, judged);
  // The run that is there ends before this one begins, but only now that this one does: by itself,
  // as one that has waited.
  if (flow.singleton && flow.singleton->mode == bus::Singleton::Mode::kCancel) {
    return wait_until(tx, judged, fmt::format("\x01{:020}", event->position), event->position,
                      event->timestamp, due_at, 0);
  }
  begin(tx, judged, {}, std::nullopt);
}

void Admission::put_into_batch(db::Tx& tx, const Judged& judged) {
  const auto& [function, event, verdict, not_before] = judged;
  const auto& batch = *function->flow.batch;
  Uuid run_id = world_.new_id();
  std::int64_t size = 0;
  std::int64_t bytes = 0;
  auto due_at = now() + batch.timeout.count();
  {
    auto rows = tx.query(
        "SELECT run, size, bytes, due_at FROM flow_batches WHERE function = $1 AND user_id = $2 "
        "AND key = $3",
        function->id, event->user_id, verdict.batch);
    if (rows.next()) {
      run_id = rows.uuid(0).value_or(run_id);
      size = rows.integer(1);
      bytes = rows.integer(2);
      due_at = rows.integer(3);
    }
  }
  tx.run("INSERT INTO run_events_data(run, place, position) VALUES ($1, $2, $3)", run_id, size,
         event->position);
  ++size;
  bytes += static_cast<std::int64_t>(event->data.size());
  const bool is_full = size >= batch.size_max || bytes >= kBatchBytesMax;
  if (size > 1) {
    tx.run(
        "UPDATE flow_batches SET size = $4, bytes = $5, due_at = $6 WHERE function = $1 AND "
        "user_id = $2 AND key = $3",
        function->id, event->user_id, verdict.batch, size, bytes, is_full ? 0 : due_at);
  } else {
    tx.run(
        "INSERT INTO flow_batches(function, user_id, key, run, position, size, bytes, due_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        function->id, event->user_id, verdict.batch, run_id, event->position, size, bytes,
        is_full ? 0 : due_at);
  }
  // A full one is due under another key, so that the next event finds a new one.
  if (is_full) {
    tx.run("UPDATE flow_batches SET key = $4 WHERE function = $1 AND user_id = $2 AND key = $3",
           function->id, event->user_id, verdict.batch,
           std::string_view(fmt::format("\x01{}", run_id.to_string())));
  }
  note_due(tx, is_full ? 0 : due_at);
  tx.on_commit([this] { counts_.admitted.add(); });
}

void Admission::wait_for_quiet(db::Tx& tx, const Judged& judged) {
  const auto& [function, event, verdict, not_before] = judged;
  const auto& debounce = *function->flow.debounce;
  const auto at = now();
  auto position = event->position;
  auto timestamp = verdict.timestamp;
  auto least = not_before;
  auto last_at = debounce.timeout ? at + debounce.timeout->count() : INT64_MAX;
  {
    auto rows = tx.query(
        "SELECT position, timestamp, last_at, due_at FROM flow_debounces WHERE function = $1 AND "
        "user_id = $2 AND key = $3",
        function->id, event->user_id, verdict.debounce);
    if (rows.next()) {
      last_at = rows.integer(2);
      if (rows.integer(1) > timestamp) {
        position = rows.integer(0);
        timestamp = rows.integer(1);
        least = rows.integer(3);  // what stays may be dated ahead
      }
      tx.on_commit([this] { counts_.replaced.add(); });
    }
  }
  wait_until(tx, judged, verdict.debounce, position, timestamp,
             std::max(std::min(at + debounce.period.count(), last_at), least), last_at);
}

void Admission::wait_until(db::Tx& tx, const Judged& judged, const std::string& key,
                           std::int64_t position, std::int64_t timestamp, std::int64_t due_at,
                           std::int64_t last_at) {
  tx.run(
      "INSERT INTO flow_debounces(function, user_id, key, position, timestamp, due_at, last_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(function, user_id, key) DO UPDATE SET "
      "position = $4, timestamp = $5, due_at = $6",
      judged.function->id, judged.event->user_id, key, position, timestamp, due_at, last_at);
  note_due(tx, due_at);
}

// On commit, while follow() waits for it.
void Admission::note_due(db::Tx& tx, std::int64_t due_at) {
  if (due_at > 0) runs_.jobs().keep_clock(tx);
  tx.on_commit([this, due_at] { next_due_ = std::min(next_due_.value_or(INT64_MAX), due_at); });
}

// False: another run is in its way than the one that was, and nothing is changed.
bool Admission::begin(db::Tx& tx, const Judged& judged, const RunMaker::Way& way,
                      std::optional<Uuid> run_id) {
  const auto& [function, event, verdict, due_at] = judged;
  const auto& flow = function->flow;
  // A batch is one run, whose rate is looked at when it begins.
  if (run_id && flow.rate_limit && verdict.is_limited && !maker_.rates().take_rate(tx, judged)) {
    refuse_run(tx, judged, run_id, counts_.limited, "invoked function is rate limited");
    return true;
  }
  switch (maker_.begin(tx, judged, way, run_id, {})) {
    case RunMaker::Begun::kStale:
      return false;
    case RunMaker::Begun::kTaken:
      refuse_run(tx, judged, run_id, counts_.skipped, "a run of the function is there already");
      return true;
    case RunMaker::Begun::kYes:
      break;
  }
  tx.on_commit([this, is_batch = run_id.has_value(), ends_one = way.cancellation.has_value()] {
    if (!is_batch) counts_.admitted.add();
    if (ends_one) counts_.cancelled.add();
  });
  return true;
}

// True: there may be more. Rows of functions that are gone are put off until one returns, so that
// they stand in nobody's way.
Task<Result<bool>> Admission::begin_due() {
  const auto is_taken_back = co_await take_back();
  if (!is_taken_back) co_return is_taken_back;
  std::vector<Due> gone;
  auto found = co_await database_.read([&](db::Tx& tx) {
    std::vector<Due> due;
    gone.clear();
    next_due_.reset();
    const auto at = now();
    for (const auto* sql :
         {"SELECT function, user_id, key, position, due_at, NULL FROM flow_debounces "
          "ORDER BY due_at, function, user_id, key LIMIT $1",
          "SELECT function, user_id, key, position, due_at, run FROM flow_batches "
          "ORDER BY due_at, function, user_id, key LIMIT $1"}) {
      auto rows = tx.query(sql, std::int64_t{kDueMax});
      while (rows.next()) {
        if (rows.integer(4) > at) {
          if (rows.integer(4) >= kGoneMs) break;
          next_due_ = std::min(next_due_.value_or(INT64_MAX), rows.integer(4));
          break;
        }
        auto& list = set_->find(rows.view(0)) == nullptr ? gone : due;
        list.push_back({rows.text(0), rows.text(1), rows.text(2), rows.integer(3), rows.integer(4),
                        rows.uuid(5)});
      }
    }
    return due;
  });
  if (!found) co_return fail(found.error());
  if (!gone.empty()) {
    auto put_off = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      for (const auto& one : gone) {
        tx.run(fmt::format("UPDATE {} SET due_at = due_at + $4 WHERE function = $1 AND "
                           "user_id = $2 AND key = $3",
                           one.run_id ? "flow_batches" : "flow_debounces"),
               one.function, one.user_id, one.key, kGoneMs);
      }
    });
    if (!put_off) co_return fail(put_off.error());
  }
  for (auto& due : *found) {
    if (auto begun = co_await begin_one(std::move(due)); !begun) co_return fail(begun.error());
  }
  co_return *is_taken_back || !found->empty() || !gone.empty();
}

Task<Result<>> Admission::begin_one(Due due) {
  Judged judged{.function = set_->find(due.function)};
  auto event = co_await log_.at(due.position);
  if (!event) co_return fail(event.error());
  judged.event = std::move(*event);
  judged.verdict = judge(*judged.function, *judged.event, true, world_.unix_ms());
  const auto* sql = due.run_id
                        ? "DELETE FROM flow_batches WHERE function = $1 AND user_id = $2 AND "
                          "key = $3 AND due_at = $4"
                        : "DELETE FROM flow_debounces WHERE function = $1 AND user_id = $2 AND "
                          "key = $3 AND due_at = $4";
  for (;;) {
    auto way = co_await maker_.way_of(judged);
    if (!way) co_return fail(way.error());
    bool is_stale = false;
    auto done = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      is_stale = false;
      if (tx.run(sql, due.function, due.user_id, due.key, due.due_at) == 0) return;
      if (judged.verdict.error) return put_away(tx, judged, due.run_id);
      is_stale = !begin(tx, judged, *way, due.run_id);
      if (is_stale) tx.abort({Code::kConflict, "Another run is there meanwhile", nullptr});
    });
    if (!is_stale) co_return done;
  }
}

}  // namespace synap::workers

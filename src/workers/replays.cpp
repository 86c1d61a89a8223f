#include "workers/replays.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "bus/function_name.h"
#include "events/reason.h"

namespace synap::workers {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTables = R"(
CREATE TABLE run_replays_data(
  id BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  function TEXT NOT NULL,
  from_position INTEGER NOT NULL,
  to_position INTEGER NOT NULL,
  from_time INTEGER,
  to_time INTEGER,
  filter TEXT NOT NULL,
  repeats INTEGER NOT NULL,
  status TEXT NOT NULL,
  looked_to INTEGER NOT NULL,
  made INTEGER NOT NULL,
  passed_over INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX run_replays_active ON run_replays_data(id) WHERE status = 'active';
CREATE VIEW run_replays AS SELECT * FROM run_replays_data WHERE user_id = current_user_id();
)";

// Events of one slice; runs of the function that may wait while more are made.
constexpr int kSliceMax = 100;
constexpr std::int64_t kWaitingMax = 1'000;
constexpr milliseconds kPace(200);
constexpr milliseconds kRetry(1'000);

Result<cel::Expression> filter_of(const std::string& text) {
  auto filter = cel::Expression::parse(text);
  if (!filter) return filter;
  if (auto checked = filter->check({.variables = {"event"}}); !checked) {
    return fail(checked.error());
  }
  return filter;
}

std::string origin_of(const Replay& replay) {
  return Json::object({{"kind", "replay"}, {"replayId", replay.id.to_string()}}).dump();
}

}  // namespace

std::vector<db::Database::Migration> Replays::migrations() {
  return {{"run_replays.1", kTables}};
}

Replay Replays::read(db::Rows& row) {
  Replay replay{.id = row.uuid(0).value_or(Uuid{}),
                .user_id = row.text(1),
                .function = row.text(2),
                .from_position = row.integer(3),
                .to_position = row.integer(4)};
  if (!row.is_null(5)) replay.from = row.integer(5);
  if (!row.is_null(6)) replay.to = row.integer(6);
  replay.filter = row.text(7);
  replay.repeats = row.integer(8) != 0;
  replay.status = row.text(9);
  replay.looked_to = row.integer(10);
  replay.made = row.integer(11);
  replay.passed_over = row.integer(12);
  replay.created_at = row.integer(13);
  if (!row.is_null(14)) replay.ended_at = row.integer(14);
  return replay;
}

Task<Result<Replay>> Replays::begin(Person who, Replay asked) {
  const auto meant = bus::function_meant(*rooms_.functions.now(), who.user_id, asked.function);
  if (!meant) co_return fail(meant.error());
  const auto& function = *meant;
  asked.function = function->id;
  if (!takes_events_) {
    co_return fail(Code::kConflict,
                   "Functions have their runs at an Inngest server (bus = \"inngest\"): replay "
                   "there");
  }
  if (function->fulfills) {
    co_return fail(Code::kBadRequest,
                   fmt::format("{} carries out requests, each once", function->id));
  }
  if (!asked.filter.empty()) {
    if (auto filter = filter_of(asked.filter); !filter) co_return fail(filter.error());
  }
  asked.id = rooms_.world.new_id();
  asked.user_id = who.user_id;
  asked.status = "active";
  asked.from_position = std::max<std::int64_t>(asked.from_position, 1);
  const auto end = rooms_.log.end().value();
  asked.to_position = asked.to_position > 0 ? std::min(asked.to_position, end) : end;
  asked.looked_to = asked.from_position - 1;
  asked.made = asked.passed_over = 0;
  asked.created_at = rooms_.world.unix_ms();
  events::Envelope envelope;
  envelope.user_id = who.user_id;
  envelope.source = who.source;
  envelope.actor = who.actor;
  if (who.cause != nullptr) events::set_cause(envelope, *who.cause);
  events::set_reason(envelope, who.reason);
  auto told = rooms_.types.make(
      bus::kFunctionReplayed,
      bus::ReplayAct{asked.function, asked.id.to_string(), asked.from_position, asked.to_position},
      std::move(envelope));
  if (!told) co_return fail(told.error());
  auto stored = co_await rooms_.database.write([&](db::Tx& tx) {
    {
      auto rows =
          tx.query("SELECT count(*) FROM run_replays_data WHERE status = 'active' AND user_id = $1",
                   asked.user_id);
      if (rows.next() && rows.integer(0) >= kActiveMax) {
        return tx.abort({Code::kTooManyRequests,
                         fmt::format("{} replays of yours go on: cancel one, or wait", kActiveMax),
                         nullptr});
      }
    }
    tx.run(
        "INSERT INTO run_replays_data(id, user_id, function, from_position, to_position, "
        "from_time, to_time, filter, repeats, status, looked_to, made, passed_over, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, 0, 0, $11)",
        asked.id, asked.user_id, asked.function, asked.from_position, asked.to_position, asked.from,
        asked.to, asked.filter, asked.repeats ? 1 : 0, asked.looked_to, asked.created_at);
    rooms_.log.append(tx, {.events = {*told}});
    tx.on_commit([this] { look_again(); });
  });
  if (!stored) co_return fail(stored.error());
  co_return asked;
}

Task<Result<>> Replays::cancel(std::string user_id, Uuid id) {
  co_return co_await rooms_.database.write([&](db::Tx& tx) {
    const std::int64_t ended = tx.run(
        "UPDATE run_replays_data SET status = 'cancelled', ended_at = $3 WHERE id = $1 AND "
        "user_id = $2 AND status = 'active'",
        id, user_id, rooms_.world.unix_ms());
    if (ended > 0) return;
    auto rows =
        tx.query("SELECT 1 FROM run_replays_data WHERE id = $1 AND user_id = $2", id, user_id);
    const bool is_there = rows.next();
    tx.abort(is_there ? Error{Code::kConflict, "The replay has ended", nullptr}
                      : Error{Code::kNotFound, "There is no such replay", nullptr});
  });
}

Task<Result<std::vector<Replay>>> Replays::active() {
  co_return co_await rooms_.database.read([](db::Tx& tx) {
    std::vector<Replay> found;
    auto rows = tx.query(fmt::format(
        "SELECT {} FROM run_replays_data WHERE status = 'active' ORDER BY random() LIMIT 100",
        kColumns));
    while (rows.next()) found.push_back(read(rows));
    return found;
  });
}

// They take turns, a slice each; who is looked at is left to chance, so that many that have to wait
// keep no other from its turn.
Task<void> Replays::follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = begun_.value();
    auto replays = co_await active();
    if (replays && replays->empty()) {
      co_await begun_.wait_past(seen, stop);
      continue;
    }
    bool has_gone_on = false;
    if (replays) {
      for (auto& replay : *replays) {
        if (stop.stop_requested()) co_return;
        auto done = co_await go_on(std::move(replay));
        if (!done) {
          write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                            "a replay cannot go on: {error}", {{"error", done.error().message}});
        }
        has_gone_on = has_gone_on || done.value_or(false);
      }
    }
    if (!has_gone_on) co_await rooms_.world.sleep_for(replays ? kPace : kRetry, stop);
  }
}

// Whether as many runs wait as may: of all kinds those that could begin, and of those that were
// asked for also those that may not yet (a throttle, a place among so many).
Task<Result<bool>> Replays::is_held_up(const Replay& replay) {
  co_return co_await rooms_.database.read([&](db::Tx& tx) {
    const auto waiting = rooms_.jobs.ready_count(tx, replay.user_id, replay.function, kWaitingMax) +
                         rooms_.queue.load_of(replay.function, replay.user_id).waiting;
    if (waiting >= kWaitingMax) return true;
    auto rows = tx.query(
        "SELECT 1 FROM runs_data WHERE user_id = $1 AND function = $2 AND origin IS NOT NULL AND "
        "started_at IS NULL AND status = 'active' LIMIT 1 OFFSET $3",
        replay.user_id, replay.function, kWaitingMax - 1);
    return rows.next();
  });
}

// One slice. False: it has to wait, for its function or for the runs that there are.
Task<Result<bool>> Replays::go_on(Replay replay) {
  const auto function = rooms_.functions.find(replay.function);
  if (function == nullptr) co_return false;
  auto is_held = co_await is_held_up(replay);
  if (!is_held) co_return fail(is_held.error());
  if (*is_held) co_return false;
  auto page = co_await rooms_.log.read(events::Tenancy::of_user(replay.user_id),
                                       {.after = replay.looked_to,
                                        .limit = kSliceMax,
                                        .from = replay.from,
                                        .to = replay.to,
                                        .before = replay.to_position + 1});
  if (!page) co_return fail(page.error());
  std::optional<cel::Expression> filter;
  if (!replay.filter.empty()) {
    auto parsed = filter_of(replay.filter);
    if (!parsed) co_return fail(parsed.error());
    filter = std::move(*parsed);
  }
  std::vector<RunMaker::ByHand> asked;
  auto looked_to = page->next_after;
  const auto& singleton = function->flow.singleton;
  const bool is_one_by_one = singleton && singleton->mode == bus::Singleton::Mode::kCancel;
  for (auto& event : page->events) {
    if (is_one_by_one && !asked.empty()) break;
    const bool is_triggered = std::ranges::any_of(function->triggers, [&](const auto& trigger) {
      return bus::matches(trigger, event->type);
    });
    if (!is_triggered) continue;
    if (filter) {
      auto view = bus::view_of(*function, *event);
      if (!view) continue;
      cel::Bindings bindings;
      bindings.set("event", *view);
      // Where it cannot be said, it is not so.
      const auto fits =
          filter->matches(bindings, {.now_unix_ms = rooms_.world.unix_ms()}).value_or(false);
      if (!fits) continue;
    }
    asked.push_back({.function = function,
                     .event = event,
                     .run_id = rooms_.world.new_id(),
                     .origin = origin_of(replay)});
    if (is_one_by_one) looked_to = event->position;
  }
  const bool is_over =
      looked_to >= page->next_after && (page->is_at_end || looked_to >= replay.to_position);
  // One that had a run of the function, of this replay too: a slice may be done twice.
  const auto wanted = [&](db::Tx& tx, const RunMaker::ByHand& one) {
    if (replay.repeats) {
      return !tx.query(
                    "SELECT 1 FROM runs_data WHERE event_position = $1 AND function = $2 AND "
                    "origin = $3",
                    one.event->position, replay.function, one.origin)
                  .next();
    }
    // Neither what has a run, by itself or with others, nor what is about to have one.
    return !tx.query(
                  "SELECT 1 FROM runs_data WHERE event_position = $1 AND function = $2 "
                  "UNION ALL SELECT 1 FROM run_events_data e JOIN runs_data ON id = e.run "
                  "WHERE e.position = $1 AND function = $2 "
                  "UNION ALL SELECT 1 FROM run_events_data e JOIN flow_batches b ON b.run = e.run "
                  "WHERE e.position = $1 AND b.function = $2 AND b.user_id = $3 "
                  "UNION ALL SELECT 1 FROM admissions WHERE is_gone IN (0, 1) AND user_id = $3 AND "
                  "admissions.position = $1 AND function = $2 "
                  "UNION ALL SELECT 1 FROM flow_debounces d WHERE d.function = $2 AND "
                  "d.user_id = $3 AND d.position = $1",
                  one.event->position, replay.function, one.event->user_id)
                .next();
  };
  auto done = co_await rooms_.maker.begin_many(
      std::move(asked), wanted, [&](db::Tx& tx, std::int64_t made, std::int64_t left_out) {
        const std::int64_t stored = tx.run(
            "UPDATE run_replays_data SET looked_to = $2, made = made + $3, "
            "passed_over = passed_over + $4, status = $5, ended_at = $6 WHERE id = $1 AND "
            "status = 'active' AND looked_to = $7",
            replay.id, looked_to, made, left_out, is_over ? "completed" : "active",
            is_over ? std::optional(rooms_.world.unix_ms()) : std::nullopt, replay.looked_to);
        if (stored == 0) {
          return tx.abort({Code::kConflict, "The replay was cancelled meanwhile", nullptr});
        }
      });
  if (!done) co_return fail(done.error());
  co_return true;
}

}  // namespace synap::workers

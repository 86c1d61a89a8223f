#include "workers/event_waits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/first_of.h"
#include "base/log.h"
#include "bus/function_events.h"
#include "workers/pending_steps.h"

namespace synap::workers {
namespace {

constexpr std::string_view kTables = R"(
-- path and value are '' for a wait that any event of the type ends.
CREATE TABLE waits_data(
  run BLOB NOT NULL,
  step BLOB NOT NULL,
  line BLOB NOT NULL,
  position INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  type TEXT NOT NULL,
  path TEXT NOT NULL,
  value TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY(run, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_by_event ON waits_data(user_id, type, path, value);
CREATE INDEX waits_by_type ON waits_data(type, since);
-- Up to where the log was looked at for waits of a type.
CREATE TABLE waits_looked_at(type TEXT PRIMARY KEY, position INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
)";

constexpr int kPageMax = 200;
// Places at which waits of one type look that are read at once, and waits that end in one commit.
constexpr int kPathsMax = 64;
constexpr int kSliceMax = 200;
constexpr std::chrono::milliseconds kRetry(1'000);
constexpr std::int64_t kUnstoredMax = 20'000;

// 7 and 7.0 are one number.
std::string text_of(const Json& value) {
  if (value.is_number() && !value.is_integer()) {
    const double number = value.as_number();
    if (std::trunc(number) == number && std::abs(number) < 9e15) {
      return Json(static_cast<std::int64_t>(number)).dump();
    }
  }
  return value.dump();
}

const Json* at(const Json& event, std::string_view path) {
  const Json* place = &event;
  while (!path.empty() && place != nullptr) {
    const auto dot = std::min(path.find('.'), path.size());
    place = place->is_object() ? place->find(path.substr(0, dot)) : nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return place;
}

}  // namespace

std::vector<db::Database::Migration> EventWaits::migrations() {
  return {{"waits.1", kTables}};
}

void EventWaits::begin(db::Tx& tx, const bus::Job& job, const StepHash& step,
                       const EventWait& wait) {
  const auto since = log_.head(tx).position;
  const auto value = wait.path.empty() ? std::string() : text_of(wait.value);
  tx.run(
      "INSERT INTO waits_data(run, step, line, position, user_id, type, path, value, since) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
      job.run_id, blob_of(step), job.line, job.position, job.user_id, wait.type, wait.path, value,
      since);
  tx.on_commit([this, type = wait.type, since] { note(type, since); });
}

std::optional<EventWaits::Waiter> EventWaits::first_for(db::Tx& tx, const std::string& user_id,
                                                        const EventWait& wait) {
  const auto value = text_of(wait.value);
  auto rows = tx.query(
      "SELECT run, step, line, position FROM waits_data WHERE user_id = $1 AND type = $2 AND "
      "path = $3 AND value = $4 LIMIT 1",
      user_id, wait.type, wait.path, value);
  if (!rows.next()) return std::nullopt;
  return waiter_of(rows);
}

EventWaits::Waiter EventWaits::waiter_of(db::Rows& rows) {
  Waiter waiter;
  waiter.job.run_id = rows.uuid(0).value_or(Uuid{});
  waiter.step = hash_of(rows.view(1));
  waiter.job.line = rows.uuid(2).value_or(Uuid{});
  waiter.job.position = rows.integer(3);
  return waiter;
}

bool EventWaits::is_waited_for(std::string_view type) {
  std::lock_guard lock(mutex_);
  return types_.contains(type);
}

void EventWaits::end(db::Tx& tx, const Uuid& run_id, const std::optional<StepHash>& step) {
  if (step) {
    tx.run("DELETE FROM waits_data WHERE run = $1 AND step = $2", run_id, blob_of(*step));
  } else {
    tx.run("DELETE FROM waits_data WHERE run = $1", run_id);
  }
}

// Before the first event behind the wait can be looked at: both are told on the writer's thread, in
// the order of the commits.
void EventWaits::note(const std::string& type, std::int64_t since) {
  std::lock_guard lock(mutex_);
  if (!types_.insert(type).second) return;
  // Events behind it may have been passed over while nobody waited for this type, or may be by a
  // page that is being looked through now: that one sees that types_seen_ has grown.
  looked_at_ = types_.size() == 1 ? since : std::min(looked_at_, since);
  new_types_.raise(++types_seen_);
}

EventWaits::Search EventWaits::search() {
  std::lock_guard lock(mutex_);
  return {{types_.begin(), types_.end()}, looked_at_, types_seen_};
}

// By type: of one that is waited for only since a while, less was looked at than of others. Nothing
// that is older than all waits for a type can end one.
Task<Result<>> EventWaits::load() {
  std::set<std::string, std::less<>> found;
  auto first = std::numeric_limits<std::int64_t>::max();
  auto read = co_await database_.read_at_start([&](db::Tx& tx) {
    std::string type;
    for (;;) {
      auto rows = tx.query(
          "SELECT type, since, (SELECT position FROM waits_looked_at l WHERE "
          "l.type = waits_data.type) FROM waits_data WHERE type > $1 ORDER BY type, since LIMIT 1",
          type);
      if (!rows.next()) break;
      type = rows.text(0);
      const auto looked_at = rows.is_null(2) ? 0 : rows.integer(2);
      first = std::min(first, std::max(rows.integer(1), looked_at));
      found.insert(type);
    }
  });
  if (!read) co_return read;
  std::lock_guard lock(mutex_);
  types_ = std::move(found);
  looked_at_ = types_.empty() ? 0 : first;
  stored_looked_at_ = looked_at_;
  co_return Result<>{};
}

Task<void> EventWaits::follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto next = search();
    if (next.types.empty()) {
      co_await new_types_.wait_past(next.types_seen, stop);
      continue;
    }
    if (log_.end().value() <= next.from) {
      co_await first_of(
          stop, [&](std::stop_token over) { return log_.end().wait_past(next.from, over); },
          [&](std::stop_token over) { return new_types_.wait_past(next.types_seen, over); });
      continue;
    }
    if (const auto done = co_await follow_page(std::move(next)); !done) {
      write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                        "events that runs wait for cannot be looked at: {error}",
                        {{"error", done.error().message}});
      co_await world_.sleep_for(kRetry, stop);
    }
  }
}

Task<Result<>> EventWaits::follow_page(Search search) {
  auto page = co_await log_.read(events::Tenancy::whole_pod(),
                                 {.after = search.from, .limit = kPageMax, .types = search.types});
  if (!page) co_return fail(page.error());
  for (const auto& event : page->events) {
    if (auto matched = co_await match(*event); !matched) co_return matched;
  }
  // What was looked at for nothing is looked at again after a crash, and ends nothing then either:
  // so the position is stored with what is ended, and now and then.
  if (page->next_after - stored_looked_at_ > kUnstoredMax) {
    auto stored = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      for (const auto& type : search.types) store_looked_at(tx, type, page->next_after);
    });
    if (!stored) co_return stored;
    stored_looked_at_ = page->next_after;
  }
  std::lock_guard lock(mutex_);
  // Else there is a type that this page was not looked through for.
  if (types_seen_ == search.types_seen) looked_at_ = page->next_after;
  co_return Result<>{};
}

void EventWaits::store_looked_at(db::Tx& tx, const std::string& type, std::int64_t position) {
  tx.run(
      "INSERT INTO waits_looked_at(type, position) VALUES ($1, $2) "
      "ON CONFLICT(type) DO UPDATE SET position = $2 WHERE waits_looked_at.position < $2",
      type, position);
}

Task<Result<>> EventWaits::match(const events::Event& event) {
  Json json;
  std::optional<std::string> after;
  for (bool is_all = false; !is_all;) {
    auto named = co_await database_.read([&](db::Tx& tx) { return paths_of(tx, event, after); });
    if (!named) co_return fail(named.error());
    is_all = named->is_all;
    if (named->paths.empty()) co_return Result<>{};
    after = named->paths.back();
    if (json.is_null()) {
      auto parsed = parse_json(event.json());
      if (!parsed) co_return fail(parsed.error());
      json = std::move(*parsed);
    }
    std::vector<Found> found;
    for (auto& path : named->paths) {
      const Json* value = path.empty() ? nullptr : at(json, path);
      if (!path.empty() && value == nullptr) continue;
      auto text = path.empty() ? std::string() : text_of(*value);
      found.push_back({std::move(path), std::move(text)});
    }
    for (bool is_more = !found.empty(); is_more;) {
      auto ended = co_await database_.write(db::Lane::kBackground,
                                            [&](db::Tx& tx) { return end_some(tx, event, found); });
      if (!ended) co_return fail(ended.error());
      is_more = *ended;
    }
  }
  co_return Result<>{};
}

// '' is a path, too, and is before all others.
EventWaits::Paths EventWaits::paths_of(db::Tx& tx, const events::Event& event,
                                       const std::optional<std::string>& after) {
  Paths found;
  if (!after) {
    auto rows =
        tx.query("SELECT 1 FROM waits_data WHERE user_id = $1 AND type = $2 AND path = '' LIMIT 1",
                 event.user_id, event.type);
    if (rows.next()) found.paths.emplace_back();
  }
  std::string last = after.value_or("");
  while (found.paths.size() < kPathsMax) {
    auto rows = tx.query(
        "SELECT path FROM waits_data WHERE user_id = $1 AND type = $2 AND path > $3 "
        "ORDER BY path LIMIT 1",
        event.user_id, event.type, last);
    if (!rows.next()) return found;
    last = rows.text(0);
    found.paths.push_back(last);
  }
  found.is_all = false;
  return found;
}

// True: there are more.
bool EventWaits::end_some(db::Tx& tx, const events::Event& event, const std::vector<Found>& found) {
  std::vector<Waiter> ended;
  for (const auto& one : found) {
    // +since: or SQLite takes the index by type, and goes through all waits of it.
    auto rows = tx.query(
        "SELECT run, step, line, position FROM waits_data WHERE user_id = $1 AND type = $2 AND "
        "path = $3 AND value = $4 AND +since < $5 LIMIT $6",
        event.user_id, event.type, one.path, one.value, event.position,
        kSliceMax - static_cast<std::int64_t>(ended.size()));
    while (rows.next()) ended.push_back(waiter_of(rows));
  }
  // Whoever waits for a signal is handed what was sent.
  const auto& memo = event.type == bus::kSignalSent.name ? event.data : event.json();
  for (const auto& one : ended) {
    answer_pending(tx, one.job.run_id, one.step, memo, world_.unix_ms());
    end(tx, one.job.run_id, one.step);
    jobs_.wake(tx, one.job);
  }
  const bool is_more = static_cast<int>(ended.size()) == kSliceMax;
  // The first of a page of paths may be stored before the last has ended: then the event is looked
  // at again after a crash, since its position is one less.
  if (!is_more) store_looked_at(tx, event.type, event.position - 1);
  return is_more;
}

}  // namespace synap::workers

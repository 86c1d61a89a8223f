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

// One position for all: what was looked at up to there was for every wait that is older.
constexpr std::string_view kPosition = R"(
CREATE TABLE waits_position(one INTEGER PRIMARY KEY CHECK(one = 1), position INTEGER NOT NULL)
  STRICT;
INSERT INTO waits_position SELECT 1, coalesce(min(max(since, coalesce(l.position, 0))), 0)
  FROM waits_data LEFT JOIN waits_looked_at l ON l.type = waits_data.type;
DROP TABLE waits_looked_at;
)";

constexpr int kPageMax = 200;
constexpr std::size_t kTypesAskedMax = 200;
// Types that are kept in memory: apps name theirs as they like, one for each run if they want.
constexpr std::size_t kTypesMax = 1'000;
// Places at which waits of one type look that are read at once, and waits that end in one commit.
constexpr int kPathsMax = 64;
constexpr int kSliceMax = 200;
constexpr std::chrono::milliseconds kRetry(1'000);
constexpr std::int64_t kUnstoredMax = 20'000;
// How long the end of a wait is put off at most for a follower that is behind.
constexpr std::chrono::seconds kCatchUpMax(30);

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

Result<EventWait> wait_for(std::string type, const cel::Expression& condition, const Json& view) {
  auto bound = condition.with_values("event", view);
  if (!bound) return fail(bound.error());
  EventWait wait{.type = std::move(type)};
  const auto equalities = bound->equalities();
  for (const auto& equality : equalities.found) {
    // Data are at the same place in every view of an event, but of what the bus itself says.
    if (bus::is_of_the_bus(wait.type)) break;
    const auto& path = equality.path;
    const bool is_of_data = path.size() >= 3 && path[0] == "async" && path[1] == "data";
    const bool is_plain = std::ranges::none_of(
        path, [](const std::string& name) { return name.empty() || name.contains('.'); });
    // Null is also equal to what is not there, which no index has.
    if (!is_of_data || !is_plain || !equality.value || equality.value->is_null()) continue;
    for (std::size_t i = 1; i < path.size(); ++i) wait.path += (i > 1 ? "." : "") + path[i];
    wait.value = *equality.value;
    break;
  }
  if (!equalities.is_all || equalities.found.size() != 1 || wait.path.empty()) {
    wait.condition = std::move(*bound);
  }
  return wait;
}

std::vector<db::Database::Migration> EventWaits::migrations() {
  return {{"waits.1", kTables},
          // condition: or NULL. until: by the timestamp of events; NULL: for ever.
          {"waits.2",
           "ALTER TABLE waits_data ADD COLUMN condition TEXT; "
           "ALTER TABLE waits_data ADD COLUMN until INTEGER"},
          {"waits.3", kPosition},
          // A signal was sent for it, behind which this follows.
          {"runs.20", "ALTER TABLE waits_data ADD COLUMN is_taken INTEGER NOT NULL DEFAULT 0"}};
}

void EventWaits::begin(db::Tx& tx, const bus::Job& job, const StepHash& step,
                       const EventWait& wait) {
  insert(tx, job, blob_of(step), wait, std::nullopt);
}

void EventWaits::begin_cancel(db::Tx& tx, const bus::Job& job, int index, const EventWait& wait,
                              std::optional<std::chrono::milliseconds> timeout) {
  std::optional<std::int64_t> until;
  if (timeout) until = world_.unix_ms() + timeout->count();
  const std::string step(1, static_cast<char>(index));
  insert(tx, job, db::Blob{step}, wait, until);
}

void EventWaits::insert(db::Tx& tx, const bus::Job& job, db::Blob step, const EventWait& wait,
                        std::optional<std::int64_t> until) {
  const auto since = log_.head(tx).position;
  const auto value = wait.path.empty() ? std::string() : text_of(wait.value);
  std::optional<std::string> condition;
  if (wait.condition) condition = wait.condition->to_text();
  // On the writer's thread, before anything behind it can be looked at.
  if (note(wait.type, job.user_id, since)) {
    tx.run("UPDATE waits_position SET position = $1 WHERE NOT EXISTS(SELECT 1 FROM waits_data)",
           since);
  }
  tx.run(
      "INSERT INTO waits_data(run, step, line, position, user_id, type, path, value, since, "
      "condition, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
      "ON CONFLICT DO NOTHING",
      job.run_id, step, job.line, job.position, job.user_id, wait.type, wait.path, value, since,
      condition, until);
}

std::optional<EventWaits::Waiter> EventWaits::first_for(db::Tx& tx, const std::string& user_id,
                                                        const EventWait& wait) {
  const auto value = text_of(wait.value);
  auto rows = tx.query(
      "SELECT run, step, line, position, condition, until, NULL FROM waits_data WHERE "
      "user_id = $1 AND type = $2 AND path = $3 AND value = $4 LIMIT 1",
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
  waiter.key = rows.text(1);
  waiter.is_cancel = waiter.key.size() < waiter.step.size();
  if (!rows.is_null(4)) waiter.condition = rows.text(4);
  if (!rows.is_null(5)) waiter.until = rows.integer(5);
  waiter.function = rows.optional_text(6).value_or("");
  return waiter;
}

bool EventWaits::are_ends_waited_for(const std::string& user_id) {
  std::lock_guard lock(mutex_);
  return !waiting_for_ends_.empty() && waiting_for_ends_.contains(user_id);
}

bool EventWaits::are_ends_waited_for(db::Tx& tx, const std::string& user_id) {
  auto rows = tx.query("SELECT 1 FROM waits_data WHERE user_id = $1 AND type = $2 LIMIT 1", user_id,
                       std::string_view(bus::kFunctionFinished.name));
  return rows.next();
}

Task<Result<>> EventWaits::catch_up(Uuid run_id, StepHash step) {
  auto head = co_await database_.read([&](db::Tx& tx) -> std::int64_t {
    {
      auto rows =
          tx.query("SELECT 1 FROM waits_data WHERE run = $1 AND step = $2", run_id, blob_of(step));
      if (!rows.next()) return 0;
    }
    return log_.head(tx).position;
  });
  if (!head) co_return fail(head.error());
  const auto until = world_.now() + kCatchUpMax;
  for (;;) {
    std::int64_t looks = 0;
    {
      std::lock_guard lock(mutex_);
      if (looked_at_ >= *head) co_return Result<>{};
      looks = look_count_;
    }
    if (world_.now() >= until) {
      co_return fail(Error{Code::kServiceUnavailable,
                           "Events that may be waited for have not all been looked at yet", nullptr,
                           Fault::kBusy});
    }
    co_await first_of(
        {}, [&](std::stop_token over) { return looks_.wait_past(looks, std::move(over)); },
        [&](std::stop_token over) { return world_.sleep_until(until, std::move(over)); });
  }
}

void EventWaits::end(db::Tx& tx, const Uuid& run_id, const std::optional<StepHash>& step) {
  if (step) {
    tx.run("DELETE FROM waits_data WHERE run = $1 AND step = $2", run_id, blob_of(*step));
  } else {
    tx.run("DELETE FROM waits_data WHERE run = $1", run_id);
  }
}

// Whether it is looked for from now on only. Where there are too many of them all types are.
bool EventWaits::note(const std::string& type, const std::string& user_id, std::int64_t since) {
  std::lock_guard lock(mutex_);
  if (type == bus::kFunctionFinished.name) waiting_for_ends_.insert(user_id);
  if (types_.contains(type)) return false;
  const bool is_kept = types_.size() < kTypesMax || bus::is_about_an_end(type);
  if (!is_kept && is_any_) return false;
  const bool is_first = types_.empty();
  if (is_kept) types_.insert(type);
  is_any_ = is_any_ || !is_kept;
  // Events behind it may have been passed over while nobody waited for this type, or may be by a
  // page that is being looked through now: that one sees that types_seen_ has grown.
  looked_at_ = is_first ? since : std::min(looked_at_, since);
  new_types_.raise(++types_seen_);
  return true;
}

EventWaits::Search EventWaits::search() {
  std::lock_guard lock(mutex_);
  Search next{.is_any = is_any_, .from = looked_at_, .types_seen = types_seen_};
  if (!is_any_) next.types.assign(types_.begin(), types_.end());
  return next;
}

// Nothing that is older than all waits can end one.
Task<Result<>> EventWaits::load() {
  std::set<std::string, std::less<>> found;
  std::unordered_set<std::string> waiting_for_ends;
  bool is_any = false;
  auto first = std::numeric_limits<std::int64_t>::max();
  auto read = co_await database_.read_at_start([&](db::Tx& tx) {
    const auto next_behind = [&](const std::string& after) {
      return tx.query(
          "SELECT type, since FROM waits_data WHERE type > $1 ORDER BY type, since LIMIT 1", after);
    };
    for (std::string type; !is_any;) {
      auto rows = next_behind(type);
      if (!rows.next()) break;
      is_any = found.size() == kTypesMax;
      if (is_any) break;
      type = rows.text(0);
      first = std::min(first, rows.integer(1));
      found.insert(type);
    }
    if (is_any) first = 0;
    for (std::string user;;) {
      auto rows = tx.query(
          "SELECT user_id FROM waits_data WHERE user_id > $1 AND type = $2 ORDER BY user_id "
          "LIMIT 1",
          user, std::string_view(bus::kFunctionFinished.name));
      if (!rows.next()) break;
      user = rows.text(0);
      waiting_for_ends.insert(user);
    }
    if (!waiting_for_ends.empty()) found.emplace(bus::kFunctionFinished.name);
    auto rows = tx.query("SELECT position FROM waits_position");
    if (rows.next()) first = std::max(first, rows.integer(0));
  });
  if (!read) co_return read;
  std::lock_guard lock(mutex_);
  types_ = std::move(found);
  is_any_ = is_any;
  waiting_for_ends_ = std::move(waiting_for_ends);
  looked_at_ = types_.empty() ? 0 : first;
  stored_looked_at_ = looked_at_;
  co_return Result<>{};
}

Task<void> EventWaits::follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto next = search();
    if (next.types.empty() && !next.is_any) {
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
  // Of very many types no query is made: what comes is looked through here.
  const bool is_few = !search.is_any && search.types.size() <= kTypesAskedMax;
  auto page = co_await log_.read(events::Tenancy::whole_pod(),
                                 {.after = search.from,
                                  .limit = kPageMax,
                                  .types = is_few ? search.types : std::vector<std::string>{}});
  if (!page) co_return fail(page.error());
  if (!is_few) {
    if (auto left = co_await leave_waited_for(search, page->events); !left) co_return left;
  }
  for (const auto& event : page->events) {
    if (auto matched = co_await match(*event); !matched) co_return matched;
  }
  // What was looked at is looked at again after a crash, and ends nothing then that it did not end
  // before: so the position is stored now and then.
  if (page->next_after - stored_looked_at_ > kUnstoredMax) {
    bool is_stored = false;
    auto stored = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      // Of a type that came since, nothing was looked at.
      is_stored = is_of_now(search);
      if (is_stored) tx.run("UPDATE waits_position SET position = $1", page->next_after);
    });
    if (!stored) co_return stored;
    if (is_stored) stored_looked_at_ = page->next_after;
  }
  std::lock_guard lock(mutex_);
  // Else there is a type that this page was not looked through for.
  if (types_seen_ == search.types_seen) looked_at_ = page->next_after;
  looks_.raise(++look_count_);
  co_return Result<>{};
}

bool EventWaits::is_of_now(const Search& search) {
  std::lock_guard lock(mutex_);
  return types_seen_ == search.types_seen;
}

// Of these events those of types that somebody waits for.
Task<Result<>> EventWaits::leave_waited_for(const Search& search,
                                            std::vector<events::EventRef>& events) {
  if (!search.is_any) {
    std::erase_if(events, [&](const events::EventRef& event) {
      return !std::ranges::binary_search(search.types, event->type);
    });
    co_return Result<>{};
  }
  auto wanted = co_await database_.read([&](db::Tx& tx) {
    std::vector<events::EventRef> left;
    for (const auto& event : events) {
      auto rows = tx.query("SELECT 1 FROM waits_data WHERE user_id = $1 AND type = $2 LIMIT 1",
                           event->user_id, event->type);
      if (rows.next()) left.push_back(event);
    }
    return left;
  });
  if (!wanted) co_return fail(wanted.error());
  events = std::move(*wanted);
  co_return Result<>{};
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
      auto parsed = bus::event_view(event);
      if (!parsed) co_return fail(parsed.error());
      json = std::move(*parsed);
    }
    for (auto& path : named->paths) {
      const Json* value = path.empty() ? nullptr : at(json, path);
      if (!path.empty() && value == nullptr) continue;
      auto text = path.empty() ? std::string() : text_of(*value);
      auto ended = co_await end_all(event, {std::move(path), std::move(text)});
      if (!ended) co_return ended;
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

// Of those that the index leads to, a slice at a time: each is judged, and what is ended is stored.
Task<Result<>> EventWaits::end_all(const events::Event& event, const Found& found) {
  std::optional<Waiter> last;
  Views views;
  for (;;) {
    auto slice = co_await database_.read(
        [&](db::Tx& tx) { return waiters(tx, event, found, last ? &*last : nullptr); });
    if (!slice) co_return fail(slice.error());
    if (slice->empty()) co_return Result<>{};
    const bool is_last = static_cast<int>(slice->size()) < kSliceMax;
    last = slice->back();
    std::erase_if(*slice, [&](const Waiter& waiter) { return !is_ended(waiter, event, views); });
    if (auto ended = co_await end_some(event, *slice); !ended) co_return ended;
    if (is_last) co_return Result<>{};
  }
}

bool EventWaits::is_ended(const Waiter& waiter, const events::Event& event, Views& views) const {
  if (waiter.until && event.timestamp > *waiter.until) return false;
  if (waiter.condition.empty()) return true;
  const auto condition = cel::Expression::parse(waiter.condition, cel::kStoredLimits);
  if (!condition) return false;
  auto view = views.find(waiter.function);
  if (view == views.end()) {
    auto made = view_ != nullptr ? view_(waiter.function, event) : bus::event_view(event);
    if (!made) return false;
    view = views.emplace(waiter.function, std::move(*made)).first;
  }
  cel::Bindings bindings;
  bindings.set("async", view->second);
  // One that fails for this event is not true of it.
  return condition->matches(bindings, {.now_unix_ms = world_.unix_ms()}).value_or(false);
}

std::vector<EventWaits::Waiter> EventWaits::waiters(db::Tx& tx, const events::Event& event,
                                                    const Found& found, const Waiter* after) const {
  std::vector<Waiter> slice;
  const Uuid run = after != nullptr ? after->job.run_id : Uuid{};
  const std::string_view step = after != nullptr ? std::string_view(after->key) : "";
  // +since: or SQLite takes the index by type, and goes through all waits of it.
  auto rows = tx.query(
      "SELECT run, step, line, position, condition, until, CASE WHEN condition IS NOT NULL THEN "
      "(SELECT function FROM runs_data WHERE id = run) END FROM waits_data WHERE user_id = $1 AND "
      "type = $2 AND path = $3 AND value = $4 AND +since < $5 AND (run, step) > ($6, $7) "
      "ORDER BY run, step LIMIT $8",
      event.user_id, event.type, found.path, found.value, event.position, run, db::Blob{step},
      std::int64_t{kSliceMax});
  while (rows.next()) slice.push_back(waiter_of(rows));
  return slice;
}

Task<Result<>> EventWaits::end_some(const events::Event& event, const std::vector<Waiter>& ended) {
  // Whoever waits for a signal is handed what was sent.
  const auto& memo = event.type == bus::kSignalSent.name ? event.data : event.json();
  auto stored = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    for (const auto& one : ended) {
      if (one.is_cancel) continue;
      const std::int64_t gone = tx.run("DELETE FROM waits_data WHERE run = $1 AND step = $2",
                                       one.job.run_id, db::Blob{one.key});
      if (gone == 0) continue;
      answer_pending(tx, one.job.run_id, one.step, memo, world_.unix_ms());
      jobs_.wake(tx, one.job);
    }
  });
  if (!stored) co_return stored;
  for (const auto& one : ended) {
    if (!one.is_cancel || cancel_ == nullptr) continue;
    // A run that has ended is past cancelling.
    auto done = co_await cancel_(event.user_id, one.job.run_id);
    const bool is_past =
        !done && (done.error().code == Code::kConflict || done.error().code == Code::kNotFound);
    if (!done && !is_past) co_return done;
  }
  co_return Result<>{};
}

}  // namespace synap::workers

#include "inngest/serve/relay.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/first_of.h"
#include "base/log.h"
#include "bus/function_events.h"
#include "bus/job.h"

namespace synap::inngest {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTables = R"(
-- How far the relay got: everything up to `position` is with the Inngest server, or held.
CREATE TABLE relay_state(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  position INTEGER NOT NULL
) STRICT;
-- Types of events that runs at the Inngest server wait for.
CREATE TABLE relay_types(type TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
)";

// Events and bytes of one request; an event may be larger than that alone.
constexpr int kEventsMax = 100;
constexpr int kPageMax = 500;
constexpr std::size_t kBytesMax = 512 * 1024;
// Inngest takes 256 KiB an event everywhere.
constexpr std::size_t kDataBytesMax = 192 * 1024;
constexpr std::size_t kHeardTypesMax = 1'000;
// Positions that are looked at again after a crash, at most.
constexpr std::int64_t kUnsavedMax = 20'000;
// While events are held for runs of the pod's own bus, which do not say here that they have ended.
constexpr milliseconds kHeldPause(500);
constexpr milliseconds kIdleMax(60'000);

std::string string_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void keep_checkpoint(db::Tx& tx, std::int64_t position) {
  tx.run(
      "INSERT INTO relay_state(one, position) VALUES (1, $1) "
      "ON CONFLICT(one) DO UPDATE SET position = $1",
      position);
}

}  // namespace

struct Relay::Posted {
  events::EventRef event;
  std::optional<Uuid> line = std::nullopt;
  std::vector<std::string> ordered = {};  // functions that take it in order
  bool is_again = false;                  // it was posted, long ago
};

// What one request is about, and what follows from its success.
struct Relay::Batch {
  std::vector<Posted> events;
  std::vector<std::int64_t> released;  // held events among `events`
  std::int64_t position = 0;           // the checkpoint behind it
  bool is_at_end = false;              // of the log
  bool has_signal = false;             // it is all there is in it
};

std::string signal_name(std::string_view user_id, std::string_view signal) {
  return fmt::format("{}/{}", user_id, signal);
}

std::vector<db::Database::Migration> Relay::migrations() {
  return {{"relay.1", kTables}};
}

Task<Result<>> Relay::load() {
  auto loaded = co_await rooms_.database.read([this](db::Tx& tx) {
    std::set<std::string, std::less<>> heard;
    {
      auto rows = tx.query("SELECT type FROM relay_types");
      while (rows.next()) heard.insert(rows.text(0));
    }
    auto rows = tx.query("SELECT position FROM relay_state");
    position_ = rows.next() ? rows.integer(0) : 0;
    held_ = rooms_.store.held_count(tx);
    return heard;
  });
  if (!loaded) co_return fail(loaded.error());
  saved_ = position_.load();
  const std::lock_guard lock(mutex_);
  heard_.merge(*loaded);
  co_return Result<>{};
}

Task<Result<>> Relay::hear(std::string type) {
  {
    const std::lock_guard lock(mutex_);
    if (heard_.contains(type) || rooms_.functions.is_wanted(type)) co_return Result<>{};
    if (heard_.size() >= kHeardTypesMax) {
      co_return fail(Code::kPreconditionFailed,
                     fmt::format("Runs wait for events of {} types already", kHeardTypesMax));
    }
  }
  auto stored = co_await rooms_.database.write(db::Lane::kBackground, [&](db::Tx& tx) {
    tx.run("INSERT INTO relay_types(type) VALUES ($1) ON CONFLICT DO NOTHING", type);
  });
  if (!stored) co_return stored;
  const std::lock_guard lock(mutex_);
  heard_.insert(std::move(type));
  co_return Result<>{};
}

bool Relay::is_wanted(std::string_view type) const {
  if (rooms_.functions.is_wanted(type)) return true;
  const std::lock_guard lock(mutex_);
  return heard_.contains(type);
}

std::int64_t Relay::lag_of(const BusHistory& history, std::int64_t position, std::int64_t end) {
  const auto range = history.next_of_inngest(position);
  return range ? std::max<std::int64_t>(std::min(end, range->until) - range->after, 0) : 0;
}

Task<Result<std::int64_t>> Relay::left_behind(db::Database& database, events::EventLog& log,
                                              const BusHistory& history) {
  co_return co_await database.read([&](db::Tx& tx) {
    auto rows =
        tx.query("SELECT (SELECT position FROM relay_state), (SELECT count(*) FROM held_events)");
    if (!rows.next()) return std::int64_t{0};
    return lag_of(history, rows.is_null(0) ? 0 : rows.integer(0), log.end().value()) +
           rows.integer(1);
  });
}

Relay::Progress Relay::progress() const {
  Progress now;
  now.lag = lag_of(history_, position_, rooms_.log.end().value());
  now.held = held_;
  now.is_down = is_down_;
  const std::lock_guard lock(mutex_);
  if (now.is_down) now.problem = problem_;
  return now;
}

Task<Result<bool>> Relay::register_app(Upstream::Asked asked_by, std::stop_token stop) {
  const auto body =
      rooms_.functions.registration(sdk_name(rooms_.upstream.options().version)).dump();
  co_return co_await rooms_.upstream.register_app(body, std::move(asked_by), std::move(stop));
}

// As Inngest has an event. The data are not parsed: they are JSON text of an object.
std::string Relay::text_of(const Posted& one) const {
  const auto& event = *one.event;
  Json header = Json::object({{"id", event.id.to_string()}, {"position", event.position}});
  header.set("line", one.line.value_or(event.id).to_string());
  if (event.aggregate_id) {
    header.set("aggregateId", event.aggregate_id->to_string());
    header.set("aggregateType", event.aggregate_type);
    header.set("aggregateVersion", event.aggregate_version);
  }
  if (event.correlation_id) header.set("correlationId", event.correlation_id->to_string());
  if (event.causation_id) header.set("causationId", event.causation_id->to_string());
  if (event.request_id) header.set("requestId", event.request_id->to_string());
  header.set("source", std::string(events::source_name(event.source)));
  const Json user = Json::object({{"id", event.user_id}, {"synap", std::move(header)}});
  std::string data = event.data.empty() ? "{}" : event.data;
  if (event.is_damaged()) {
    data = R"({"_synap":{"damaged":true}})";
  } else if (data.size() > kDataBytesMax) {
    data = fmt::format(R"({{"_synap":{{"omittedBytes":{}}}}})", data.size());
  }
  return fmt::format(R"({{"name":{},"id":"{}","ts":{},"v":"{}","user":{},"data":{}}})",
                     string_of(rooms_.functions.options().event_prefix + event.type),
                     event.id.to_string(), event.timestamp, event.data_version, user.dump(), data);
}

// Held events whose turn it is, events that may have been lost, and what is new in the log.
Task<Result<Relay::Batch>> Relay::next_batch() {
  Batch batch{.position = position_};
  const auto old = rooms_.world.unix_ms() - options_.handed_again_after.count();
  struct Again {
    ServedStore::Held held;
    std::vector<std::int64_t> lost;
  };
  auto again = co_await rooms_.database.read([&](db::Tx& tx) {
    return Again{rooms_.store.held(tx, held_looked_to_, kEventsMax),
                 rooms_.store.handed_before(tx, old, kEventsMax)};
  });
  if (!again) co_return fail(again.error());
  held_looked_to_ = again->held.looked_to;
  const auto free_count = again->held.free.size();
  auto positions = std::move(again->held.free);
  std::ranges::copy(again->lost, std::back_inserter(positions));
  std::size_t bytes = 0;
  const auto add = [&](events::EventRef event) {
    bytes += std::min(event->data.size(), kDataBytesMax) + 1'024;
    if (!batch.events.empty() && bytes > kBytesMax) return false;
    batch.events.push_back({std::move(event)});
    return true;
  };
  for (std::size_t i = 0; i < positions.size(); ++i) {
    auto event = co_await rooms_.log.at(positions[i]);
    if (!event) co_return fail(event.error());
    if (!add(std::move(*event))) co_return batch;
    if (i < free_count) batch.released.push_back(positions[i]);
    batch.events.back().is_again = i >= free_count;
  }
  const auto range = history_.next_of_inngest(position_);
  if (!range || rooms_.log.end().value() <= range->after) {
    batch.is_at_end = true;
    co_return batch;
  }
  auto page = co_await rooms_.log.read(events::Tenancy::whole_pod(),
                                       {.after = range->after, .limit = kPageMax});
  if (!page) co_return fail(page.error());
  for (auto& event : page->events) {
    if (event->position > range->until) break;
    const auto position = event->position;
    // A signal has no id that would tell a second one: it is settled alone, as soon as it is told.
    const bool is_signal = event->type == bus::kSignalSent.name && is_wanted(event->type);
    if (is_signal && !batch.events.empty()) co_return batch;
    if (is_wanted(event->type) && !add(std::move(event))) co_return batch;
    batch.position = position;
    batch.has_signal = is_signal;
    if (is_signal) co_return batch;
  }
  batch.is_at_end = page->is_at_end;
  co_return batch;
}

// Before anything is posted: which events go, which are held, and that those that go are under way.
// Their runs may end before the server's answer is here.
Task<Result<>> Relay::prepare(Batch& batch) {
  bool is_ordered = false;
  for (auto& one : batch.events) {
    for (const auto& function : rooms_.functions.hearing(one.event->type)) {
      if (!function->in_aggregate_order || !one.event->aggregate_id) continue;
      one.line = one.event->aggregate_id;
      one.ordered.push_back(function->id);
    }
    // Those for which it was posted may be gone, or hear it no more.
    if (one.is_again) one.line = one.event->aggregate_id;
    is_ordered = is_ordered || one.line;
  }
  if (!is_ordered) co_return Result<>{};
  struct Sorted {
    std::vector<bool> is_held;
    std::int64_t new_ones = 0;
  };
  auto sorted = co_await rooms_.database.write(db::Lane::kBackground, [&](db::Tx& tx) {
    Sorted now;
    for (const auto& one : batch.events) {
      const auto position = one.event->position;
      const bool is_held = one.line && rooms_.store.is_line_busy(tx, *one.line, position);
      now.is_held.push_back(is_held);
      if (is_held) {
        now.new_ones += rooms_.store.hold(tx, *one.line, position) ? 1 : 0;
        continue;
      }
      if (one.line) rooms_.store.begin_line(tx, *one.line, position, one.ordered);
    }
    return now;
  });
  if (!sorted) co_return fail(sorted.error());
  std::vector<Posted> going;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    if (!sorted->is_held[i]) {
      going.push_back(std::move(batch.events[i]));
    } else {
      std::erase(batch.released, batch.events[i].event->position);
    }
  }
  held_ += sorted->new_ones;
  batch.events = std::move(going);
  co_return Result<>{};
}

Task<Result<>> Relay::post(Batch& batch, std::stop_token stop) {
  for (std::size_t i = 0; i < batch.events.size();) {
    if (batch.events[i].event->type != bus::kSignalSent.name) {
      ++i;
      continue;
    }
    auto sent = co_await signal(*batch.events[i].event, stop);
    if (!sent) co_return sent;
    batch.events.erase(batch.events.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (batch.events.empty()) co_return Result<>{};
  const auto send = [&](std::size_t from, std::size_t to) {
    std::string body = "[";
    for (auto i = from; i < to; ++i) {
      if (i > from) body.push_back(',');
      body += text_of(batch.events[i]);
    }
    body.push_back(']');
    return rooms_.upstream.send(std::move(body), to - from, stop);
  };
  auto sent = co_await send(0, batch.events.size());
  if (sent || sent.error().code != Code::kUnprocessableContent) {
    if (sent) counts_.posted.add(batch.events.size());
    co_return sent;
  }
  // One of them is refused. What was taken before it is posted again, which is told by its id.
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    auto alone = co_await send(i, i + 1);
    if (alone) {
      counts_.posted.add();
    } else if (alone.error().code != Code::kUnprocessableContent) {
      co_return alone;
    } else if (auto refused = co_await refuse(batch.events[i], alone.error()); !refused) {
      co_return refused;
    }
  }
  co_return Result<>{};
}

// To whoever waits for it there; mostly nobody does.
Task<Result<>> Relay::signal(const events::Event& event, std::stop_token stop) {
  const auto sent = events::data_of(event, bus::kSignalSent);
  if (!sent) co_return Result<>{};
  auto told = co_await rooms_.upstream.signal(signal_name(event.user_id, (*sent)->signal),
                                              (*sent)->data, std::move(stop));
  if (!told && told.error().code != Code::kUnprocessableContent) co_return fail(told.error());
  counts_.posted.add();
  co_return Result<>{};
}

// It would be refused for ever, and hold up all behind it: whoever asked for something by it is
// told that it has failed.
Task<Result<>> Relay::refuse(const Posted& one, const Error& error) {
  counts_.refused.add();
  write_log(
      LogLevel::kError, "inngest",
      "the Inngest server refuses the event at {position} ({type}): {error}",
      {{"position", one.event->position}, {"type", one.event->type}, {"error", error.message}});
  for (const auto& function : rooms_.functions.hearing(one.event->type)) {
    const bus::Job job{.position = one.event->position,
                       .run_id = one.event->id,
                       .function = function,
                       .user_id = one.event->user_id};
    auto given_up = co_await rooms_.store.give_up(job, *one.event, error, 0);
    if (!given_up) co_return fail(given_up.error());
  }
  co_return Result<>{};
}

// The checkpoint is kept with what was held and what was posted; where there is neither, now and
// then, and at the end.
Task<Result<>> Relay::settle(const Batch& batch) {
  const bool is_worth_it = !batch.events.empty() || !batch.released.empty() || batch.has_signal ||
                           batch.position - saved_ > kUnsavedMax;
  if (is_worth_it) {
    auto stored = co_await rooms_.database.write(db::Lane::kBackground, [&](db::Tx& tx) {
      std::int64_t released = 0;
      for (const auto position : batch.released) {
        released += rooms_.store.release(tx, position) ? 1 : 0;
      }
      keep_checkpoint(tx, batch.position);
      return released;
    });
    if (!stored) co_return fail(stored.error());
    held_ -= *stored;
    saved_ = batch.position;
  }
  position_ = batch.position;
  co_return Result<>{};
}

// Told when it changes: a server that is away is tried for hours.
void Relay::note(const Result<>& result) {
  std::string problem = result ? std::string() : result.error().message;
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = problem != problem_;
    problem_ = problem;
  }
  is_down_ = !result;
  if (!result) counts_.failures.add();
  if (!is_news) return;
  if (result) {
    write_log(LogLevel::kInfo, "inngest", "the Inngest server takes events", {});
  } else {
    write_log(LogLevel::kWarn, "inngest",
              "the Inngest server takes no events, which wait meanwhile: {error}",
              {{"error", problem}});
  }
}

// True: there may be more at once.
Task<bool> Relay::turn(std::stop_token stop) {
  const auto now = rooms_.world.now();
  if (!registered_at_ || now - *registered_at_ > options_.registration_interval) {
    auto registered = co_await register_app({}, stop);
    if (stop.stop_requested()) co_return false;
    if (!registered) {
      registered_at_.reset();
      note(fail(registered.error()));
      co_return false;
    }
    registered_at_ = now;
  }
  auto batch = co_await next_batch();
  Result<> done;
  if (!batch) {
    done = fail(batch.error());
  } else {
    done = co_await prepare(*batch);
    if (done) done = co_await post(*batch, stop);
    if (done) done = co_await settle(*batch);
  }
  if (stop.stop_requested()) co_return false;
  note(done);
  // It may have been started anew, and know nothing of us.
  if (!done) registered_at_.reset();
  co_return done && (!batch->is_at_end || !batch->events.empty());
}

Task<void> Relay::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto loaded = co_await load();
    if (loaded) break;
    if (!co_await rooms_.world.sleep_for(options_.pause, stop)) co_return;
  }
  auto pause = options_.pause;
  while (!stop.stop_requested()) {
    const auto end = rooms_.log.end().value();
    const auto ends = rooms_.store.ends().value();
    if (co_await turn(stop)) {
      pause = options_.pause;
      continue;
    }
    if (is_down_) {
      if (!co_await rooms_.world.sleep_for(pause, stop)) break;
      pause = std::min(pause * 2, options_.pause_max);
      continue;
    }
    pause = options_.pause;
    const auto idle = held_ > 0 ? kHeldPause : std::min(kIdleMax, options_.registration_interval);
    co_await first_of(
        stop, [&](std::stop_token over) { return rooms_.log.end().wait_past(end, over); },
        [&](std::stop_token over) { return rooms_.store.ends().wait_past(ends, over); },
        [&](std::stop_token over) { return rooms_.world.sleep_for(idle, over); });
  }
  const auto position = position_.load();
  if (position <= saved_) co_return;
  // If it cannot be kept, the same events are looked at again.
  std::ignore = co_await rooms_.database.write(
      db::Lane::kBackground, [position](db::Tx& tx) { keep_checkpoint(tx, position); });
}

}  // namespace synap::inngest

#include "rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "function_line.h"
#include "rig_parts.h"
#include "workers/local_driver.h"

namespace synap::scenarios {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

std::string result_line(const Result<>& result) {
  if (result) return "ok\n";
  return fmt::format("{}: {}\n", info(result.error().code).name, result.error().message);
}

// While it lives, time goes on.
class Ticking {
 public:
  explicit Ticking(std::optional<ManualWorld>& clock) {
    if (!clock) return;
    thread_ = std::jthread([this, &clock](std::stop_token stop) {
      std::unique_lock lock(mutex_);
      while (!stopped_.wait_for(lock, stop, kTick, [] { return false; }) &&
             !stop.stop_requested()) {
        clock->pass(kTick);
      }
    });
  }

 private:
  static constexpr std::chrono::milliseconds kTick{2};
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;  // last: it uses the above
};

}  // namespace

Rig::Rig() = default;

Rig::~Rig() {
  if (parts_ != nullptr) parts_->engine->pool->stop(kPatience);
}

synap::World& Rig::time() {
  return clock_ ? static_cast<synap::World&>(*clock_) : real_world();
}

void Rig::open() {
  parts_ = std::make_unique<Parts>(time());
  auto& p = *parts_;
  p.database = std::move(*db::sqlite::SqliteDatabase::open({.path = directory_.path() + "/s.db"}));
  std::vector<db::Database::Migration> migrations = {
      {"scenario", "CREATE TABLE effects(number INTEGER PRIMARY KEY, name TEXT, event INTEGER)"}};
  for (const auto& more :
       {events::sqlite::SqliteEventLog::migrations(), workers::Engine::migrations()}) {
    migrations.insert(migrations.end(), more.begin(), more.end());
  }
  SYNAP_CHECK(p.database->migrate(migrations).has_value());
  p.log = std::move(*events::sqlite::SqliteEventLog::open(*p.database));
  for (const char* name :
       {"order.placing.requested", "order.placing.completed", "order.change.requested",
        "order.note.requested", "order.payment.completed", "order.mail.requested"}) {
    p.types.add(name, object("Order").field("number", optional(number())), "");
  }
  p.engine.emplace(*p.database, *p.log, p.types,
                   workers::EngineOptions{.world = time(),
                                          .queue = {.running_of_function = 8},
                                          .pool = {.suspect_pause = {},
                                                   .outage_pause = std::chrono::milliseconds(1)}});
  for (const auto& [id, line] : functions_) put(line);
  SYNAP_CHECK(p.engine->start().has_value());
}

void Rig::put(const std::string& line) {
  auto [function, script] = function_of(line);
  auto& engine = *parts_->engine;
  auto driver = std::make_shared<workers::LocalDriver>(
      std::make_unique<ScriptHandler>(world_, function.id, script), engine.runs);
  engine.pool->put(std::move(function), std::move(driver));
}

std::string Rig::command(const std::string& line) {
  const auto words = words_of(line);
  const auto& name = words[0];
  if (name == "clock") {
    clock_.emplace();
    return "";
  }
  if (name == "start") {
    open();
    return "";
  }
  if (name == "function") return function(line);
  if (name == "remove") return remove(words);
  if (name == "crash") return crash();
  if (name == "crash-at-halts") return crash_at_halts(words);
  if (name == "stop") return stop();
  if (name == "pass") return pass(words);
  if (name == "pass-time") return pass_time();
  if (name == "append") return append(words);
  if (name == "signal") return signal(words);
  if (name == "until") return until(words);
  if (name == "retry") return retry(words);
  if (name == "cancel") return cancel(words);
  if (name == "pause" || name == "resume") return pause(words);
  if (name == "rerun") return rerun(words);
  if (name == "discard") return discard(words);
  if (name == "sweep") return sweep(words);
  if (name == "release") {
    world_.release();
    return "";
  }
  if (name == "counts") return counts();
  if (name == "show") return show();
  return "no such command\n";
}

std::string Rig::crash() {
  // Nothing is told to stop: what is under way is under way.
  parts_.reset();
  world_.forget_halt();
  return "";
}

// crash-at-halts COUNT, then until nothing is left to do
std::string Rig::crash_at_halts(const Words& words) {
  for (int left = std::stoi(words[1]); left > 0; --left) {
    if (auto said = until({"until", "halted"}); !said.empty()) return said;
    crash();
    open();
  }
  return until({"until", "idle"});
}

std::string Rig::stop() {
  bool is_clean = false;
  {
    const Ticking ticking(clock_);
    is_clean = parts_->engine->pool->stop(kPatience);
  }
  parts_.reset();
  return is_clean ? "" : "not stopped in time\n";
}

// pass SPAN; the wall clock alone: pass SPAN of the wall
std::string Rig::pass(const Words& words) {
  if (words.size() > 2) {
    clock_->jump(span_of(words[1]));
  } else {
    clock_->pass(span_of(words[1]));
  }
  return "";
}

// While all is stopped: what is due later is due now.
std::string Rig::pass_time() {
  auto database =
      std::move(*db::sqlite::SqliteDatabase::open({.path = directory_.path() + "/s.db"}));
  SYNAP_CHECK(test::run(executor_, [&] {
    return database->write([](db::Tx& tx) {
      tx.run("UPDATE parked_jobs SET due_at = 1");
      tx.run("UPDATE pending_steps_data SET due_at = 1");
    });
  }));
  return "";
}

// Also while the pod runs.
std::string Rig::function(const std::string& line) {
  const auto id = words_of(line)[1];
  std::erase_if(functions_, [&](const auto& one) { return one.first == id; });
  functions_.emplace_back(id, line);
  if (parts_ != nullptr) put(line);
  return "";
}

// remove FUNCTION
std::string Rig::remove(const Words& words) {
  std::erase_if(functions_, [&](const auto& one) { return one.first == words[1]; });
  if (parts_ != nullptr) parts_->engine->pool->remove(words[1]);
  return "";
}

Uuid Rig::id_of(const std::string& label) {
  const auto [found, is_new] = ids_.try_emplace(label);
  if (is_new) {
    found->second = Uuid::v7();
    labels_[found->second] = label;
  }
  return found->second;
}

std::string Rig::label_of(const std::optional<Uuid>& id) const {
  if (!id) return "-";
  const auto known = labels_.find(*id);
  return known != labels_.end() ? known->second : "?";
}

// append TYPE AGGREGATE [as EVENT] [at SPAN] [DATA] [and TYPE AGGREGATE...]... [for USER]
//
// at: dated so far ahead.
std::string Rig::append(const Words& words) {
  const auto request = id_of(fmt::format("request{}", ++requests_));
  const bool has_user = words.size() > 2 && words[words.size() - 2] == "for";
  const auto end = words.size() - (has_user ? 2 : 0);
  events::Append batch;
  for (std::size_t i = 1; i < end; ++i) {
    events::Envelope envelope;
    envelope.user_id = has_user ? words.back() : "ann";
    const auto& type = words[i];
    envelope.aggregate_id = id_of(words[++i]);
    envelope.request_id = request;
    envelope.correlation_id = request;
    std::string data = "{}";
    for (++i; i < end && words[i] != "and"; ++i) {
      if (words[i] == "as") envelope.id = id_of(words[++i]);
      if (words[i] == "at") envelope.timestamp = time().unix_ms() + span_of(words[++i]).count();
      if (words[i].starts_with('{')) data = words[i];
    }
    auto event = parts_->types.make(type, std::move(data), std::move(envelope));
    SYNAP_CHECK(event.has_value(), type);
    batch.events.push_back(std::move(*event));
  }
  return append_batch(std::move(batch));
}

// signal NAME [DATA] [for USER]
std::string Rig::signal(const Words& words) {
  events::Envelope envelope;
  const bool has_user = words[words.size() - 2] == "for";
  envelope.user_id = has_user ? words.back() : "ann";
  Json data;
  if (words.size() > (has_user ? 4 : 2)) data = parse_json(words[2]).value_or(Json());
  auto event = parts_->types.make(bus::kSignalSent, bus::Signal{words[1], std::move(data)},
                                  std::move(envelope));
  SYNAP_CHECK(event.has_value(), words[1]);
  events::Append batch;
  batch.events.push_back(std::move(*event));
  return append_batch(std::move(batch));
}

std::string Rig::append_batch(events::Append batch) {
  auto appended = sync_wait(executor_, parts_->log->append(std::move(batch)));
  if (!appended) return result_line(std::unexpected(appended.error()));
  std::string out;
  for (const auto& event : appended->events) {
    out += fmt::format("event {}{}\n", event->position, appended->is_repeat ? ", a repeat" : "");
  }
  return out;
}

// idle: nothing is left to do. looked-at: no event is to be looked at before it has a run.
// sleeping, asleep N, waiting (between two attempts), completed N, ended N, runs N, halted
// N, stored N (results of steps), scheduled SCHEDULE (it has ticks).
bool Rig::is_reached(const Words& words) {
  const auto& what = words[1];
  if (what == "halted") return world_.is_halted(words.size() > 2 ? std::stoi(words[2]) : 1);
  const auto runs_with = [&](const std::string& status) {
    return "SELECT count(*) >= " + (words.size() > 2 ? words[2] : "1") +
           " FROM runs_data WHERE status IN (" + status + ")";
  };
  std::string sql =
      "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs) + (SELECT count(*) "
      "FROM admissions) + (SELECT count(*) FROM flow_debounces) + (SELECT count(*) FROM "
      "flow_batches) = 0";
  if (what == "stored") sql = "SELECT count(*) >= " + words[2] + " FROM run_steps_data";
  if (what == "scheduled") {
    auto cron = words[2];
    std::ranges::replace(cron, '_', ' ');
    sql = "SELECT count(*) > 0 FROM cron_ticks WHERE cron = '" + cron + "'";
  }
  if (what == "looked-at") sql = "SELECT count(*) = 0 FROM admissions";
  if (what == "sleeping" || what == "asleep") sql = runs_with("'sleeping'");
  if (what == "completed") sql = runs_with("'completed'");
  if (what == "ended") sql = runs_with("'completed', 'failed', 'cancelled'");
  if (what == "runs") sql = runs_with("'active', 'sleeping', 'completed', 'failed', 'cancelled'");
  if (what == "waiting") {
    sql =
        "SELECT count(*) > 0 FROM parked_jobs JOIN runs_data ON id = run WHERE status = 'active' "
        "AND due_at > 0";
  }
  return *test::run(executor_, [&] {
    return parts_->database->read([&](db::Tx& tx) {
      auto rows = tx.query(sql);
      return rows.next() && rows.integer(0) != 0;
    });
  });
}

std::string Rig::until(const Words& words) {
  const Ticking ticking(clock_);
  auto& mark = words[1] == "halted" ? world_.halts_seen() : parts_->database->commits();
  if (!test::wait_until(executor_, mark, [&] { return is_reached(words); })) return "never\n";
  // What was seen in the database is on disk before the log's memory knows of it: one write more,
  // and it does.
  const auto caught_up =
      test::run(executor_, [&] { return parts_->database->write([](db::Tx&) {}); });
  return caught_up ? "" : "the database is gone\n";
}

// The number of a run: its place by events and functions, from 1.
Uuid Rig::run_id(const std::string& number) {
  return *test::run(executor_, [&] {
    return parts_->database->read([&](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT id FROM runs_data ORDER BY event_position, function, id LIMIT 1 OFFSET $1",
          std::int64_t{std::stol(number) - 1});
      return rows.next() ? rows.uuid(0).value_or(Uuid{}) : Uuid{};
    });
  });
}

// retry RUN [as USER]
std::string Rig::retry(const Words& words) {
  const std::string user = words.size() > 3 ? words[3] : "ann";
  return result_line(
      sync_wait(executor_, parts_->engine->control.retry({.user_id = user}, run_id(words[1]))));
}

// cancel RUN [as USER]
std::string Rig::cancel(const Words& words) {
  const std::string user = words.size() > 3 ? words[3] : "ann";
  return result_line(
      sync_wait(executor_, parts_->engine->pool->cancel(user, run_id(words[1]), std::nullopt)));
}

}  // namespace synap::scenarios

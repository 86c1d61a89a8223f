#include "rig.h"

#include <fmt/format.h>

#include <chrono>

#include "base/check.h"

namespace synap::scenarios {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

std::string result_line(const Result<>& result) {
  if (result) return "ok\n";
  return fmt::format("{}: {}\n", info(result.error().code).name, result.error().message);
}

}  // namespace

// Made from the top, destroyed from the bottom.
struct Rig::Parts {
  // What is queued is finished while the store is there, whose closures it is.
  ~Parts() {
    engine->pool.reset();
    database->close();
  }

  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  events::EventTypes types;
  std::optional<workers::Engine> engine;
};

Rig::Rig() = default;

Rig::~Rig() {
  if (parts_ != nullptr) parts_->engine->pool->stop(kPatience);
}

void Rig::open() {
  parts_ = std::make_unique<Parts>();
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
        "order.note.requested", "order.payment.completed"}) {
    p.types.add(name, object("Order").field("number", optional(number())), "");
  }
  p.engine.emplace(*p.database, *p.log, p.types,
                   workers::EngineOptions{.queue = {.running_of_function = 8},
                                          .pool = {.suspect_pause = {},
                                                   .outage_pause = std::chrono::milliseconds(1)}});
  for (const auto& line : functions_) {
    p.engine->pool->add(line.id, std::make_unique<ScriptHandler>(world_, line.type, line.script),
                        {.retry = {.retries_max = line.retries, .delay_ms = line.delay_ms},
                         .in_aggregate_order = line.in_aggregate_order,
                         .fulfills = line.fulfills});
  }
  SYNAP_CHECK(p.engine->start().has_value());
}

std::string Rig::command(const std::string& line) {
  const auto words = words_of(line);
  if (words[0] == "function") return function(line);
  if (words[0] == "start") {
    open();
    return "";
  }
  if (words[0] == "crash") {
    // Nothing is told to stop: what is under way is under way.
    parts_.reset();
    world_.forget_halt();
    return "";
  }
  if (words[0] == "stop") {
    const bool is_clean = parts_->engine->pool->stop(kPatience);
    parts_.reset();
    return is_clean ? "" : "not stopped in time\n";
  }
  if (words[0] == "pass-time") return pass_time();
  if (words[0] == "append") return append(words);
  if (words[0] == "until") return until(words);
  if (words[0] == "retry") return retry(words);
  if (words[0] == "show") return show();
  return "no such command\n";
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

// function ID on TYPE [retries N] [delay MILLISECONDS] [ordered] [listens] : SCRIPT
//
// The function of a `.requested` type fulfills it, unless it only listens.
std::string Rig::function(const std::string& line) {
  const auto colon = line.find(" : ");
  SYNAP_CHECK(colon != std::string::npos, line);
  const auto words = words_of(line.substr(0, colon));
  FunctionLine function{.id = words[1], .type = words[3], .script = line.substr(colon + 3)};
  function.fulfills = function.type.ends_with(".requested");
  for (std::size_t i = 4; i < words.size(); ++i) {
    if (words[i] == "listens") function.fulfills = false;
    if (words[i] == "retries") function.retries = std::stoi(words[i + 1]);
    if (words[i] == "delay") function.delay_ms = std::stoi(words[i + 1]);
    if (words[i] == "ordered") function.in_aggregate_order = true;
  }
  functions_.push_back(std::move(function));
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

// append TYPE AGGREGATE [as EVENT] [DATA] [and TYPE AGGREGATE]..., for USER if that is the last
std::string Rig::append(const std::vector<std::string>& words) {
  const auto request = id_of(fmt::format("request{}", ++requests_));
  events::Append batch;
  for (std::size_t i = 1; i + 1 < words.size() && words[i] != "for"; i += 3) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.aggregate_id = id_of(words[i + 1]);
    envelope.request_id = request;
    envelope.correlation_id = request;
    const auto& type = words[i];
    if (i + 2 < words.size() && words[i + 2] == "as") {
      envelope.id = id_of(words[i + 3]);
      i += 2;
    }
    std::string data = "{}";
    if (i + 2 < words.size() && words[i + 2].starts_with('{')) {
      data = words[i + 2];
      i += 1;
    }
    if (words.size() > 2 && words[words.size() - 2] == "for") envelope.user_id = words.back();
    auto event = parts_->types.make(type, std::move(data), std::move(envelope));
    SYNAP_CHECK(event.has_value(), type);
    batch.events.push_back(std::move(*event));
  }
  auto appended = sync_wait(executor_, parts_->log->append(std::move(batch)));
  if (!appended) return result_line(std::unexpected(appended.error()));
  std::string out;
  for (const auto& event : appended->events) {
    out += fmt::format("event {}{}\n", event->position, appended->is_repeat ? ", a repeat" : "");
  }
  return out;
}

// idle: nothing is left to do. sleeping, asleep N, waiting (between two attempts), completed N,
// halted.
bool Rig::is_reached(const std::vector<std::string>& words) {
  const auto& what = words[1];
  if (what == "halted") return world_.is_halted();
  std::string sql = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs) = 0";
  if (what == "sleeping") sql = "SELECT count(*) > 0 FROM runs_data WHERE status = 'sleeping'";
  if (what == "asleep") {
    sql = "SELECT count(*) >= " + words[2] + " FROM runs_data WHERE status = 'sleeping'";
  }
  if (what == "waiting")
    sql = "SELECT count(*) > 0 FROM parked_jobs JOIN runs_data ON id = run WHERE status = 'active'";
  if (what == "completed") {
    sql = "SELECT count(*) >= " + words[2] + " FROM runs_data WHERE status = 'completed'";
  }
  return *test::run(executor_, [&] {
    return parts_->database->read([&](db::Tx& tx) {
      auto rows = tx.query(sql);
      return rows.next() && rows.integer(0) != 0;
    });
  });
}

std::string Rig::until(const std::vector<std::string>& words) {
  auto& mark = words[1] == "halted" ? world_.halts_seen() : parts_->database->commits();
  if (!test::wait_until(executor_, mark, [&] { return is_reached(words); })) return "never\n";
  // What was seen in the database is on disk before the log's memory knows of it: one write more,
  // and it does.
  const auto caught_up =
      test::run(executor_, [&] { return parts_->database->write([](db::Tx&) {}); });
  return caught_up ? "" : "the database is gone\n";
}

// retry RUN [as USER]
std::string Rig::retry(const std::vector<std::string>& words) {
  const std::int64_t offset = std::stol(words[1]) - 1;
  const auto id = *test::run(executor_, [&] {
    return parts_->database->read([&](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT id FROM runs_data ORDER BY event_position, function LIMIT 1 OFFSET $1", offset);
      return rows.next() ? rows.uuid(0).value_or(Uuid{}) : Uuid{};
    });
  });
  const std::string user = words.size() > 3 ? words[3] : "ann";
  return result_line(sync_wait(executor_, parts_->engine->pool->retry(user, id)));
}

std::string Rig::show() {
  std::string out = "events\n";
  auto page =
      sync_wait(executor_, parts_->log->read(events::Tenancy::whole_pod(), {.limit = 1000}));
  for (const auto& event : page->events) {
    out += fmt::format("  {} {} {} v{} {}", event->position, event->type,
                       label_of(event->aggregate_id), event->aggregate_version,
                       label_of(event->request_id));
    if (event->type.ends_with(".failed")) {
      const auto data = parse_json(event->data);
      out += fmt::format(" {} after {}: {}", data->string_or("name", ""),
                         data->find("attempts")->as_integer(), data->string_or("message", ""));
    }
    out += "\n";
  }
  out += *test::run(executor_, [&] {
    return parts_->database->read([&](db::Tx& tx) {
      std::string rows_text = "runs\n";
      auto runs = tx.query(
          "SELECT id, function, event_position, status, attempts, output, error FROM runs_data "
          "ORDER BY event_position, function");
      while (runs.next()) {
        rows_text += fmt::format("  {} for event {}: {}, attempts {}", runs.text(1),
                                 runs.integer(2), runs.text(3), runs.integer(4));
        if (!runs.is_null(5)) rows_text += fmt::format(", output {}", runs.text(5));
        if (!runs.is_null(6)) rows_text += fmt::format(", error {}", runs.text(6));
        rows_text += "\n";
        const auto id = runs.uuid(0);
        auto steps =
            tx.query("SELECT name, op, memo FROM run_steps_data WHERE run = $1 ORDER BY place", id);
        while (steps.next()) {
          auto memo = steps.text(2);
          if (steps.view(1) == "WaitForEvent" && memo != "null") {
            memo = fmt::format("event {}", parse_json(memo)->find("position")->as_integer());
          }
          rows_text += fmt::format("    {} {} {}\n", steps.text(0), steps.text(1), memo);
        }
        auto pending = tx.query(
            "SELECT name, op, attempts FROM pending_steps_data WHERE run = $1 ORDER BY name", id);
        while (pending.next()) {
          rows_text += fmt::format("    {} {} pending", pending.text(0), pending.text(1));
          if (pending.integer(2) > 0) rows_text += fmt::format(", failed {}", pending.integer(2));
          rows_text += "\n";
        }
      }
      auto jobs =
          tx.query("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs)");
      if (jobs.next()) rows_text += fmt::format("jobs {}\n", jobs.integer(0));
      rows_text += "committed\n";
      auto effects = tx.query("SELECT name, event FROM effects ORDER BY number");
      while (effects.next()) {
        rows_text += fmt::format("  {} for event {}\n", effects.text(0), effects.integer(1));
      }
      return rows_text;
    });
  });
  out += "called\n";
  for (const auto& [name, count] : world_.counts()) out += fmt::format("  {} {}\n", name, count);
  return out;
}

}  // namespace synap::scenarios

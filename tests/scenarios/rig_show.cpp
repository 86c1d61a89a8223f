// What a scenario is shown: events, runs with their steps, what is put away, effects.
#include <fmt/format.h>

#include "rig_parts.h"

namespace synap::scenarios {
namespace {

// What of an event's data tells it from others of its type.
std::string told(const events::Event& event) {
  const auto data = parse_json(event.data);
  std::string text;
  const auto text_at = [&](const char* name) { return std::string(data->string_or(name, "")); };
  if (event.type.starts_with("function.") || event.type.starts_with("run."))
    text += " of " + text_at("function");
  if (event.type == bus::kFunctionScheduled.name) {
    text += fmt::format(" at {}", text_at("scheduledAt"));
    const Json* missed = data->find("missed");
    if (missed != nullptr && missed->as_integer() > 0) {
      text += fmt::format(", missed {}", missed->as_integer());
    }
  }
  if (event.type == bus::kFunctionFinished.name) text += ": " + text_at("status");
  if (event.type == bus::kSignalSent.name) {
    text += fmt::format(" {} {}", text_at("signal"), data->find("data")->dump());
  }
  if (event.type.ends_with(".failed")) {
    text += fmt::format(" {} after {}: {}", text_at("name"), data->find("attempts")->as_integer(),
                        text_at("message"));
  }
  return text;
}

// Ids are other ones each time: an event is called by its position.
std::string memo_text(const std::string& op, const std::string& memo,
                      const std::map<Uuid, std::int64_t>& positions) {
  const auto json = parse_json(memo);
  if (op == "WaitForEvent" && !json->is_null()) {
    return fmt::format("event {}", json->find("position")->as_integer());
  }
  if (const Json* data = json->is_object() ? json->find("data") : nullptr;
      data != nullptr && data->is_string()) {
    const auto id = Uuid::parse(data->as_string());
    const auto known = id ? positions.find(*id) : positions.end();
    if (known != positions.end()) return fmt::format("event {}", known->second);
  }
  return memo;
}

std::string steps_text(db::Tx& tx, const Uuid& run, const std::map<Uuid, std::int64_t>& positions) {
  std::string out;
  auto steps =
      tx.query("SELECT name, op, memo FROM run_steps_data WHERE run = $1 ORDER BY place", run);
  while (steps.next()) {
    out += fmt::format("    {} {} {}\n", steps.text(0), steps.text(1),
                       memo_text(steps.text(1), steps.text(2), positions));
  }
  auto pending = tx.query(
      "SELECT name, op, attempts FROM pending_steps_data WHERE run = $1 ORDER BY name", run);
  while (pending.next()) {
    out += fmt::format("    {} {} pending", pending.text(0), pending.text(1));
    if (pending.integer(2) > 0) out += fmt::format(", failed {}", pending.integer(2));
    out += "\n";
  }
  return out;
}

std::string runs_text(db::Tx& tx, const std::map<Uuid, std::int64_t>& positions) {
  std::string out = "runs\n";
  auto runs = tx.query(
      "SELECT id, function, event_position, status, attempts, output, error FROM runs_data "
      "ORDER BY event_position, function, id");
  while (runs.next()) {
    out += fmt::format("  {} for event {}: {}, attempts {}", runs.text(1), runs.integer(2),
                       runs.text(3), runs.integer(4));
    if (!runs.is_null(5)) out += fmt::format(", output {}", runs.text(5));
    if (!runs.is_null(6)) out += fmt::format(", error {}", runs.text(6));
    out += "\n" + steps_text(tx, runs.uuid(0).value_or(Uuid{}), positions);
  }
  return out;
}

// What has no run yet.
std::string admissions_text(db::Tx& tx) {
  std::string out;
  auto rows = tx.query("SELECT function, position FROM admissions ORDER BY position, function");
  while (rows.next()) {
    out += fmt::format("  {} is to look at event {}\n", rows.text(0), rows.integer(1));
  }
  auto quiet = tx.query("SELECT function, position FROM flow_debounces ORDER BY function, key");
  while (quiet.next()) {
    out += fmt::format("  {} waits for quiet with event {}\n", quiet.text(0), quiet.integer(1));
  }
  auto batches = tx.query("SELECT function, size FROM flow_batches ORDER BY function, key");
  while (batches.next()) {
    out += fmt::format("  {} has a batch of {}\n", batches.text(0), batches.integer(1));
  }
  return out.empty() ? out : "without a run\n" + out;
}

std::string effects_text(db::Tx& tx) {
  std::string out = "committed\n";
  auto effects = tx.query("SELECT name, event FROM effects ORDER BY number");
  while (effects.next()) {
    out += fmt::format("  {} for event {}\n", effects.text(0), effects.integer(1));
  }
  return out;
}

}  // namespace

std::string Rig::events_text() {
  std::string out = "events\n";
  auto page =
      sync_wait(executor_, parts_->store.log->read(events::Tenancy::whole_pod(), {.limit = 1000}));
  for (const auto& event : page->events) {
    positions_[event->id] = event->position;
    out += fmt::format("  {} {} {} v{} {}{}\n", event->position, event->type,
                       label_of(event->aggregate_id), event->aggregate_version,
                       label_of(event->request_id), told(*event));
  }
  return out;
}

std::string Rig::show() {
  auto out = events_text();
  out += *test::run(executor_, [&] {
    return parts_->store.database->read([&](db::Tx& tx) {
      auto text = runs_text(tx, positions_) + admissions_text(tx);
      auto jobs =
          tx.query("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs)");
      if (jobs.next()) text += fmt::format("jobs {}\n", jobs.integer(0));
      return text + effects_text(tx);
    });
  });
  out += "called\n";
  for (const auto& [name, count] : world_.counts()) out += fmt::format("  {} {}\n", name, count);
  return out;
}

// What became of events that were looked at, since the start.
std::string Rig::counts() {
  const auto& counts = parts_->engine->admission.counts();
  std::string out;
  const auto add = [&](const char* name, const Counter& counter) {
    if (counter.value() > 0) out += fmt::format("{} {}\n", name, counter.value());
  };
  add("admitted", counts.admitted);
  add("filtered", counts.filtered);
  add("repeated", counts.repeated);
  add("limited", counts.limited);
  add("replaced", counts.replaced);
  add("skipped", counts.skipped);
  add("dead", counts.dead);
  add("cancelled", counts.cancelled);
  return out;
}

}  // namespace synap::scenarios

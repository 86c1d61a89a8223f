// runs.get: how a run went: when it was queued, begun and ended, each step with its own times, each
// attempt that failed. runs.result: one result in whole, where the trace has its beginning only.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "features/procedures.h"
#include "features/runs/run_shapes.h"
#include "workers/pending_steps.h"

namespace synap::features::runs {
namespace {

using api::Session;

// The end of the year 9999, the last that ISO 8601 has; a wait without an end is due behind it.
constexpr std::int64_t kTimeMax = 253'402'300'799'999;
// What one answer has of results: of one in whole, of all of them, and the beginning of others.
constexpr std::size_t kWholeMax = 16 << 10;
constexpr std::size_t kWholesMax = 1 << 20;
constexpr std::size_t kPreviewMax = 512;
constexpr std::int64_t kAttemptsMax = 1'000;
constexpr std::int64_t kEventsMax = 100;

// A JSON text, or its beginning.
struct Shown {
  std::optional<RawJson> whole;
  std::optional<std::int64_t> bytes;
  std::optional<std::string> preview;
};

Shown shown(std::string_view text, std::size_t& left) {
  Shown shown;
  if (text.size() <= std::min(kWholeMax, left)) {
    left -= text.size();
    shown.whole = stored_json(text);
    return shown;
  }
  shown.bytes = static_cast<std::int64_t>(text.size());
  const auto beginning = text.substr(0, kPreviewMax);
  shown.preview = std::string(beginning.substr(0, valid_utf8_prefix(beginning)));
  return shown;
}

struct RunStep {
  std::string hash;
  std::string name;
  std::string op;
  std::int64_t attempts = 1;
  std::optional<RawJson> input;
  std::optional<RawJson> result;
  std::optional<std::int64_t> result_bytes;
  std::optional<std::string> result_preview;
  std::optional<std::string> started_at;
  std::string ended_at;
  std::string stored_at;
};
const ObjectSchema<RunStep>& describe(Type<RunStep>) {
  static const auto schema =
      object<RunStep>("RunStep")
          .field("hash", &RunStep::hash, string(), "What tells it from others of its name.")
          .field("name", &RunStep::name)
          .field("op", &RunStep::op,
                 one_of({"StepRun", "StepError", "StepFailed", "Sleep", "WaitForEvent",
                         "InvokeFunction", "WaitForSignal", "RunComplete"}))
          .field("attempts", &RunStep::attempts, integer().min(1), "That it took.")
          .field("input", &RunStep::input, any(),
                 "What it was given, if that is known. Of a wait: {event, path, value, if} or "
                 "{signal}; of an invocation {function, eventId}: runs.list has the run for that "
                 "event.")
          .field("result", &RunStep::result, any(),
                 "{data}, {error}, the event that was waited for, or null "
                 "for a sleep or a wait in vain. Absent where it is large.")
          .field("resultBytes", &RunStep::result_bytes, integer(),
                 "Of a result that is too large to stand here: runs.result has it.")
          .field("resultPreview", &RunStep::result_preview, string(), "Its beginning.")
          .field("startedAt", &RunStep::started_at, string().datetime(),
                 "When the attempt that gave the result began, or the wait. Absent: not known.")
          .field("endedAt", &RunStep::ended_at, string().datetime())
          .field("storedAt", &RunStep::stored_at, string().datetime(),
                 "When it was on disk; from then on it is not done again.");
  return schema;
}

struct PendingRunStep {
  std::string hash;
  std::string name;
  std::string op;
  std::int64_t attempts = 0;
  std::optional<RawJson> input;
  std::optional<std::string> started_at;
  std::optional<std::string> due_at;
  std::optional<RawJson> error;
};
const ObjectSchema<PendingRunStep>& describe(Type<PendingRunStep>) {
  static const auto schema =
      object<PendingRunStep>("PendingRunStep")
          .field("hash", &PendingRunStep::hash, string())
          .field("name", &PendingRunStep::name)
          .field("op", &PendingRunStep::op,
                 one_of({"StepError", "Sleep", "WaitForEvent", "InvokeFunction", "WaitForSignal"}),
                 "StepError: it failed and is to be tried again.")
          .field("attempts", &PendingRunStep::attempts, integer(), "That have failed.")
          .field("input", &PendingRunStep::input, any(), "As of a step that is done.")
          .field("startedAt", &PendingRunStep::started_at, string().datetime(),
                 "When it was first begun. Absent: not known.")
          .field("dueAt", &PendingRunStep::due_at, string().datetime(),
                 "When it is tried again, when the sleep ends, or until when it is waited for."
                 " Absent: as soon as that is possible, or, of a wait, for ever.")
          .field("error", &PendingRunStep::error, run_error_schema(), "Of its last attempt.");
  return schema;
}

struct FailedAttempt {
  std::optional<std::string> hash;
  std::optional<std::string> name;
  std::optional<std::string> started_at;
  std::string ended_at;
  RawJson error;
};
const ObjectSchema<FailedAttempt>& describe(Type<FailedAttempt>) {
  static const auto schema =
      object<FailedAttempt>("FailedAttempt")
          .field("step", &FailedAttempt::hash, string(),
                 "The hash of its step. Absent: the function's own code failed.")
          .field("name", &FailedAttempt::name, string(), "Of its step.")
          .field("startedAt", &FailedAttempt::started_at, string().datetime())
          .field("endedAt", &FailedAttempt::ended_at, string().datetime())
          .field("error", &FailedAttempt::error, run_error_schema());
  return schema;
}

struct RunEvent {
  std::string id;
  std::string type;
  std::int64_t position = 0;
};
const ObjectSchema<RunEvent>& describe(Type<RunEvent>) {
  static const auto schema = object<RunEvent>("RunEvent")
                                 .field("id", &RunEvent::id, string().uuid())
                                 .field("type", &RunEvent::type)
                                 .field("position", &RunEvent::position);
  return schema;
}

struct RunWithSteps : Run {
  std::optional<std::int64_t> queue_delay_ms;
  std::optional<std::vector<RunEvent>> events;
  std::optional<RawJson> output;
  std::optional<std::int64_t> output_bytes;
  std::optional<std::string> output_preview;
  std::vector<FailedAttempt> failed_attempts;
  std::vector<RunStep> steps;
  std::vector<PendingRunStep> pending;
};
const ObjectSchema<RunWithSteps>& describe(Type<RunWithSteps>) {
  static const auto schema = [] {
    auto run = object<RunWithSteps>("RunWithSteps");
    add_run_fields(run);
    run.field("queueDelayMs", &RunWithSteps::queue_delay_ms, integer(),
              "From when it was queued to its first call.")
        .field("events", &RunWithSteps::events, array(schema_of<RunEvent>()),
               "Of a run for a batch: its events, at most 100 of them.")
        .field("output", &RunWithSteps::output, any(),
               "What it came to. Absent where it is large, or has not completed.")
        .field("outputBytes", &RunWithSteps::output_bytes, integer(),
               "Of an output that is too large to stand here: runs.result has it.")
        .field("outputPreview", &RunWithSteps::output_preview, string(), "Its beginning.")
        .field("failedAttempts", &RunWithSteps::failed_attempts, array(schema_of<FailedAttempt>()),
               "The oldest first; the newest 1,000. The one that worked is the step itself.")
        .field("steps", &RunWithSteps::steps, array(schema_of<RunStep>()),
               "Those that are done, in their order.")
        .field("pendingSteps", &RunWithSteps::pending, array(schema_of<PendingRunStep>()),
               "Those that are begun and not done.");
    return run;
  }();
  return schema;
}

std::optional<std::string> time_of(db::Rows& rows, int column) {
  if (rows.is_null(column)) return std::nullopt;
  return to_iso8601(rows.integer(column));
}

void read_steps(db::Tx& tx, const Uuid& id, std::size_t& left, RunWithSteps& run) {
  auto rows = tx.query(
      "SELECT hash, name, op, memo, stored_at, started_at, ended_at, input FROM run_steps "
      "WHERE run = $1 ORDER BY place",
      id);
  while (rows.next()) {
    RunStep step{
        .hash = to_hex(workers::hash_of(rows.view(0))), .name = rows.text(1), .op = rows.text(2)};
    auto result = shown(rows.view(3), left);
    step.result = std::move(result.whole);
    step.result_bytes = result.bytes;
    step.result_preview = std::move(result.preview);
    step.stored_at = to_iso8601(rows.integer(4));
    step.started_at = time_of(rows, 5);
    step.ended_at = time_of(rows, 6).value_or(step.stored_at);
    if (!rows.is_null(7)) step.input = shown(rows.view(7), left).whole;
    run.steps.push_back(std::move(step));
  }
}

void read_pending(db::Tx& tx, const Uuid& id, std::size_t& left, RunWithSteps& run) {
  auto rows = tx.query(
      "SELECT hash, name, op, attempts, due_at, error, begun_at, input FROM pending_steps "
      "WHERE run = $1 ORDER BY name",
      id);
  while (rows.next()) {
    PendingRunStep step{.hash = to_hex(workers::hash_of(rows.view(0))),
                        .name = rows.text(1),
                        .op = rows.text(2),
                        .attempts = rows.integer(3)};
    const auto due_at = rows.integer(4);
    if (due_at > 0 && due_at <= kTimeMax) step.due_at = to_iso8601(due_at);
    if (!rows.is_null(5)) step.error = stored_json(rows.view(5));
    step.started_at = time_of(rows, 6);
    if (!rows.is_null(7)) step.input = shown(rows.view(7), left).whole;
    run.pending.push_back(std::move(step));
  }
}

void read_attempts(db::Tx& tx, const Uuid& id, RunWithSteps& run) {
  auto rows = tx.query(
      "SELECT hash, name, started_at, ended_at, error FROM run_attempts WHERE run = $1 "
      "ORDER BY number DESC LIMIT $2",
      id, kAttemptsMax);
  std::map<std::string, std::int64_t> failed;  // of each step
  while (rows.next()) {
    FailedAttempt attempt{.started_at = time_of(rows, 2),
                          .ended_at = to_iso8601(rows.integer(3)),
                          .error = {rows.text(4)}};
    if (!rows.view(0).empty()) {
      attempt.hash = to_hex(workers::hash_of(rows.view(0)));
      attempt.name = rows.text(1);
      ++failed[*attempt.hash];
    }
    run.failed_attempts.push_back(std::move(attempt));
  }
  std::ranges::reverse(run.failed_attempts);
  for (auto& step : run.steps) {
    if (const auto found = failed.find(step.hash); found != failed.end()) {
      step.attempts += found->second;
    }
  }
}

void read_output(db::Tx& tx, const Uuid& id, std::size_t& left, RunWithSteps& run) {
  auto rows = tx.query("SELECT output FROM runs WHERE id = $1", id);
  if (!rows.next() || rows.is_null(0)) return;
  auto output = shown(rows.view(0), left);
  run.output = std::move(output.whole);
  run.output_bytes = output.bytes;
  run.output_preview = std::move(output.preview);
}

std::vector<std::int64_t> positions_of(db::Tx& tx, const Uuid& id) {
  std::vector<std::int64_t> positions;
  auto rows = tx.query("SELECT position FROM run_events WHERE run = $1 ORDER BY place LIMIT $2", id,
                       kEventsMax);
  while (rows.next()) positions.push_back(rows.integer(0));
  return positions;
}

// A run whose first call goes on tells by its steps that it has begun.
void set_start(RunWithSteps& run) {
  if (!run.started_at) {
    for (const auto& step : run.steps) {
      if (step.started_at && (!run.started_at || *step.started_at < *run.started_at)) {
        run.started_at = step.started_at;
      }
    }
  }
  if (!run.started_at) return;
  const auto started = parse_iso8601(*run.started_at).value_or(run.created_ms);
  run.queue_delay_ms = std::max<std::int64_t>(0, started - run.created_ms);
}

Task<Result<RunWithSteps>> get(const Rooms& rooms, Session session, RunId input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  struct Read {
    std::optional<RunWithSteps> run;
    std::vector<std::int64_t> positions;
  };
  auto read = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    Read found;
    std::size_t left = kWholesMax;
    {
      auto rows = tx.query(std::string(kRunColumns) + "WHERE id = $1", id);
      if (!rows.next()) return found;
      read_run(rows, found.run.emplace());
    }
    read_output(tx, id, left, *found.run);
    read_steps(tx, id, left, *found.run);
    read_pending(tx, id, left, *found.run);
    read_attempts(tx, id, *found.run);
    found.positions = positions_of(tx, id);
    return found;
  });
  if (!read) co_return fail(read.error());
  if (!read->run) co_return fail(Code::kNotFound, "There is no such run");
  auto& run = *read->run;
  auto cause = co_await event_at(rooms, run.event_position);
  if (!cause) co_return fail(cause.error());
  set_event(run, *cause);
  for (const auto position : read->positions) {
    auto event = co_await event_at(rooms, position);
    if (!event) co_return fail(event.error());
    if (!run.events) run.events.emplace();
    run.events->push_back({id_of(*event), type_of(*event), position});
  }
  set_start(run);
  co_return std::move(run);
}

struct ResultOf {
  std::string id;
  std::optional<std::string> step;
};
const ObjectSchema<ResultOf>& describe(Type<ResultOf>) {
  static const auto schema =
      object<ResultOf>("ResultOf")
          .field("id", &ResultOf::id, string().uuid(), "Of the run.")
          .field("step", &ResultOf::step, string().min(40).max(40),
                 "The hash of a step that is done. Absent: the run's output is asked for.");
  return schema;
}

struct WholeResult {
  RawJson result;
};
const ObjectSchema<WholeResult>& describe(Type<WholeResult>) {
  static const auto schema =
      object<WholeResult>("WholeResult")
          .field("result", &WholeResult::result, any(),
                 "Of a step as in runs.get: {data}, {error} and so on. Of a run what it came to.");
  return schema;
}

Task<Result<WholeResult>> result(const Rooms& rooms, Session session, ResultOf input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  const auto hash = workers::hash_from_hex(input.step.value_or(""));
  auto found = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    auto rows = input.step ? tx.query("SELECT memo FROM run_steps WHERE run = $1 AND hash = $2", id,
                                      workers::blob_of(hash))
                           : tx.query("SELECT output FROM runs WHERE id = $1", id);
    return rows.next() ? rows.optional_text(0) : std::nullopt;
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such result");
  co_return WholeResult{{std::move(**found)}};
}

}  // namespace

void add_trace(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound, "There is no such run for your events."};
  add_query(
      rooms, "runs.get",
      {.summary = "One run: its times, the steps that are done, those that are begun, and "
                  "each attempt that failed.",
       .docs = "Results of more than 16 KiB, and those beyond 1 MiB in all, are told by their "
               "size and beginning; runs.result has them.",
       .errors = {no_such},
       .reach = rpc::Reach::kPod},
      get);
  add_query(
      rooms, "runs.result",
      {.summary = "The result of one step in whole, or the output of a run.",
       .errors = {{Code::kNotFound,
                   "There is no such run for your events, no such step of it that is done, or "
                   "the run has no output."}},
       .reach = rpc::Reach::kPod},
      result);
}

}  // namespace synap::features::runs

#include "workers/run_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "bus/function_events.h"
#include "events/trace.h"
#include "workers/pending_steps.h"
#include "workers/run_trace.h"

namespace synap::workers {
namespace {

constexpr std::string_view kTables = R"(
CREATE TABLE run_steps_data(
  run BLOB NOT NULL,
  hash BLOB NOT NULL,
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  op TEXT NOT NULL,
  memo TEXT NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY(run, hash)
) STRICT, WITHOUT ROWID;
CREATE VIEW run_steps AS
  SELECT run_steps_data.* FROM run_steps_data JOIN runs_data ON runs_data.id = run_steps_data.run
  WHERE runs_data.user_id = current_user_id();
)";

constexpr std::string_view kPendingTables = R"(
-- due_at is by the clock of jobs.
CREATE TABLE pending_steps_data(
  run BLOB NOT NULL,
  hash BLOB NOT NULL,
  name TEXT NOT NULL,
  op TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  error TEXT,
  PRIMARY KEY(run, hash)
) STRICT, WITHOUT ROWID;
CREATE VIEW pending_steps AS
  SELECT pending_steps_data.* FROM pending_steps_data
  JOIN runs_data ON runs_data.id = pending_steps_data.run
  WHERE runs_data.user_id = current_user_id();
)";

EventWait wait_of(const std::string& signal) {
  return {std::string(bus::kSignalSent.name), "data.signal", Json(signal)};
}

constexpr std::string_view kTimes = R"(
-- Of the attempt that gave the result; NULL: not known, and as stored_at. `input`: what the step
-- was given, as JSON text; of one that waits, what it waits for.
ALTER TABLE run_steps_data ADD COLUMN started_at INTEGER;
ALTER TABLE run_steps_data ADD COLUMN ended_at INTEGER;
ALTER TABLE run_steps_data ADD COLUMN input TEXT;
ALTER TABLE pending_steps_data ADD COLUMN begun_at INTEGER;
ALTER TABLE pending_steps_data ADD COLUMN input TEXT;
-- Attempts that failed: of a step, or of the function's own code (an empty hash).
CREATE TABLE run_attempts_data(
  run BLOB NOT NULL,
  number INTEGER NOT NULL,
  hash BLOB NOT NULL,
  name TEXT NOT NULL,
  started_at INTEGER,
  ended_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY(run, number)
) STRICT, WITHOUT ROWID;
CREATE VIEW run_attempts AS
  SELECT run_attempts_data.* FROM run_attempts_data
  JOIN runs_data ON runs_data.id = run_attempts_data.run
  WHERE runs_data.user_id = current_user_id();
)";

// 0 is no time.
std::optional<std::int64_t> time_or_null(std::int64_t unix_ms) {
  return unix_ms > 0 ? std::optional(unix_ms) : std::nullopt;
}

std::optional<std::string_view> text_or_null(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// What a step that waits was given, for whoever looks at its run. The data of an invocation stand
// in its event, whose id is told.
std::string input_of(const PendingStep& step, const Result<events::NewEvent>* asked) {
  Json input = Json::object();
  if (step.wait) {
    input.set("event", step.wait->type);
    if (!step.wait->path.empty()) input.set("path", step.wait->path).set("value", step.wait->value);
    if (step.wait->condition) input.set("if", step.wait->condition->to_text());
  } else if (step.signal) {
    input.set("signal", step.signal->signal);
  } else if (step.invoked) {
    input.set("function", step.invoked->function);
    if (asked != nullptr && *asked) input.set("eventId", (*asked)->id().to_string());
  } else {
    return {};
  }
  return input.dump();
}

constexpr std::string_view kEventTables = R"(
-- All events of a run that is for more than one.
CREATE TABLE run_events_data(
  run BLOB NOT NULL,
  place INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY(run, place)
) STRICT, WITHOUT ROWID;
CREATE VIEW run_events AS
  SELECT run_events_data.* FROM run_events_data JOIN runs_data ON runs_data.id = run_events_data.run
  WHERE runs_data.user_id = current_user_id();
)";

// SQLite has one wall of tenancy, the views, and nothing to be told.
constexpr std::string_view kWhose = R"(
COMMENT ON COLUMN run_steps_data.run IS 'rows of runs_data';
COMMENT ON COLUMN pending_steps_data.run IS 'rows of runs_data';
COMMENT ON COLUMN run_attempts_data.run IS 'rows of runs_data';
COMMENT ON COLUMN run_events_data.run IS 'rows of runs_data';
)";

}  // namespace

std::vector<db::Database::Migration> RunStore::migrations() {
  std::vector<db::Database::Migration> all = {{"run_steps.1", kTables},
                                              {"run_steps.2", kPendingTables}};
  all.push_back({"run_events.1", kEventTables});
  all.push_back(
      {"run_events.2", "CREATE INDEX run_events_by_position ON run_events_data(position)"});
  for (const auto& more : EventWaits::migrations()) all.push_back(more);
  for (const auto& more : RunLimits::migrations()) all.push_back(more);
  all.push_back({"run_steps.3", kTimes});
  all.push_back({.name = "run_steps.4", .sql = "", .on_postgres = kWhose});
  return all;
}

double RunStore::random() const {
  std::uint8_t bytes[4];
  world_.random(bytes, sizeof bytes);
  const std::uint32_t value = static_cast<std::uint32_t>(bytes[0]) << 24 |
                              static_cast<std::uint32_t>(bytes[1]) << 16 |
                              static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
  return static_cast<double>(value) / 4294967296.0;
}

namespace {

// `insert` is given the statement and its values.
auto insert_result(const bus::Job& job, const StepResult& result, std::int64_t now,
                   const auto& insert) {
  return insert(
      "INSERT INTO run_steps_data(run, hash, place, name, op, memo, stored_at, started_at, "
      "ended_at, input) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
      job.run_id, blob_of(result.hash), result.place, result.name, op_name(result.op), result.memo,
      now, time_or_null(result.started_at), time_or_null(result.ended_at),
      text_or_null(result.input));
}

void forget_pending_step(db::Tx& tx, const Uuid& run_id, const StepHash& step) {
  tx.run("DELETE FROM pending_steps_data WHERE run = $1 AND hash = $2", run_id, blob_of(step));
}

}  // namespace

void RunStore::forget_pending_of(db::Tx& tx, const Uuid& run_id, const StepResult& result) {
  forget_pending_step(tx, run_id, result.hash);
  for (const auto& step : result.given_up) {
    forget_pending_step(tx, run_id, step);
    waits_.end(tx, run_id, step);
  }
}

std::int64_t RunStore::write_results(db::Tx& tx, const bus::Job& job,
                                     std::span<const StepResult> results, bool may_be_pending) {
  std::int64_t stored = 0;
  const auto now = world_.unix_ms();
  for (const auto& result : results) {
    const std::int64_t is_new = insert_result(
        job, result, now, [&](const auto&... said) -> std::int64_t { return tx.run(said...); });
    stored += is_new;
    if (is_new > 0) note_done(tx, job, result, now);
    if (may_be_pending) forget_pending_of(tx, job.run_id, result);
  }
  return stored;
}

void RunStore::write_own_results(db::Tx& tx, const bus::Job& job,
                                 std::span<const StepResult> results, bool may_be_pending) {
  if (job.function->is_remote) {
    write_results(tx, job, results, may_be_pending);
    return;
  }
  const auto now = world_.unix_ms();
  for (const auto& result : results) {
    insert_result(job, result, now, [&](const auto&... said) { tx.run(said...); });
    note_done(tx, job, result, now);
    if (may_be_pending) forget_pending_of(tx, job.run_id, result);
  }
}

void RunStore::write_result_once(db::Tx& tx, const bus::Job& job, const StepResult& result,
                                 bool may_be_pending) {
  static const Error kDone{Code::kConflict, "The step is done already", nullptr};
  const auto now = world_.unix_ms();
  insert_result(job, result, now, [&](const auto&... said) { tx.run_one(kDone, said...); });
  note_done(tx, job, result, now);
  if (may_be_pending) forget_pending_of(tx, job.run_id, result);
}

// Counted when it is on disk. Sleeps and waits are no work, and have no time of their own.
void RunStore::note_done(db::Tx& tx, const bus::Job& job, const StepResult& result,
                         std::int64_t now) {
  if (job.trace != nullptr) {
    tx.on_commit([this, span = span_of_step(*tracer_, job, result, now)]() mutable {
      tracer_->end(std::move(span));
    });
  }
  const bool has_failed = result.op == OpCode::kStepFailed;
  if (!has_failed && result.op != OpCode::kStepRun) return;
  const auto ended_at = result.ended_at > 0 ? result.ended_at : now;
  const std::chrono::milliseconds took(
      result.started_at > 0 ? std::max<std::int64_t>(ended_at - result.started_at, 0) : 0);
  tx.on_commit([meter = job.function->meter, has_failed, took] {
    (has_failed ? meter->steps_failed : meter->steps_completed).add();
    meter->step_time.observe(took);
  });
}

void RunStore::note_attempt(db::Tx& tx, const bus::Job& job, const PendingStep& step) {
  tx.on_commit([meter = job.function->meter] { meter->steps_retried.add(); });
  if (job.trace == nullptr) return;
  tx.on_commit([this, span = span_of_attempt(*tracer_, job, step, world_.unix_ms())]() mutable {
    tracer_->end(std::move(span));
  });
}

void RunStore::prepare(const bus::Job& job, const events::Event& event, Steps& steps) const {
  for (const auto& step : steps.pending) {
    if (!step.invoked) continue;
    steps.asked.push_back(events_.invocation_of(job, event, step));
  }
}

// True: one of them is done already, since what it asks for cannot be had.
bool RunStore::write_pending(db::Tx& tx, const bus::Job& job, const Steps& steps) {
  bool is_answered = false;
  std::size_t asked = 0;
  for (const auto& step : steps.pending) {
    std::optional<std::string_view> error;
    if (!step.error.empty()) error = step.error;
    const auto input = input_of(step, step.invoked ? &steps.asked[asked] : nullptr);
    const auto begun_at = step.began_at > 0 ? step.began_at : world_.unix_ms();
    if (step.due_at > 0) jobs_.keep_clock(tx);
    tx.run(
        "INSERT INTO pending_steps_data(run, hash, name, op, attempts, due_at, error, begun_at, "
        "input) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT(run, hash) DO UPDATE SET "
        "attempts = $5, due_at = $6, error = $7",
        job.run_id, blob_of(step.hash), step.name, op_name(step.op), step.attempts, step.due_at,
        error, begun_at, text_or_null(input));
    // One that is to be tried again at once was kept from its work by an outage: no attempt.
    if (step.op == OpCode::kStepError && error && step.due_at > 0) {
      write_attempt(tx, job, &step.hash, step.name, step.began_at, step.error);
      note_attempt(tx, job, step);
    }
    std::optional<Error> refusal;
    if (step.wait) waits_.begin(tx, job, step.hash, *step.wait);
    if (step.invoked) refusal = begin_invoked(tx, job, step, steps.asked[asked++]);
    if (step.signal) refusal = begin_signal_wait(tx, job, step);
    if (!refusal) continue;
    answer_pending(tx, job.run_id, step.hash, error_memo(*refusal), world_.unix_ms());
    is_answered = true;
  }
  return is_answered;
}

// `step`: null of the function's own code.
void RunStore::write_attempt(db::Tx& tx, const bus::Job& job, const StepHash* step,
                             std::string_view name, std::int64_t began_at, std::string_view error) {
  tx.run(
      "INSERT INTO run_attempts_data(run, number, hash, name, started_at, ended_at, error) SELECT "
      "$1, coalesce((SELECT max(number) FROM run_attempts_data WHERE run = $1), 0) + 1, $2, $3, "
      "$4, $5, $6",
      job.run_id, step != nullptr ? blob_of(*step) : db::Blob{}, name, time_or_null(began_at),
      world_.unix_ms(), error);
}

std::optional<Error> RunStore::begin_invoked(db::Tx& tx, const bus::Job& job,
                                             const PendingStep& step,
                                             const Result<events::NewEvent>& asked) {
  if (!asked) return asked.error();
  const auto function = dispatcher_.functions().find(step.invoked->function);
  if (function == nullptr || (function->user_id && *function->user_id != job.user_id)) {
    return Error{Code::kNotFound,
                 fmt::format("could not find function with ID: {}", step.invoked->function),
                 nullptr};
  }
  // Its failing is that of a request, and this is none.
  if (function->fulfills) {
    return Error{Code::kBadRequest,
                 fmt::format("{} carries out requests, and cannot be invoked", function->id),
                 nullptr};
  }
  const auto appended = log_.append(tx, {.events = {*asked}});
  if (!appended.events.empty()) dispatcher_.start(tx, function, *appended.events.front());
  return std::nullopt;
}

std::optional<Error> RunStore::begin_signal_wait(db::Tx& tx, const bus::Job& job,
                                                 const PendingStep& step) {
  const auto wait = wait_of(step.signal->signal);
  if (const auto other = waits_.first_for(tx, job.user_id, wait)) {
    const Error error{Code::kConflict,
                      fmt::format("Another run waits for the signal \"{}\"", step.signal->signal),
                      nullptr};
    if (!step.signal->replaces) return error;
    waits_.end(tx, other->job.run_id, other->step);
    answer(tx, other->job, other->step, error_memo(error));
  }
  waits_.begin(tx, job, step.hash, wait);
  return std::nullopt;
}

// The run goes on, if this step of it was not done before.
bool RunStore::answer(db::Tx& tx, const bus::Job& job, const StepHash& step,
                      std::string_view memo) {
  if (!answer_pending(tx, job.run_id, step, memo, world_.unix_ms())) return false;
  jobs_.wake(tx, job);
  return true;
}

// Of a run that has ended, however it has.
void RunStore::forget_pending(db::Tx& tx, const Uuid& run_id) {
  tx.run("DELETE FROM pending_steps_data WHERE run = $1", run_id);
  waits_.end(tx, run_id, std::nullopt);
}

void RunStore::write_end(db::Tx& tx, const bus::Job& job, const EndOfRun& end,
                         bool may_be_pending) {
  std::optional<std::string_view> output;
  std::optional<std::string_view> error;
  if (end.error.empty()) {
    output = end.output;
  } else {
    error = end.error;
  }
  // A function that comes and goes may have had what it has no more.
  const auto& function = *job.function;
  if (may_be_pending || function.is_remote || !function.flow.cancel_on.empty()) {
    forget_pending(tx, job.run_id);
  }
  tx.run(
      "UPDATE runs_data SET status = $2, attempts = attempts + $3, ended_at = $4, output = $5, "
      "error = $6, started_at = coalesce(started_at, $7), node = coalesce($8, node) WHERE id = $1",
      job.run_id, end.status, end.status == "cancelled" ? 0 : 1, world_.unix_ms(), output, error,
      time_or_null(job.began_at), end.status == "cancelled" ? std::nullopt : node());
  if (function.is_remote || function.flow.singleton) {
    tx.run("DELETE FROM flow_singletons WHERE run = $1", job.run_id);
  }
  if (function.is_remote || function.flow.has_run_limits()) limits_.note_ended(tx, job.run_id);
  if (end.last_words) {
    if (auto said = end.last_words(tx); !said.empty()) {
      log_.append(tx, {.events = std::move(said)});
    }
  }
  if (!end.events.empty()) log_.append(tx, {.events = end.events});
  const bool is_awaited =
      !jobs_.leads() && !end.is_heard && EventWaits::are_ends_waited_for(tx, job.user_id);
  auto late = events_.late_finish(job, end, is_awaited);
  if (!late) return tx.abort(late.error());
  if (*late) log_.append(tx, {.events = {**std::move(late)}});
  if (hear_end_) hear_end_(tx, job, end);
  if (end.asker) answer_asker(tx, *end.asker);
  if (job.trace != nullptr) {
    tx.on_commit([this, span = span_of_run(job, end.status, end.error)]() mutable {
      span.end_unix_us = std::max(span.begin_unix_us, tracer_->unix_us());
      tracer_->end(std::move(span));
    });
  }
}

void RunStore::refuse_invoked(db::Tx& tx, const events::Event& event, const Error& error) {
  const EndOfRun end{.status = "failed", .error = error_json(error)};
  if (const auto asker = RunEvents::asker_of(event, end)) answer_asker(tx, *asker);
}

void RunStore::answer_asker(db::Tx& tx, const EndOfRun::Asker& asker) {
  bus::Job job;
  {
    auto rows = tx.query("SELECT event_position, lane FROM runs_data WHERE id = $1", asker.run_id);
    if (!rows.next()) return;
    job.run_id = asker.run_id;
    job.position = rows.integer(0);
    job.line = rows.uuid(1).value_or(job.run_id);
  }
  answer(tx, job, asker.step, asker.memo);
}

Task<Result<std::string>> RunStore::end_wait(const bus::Job& job, StepResult over) {
  if (auto looked = co_await waits_.catch_up(job.run_id, over.hash); !looked) {
    co_return fail(looked.error());
  }
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) -> std::string {
    if (!jobs_.holds(tx, job)) return "";
    {
      auto rows = tx.query("SELECT memo FROM run_steps_data WHERE run = $1 AND hash = $2",
                           job.run_id, blob_of(over.hash));
      if (rows.next()) return rows.text(0);
    }
    write_results(tx, job, {&over, 1}, true);
    waits_.end(tx, job.run_id, over.hash);
    return over.memo;
  });
}

Task<Result<StoredResults>> RunStore::load_results(Uuid run_id) {
  co_return co_await database_.read([&](db::Tx& tx) {
    StoredResults stored;
    {
      auto rows =
          tx.query("SELECT hash, memo, place, op FROM run_steps_data WHERE run = $1", run_id);
      while (rows.next()) {
        Memo memo{.text = rows.text(1),
                  .op = op_by_name(rows.view(3)).value_or(OpCode::kStepRun),
                  .place = static_cast<int>(rows.integer(2))};
        stored.memo_bytes += static_cast<std::int64_t>(memo.text.size());
        stored.next_place = std::max(stored.next_place, memo.place + 1);
        stored.memos.emplace(hash_of(rows.view(0)), std::move(memo));
      }
    }
    auto rows = tx.query(
        "SELECT hash, name, op, attempts, due_at, begun_at, input FROM pending_steps_data "
        "WHERE run = $1",
        run_id);
    while (rows.next()) {
      PendingStep step{.hash = hash_of(rows.view(0)),
                       .name = rows.text(1),
                       .op = op_by_name(rows.view(2)).value_or(OpCode::kStepError),
                       .attempts = static_cast<int>(rows.integer(3)),
                       .due_at = rows.integer(4),
                       .began_at = rows.is_null(5) ? 0 : rows.integer(5)};
      if (step.op == OpCode::kStepError && !rows.is_null(6)) step.input = rows.text(6);
      stored.pending.emplace(step.hash, std::move(step));
    }
    return stored;
  });
}

Task<Result<std::vector<events::EventRef>>> RunStore::load_events(Uuid run_id) {
  auto positions = co_await database_.read([&](db::Tx& tx) {
    std::vector<std::int64_t> all;
    auto rows =
        tx.query("SELECT position FROM run_events_data WHERE run = $1 ORDER BY place", run_id);
    while (rows.next()) all.push_back(rows.integer(0));
    return all;
  });
  if (!positions) co_return fail(positions.error());
  std::vector<events::EventRef> events;
  for (const auto position : *positions) {
    auto event = co_await log_.at(position);
    if (!event) co_return fail(event.error());
    events.push_back(std::move(*event));
  }
  co_return events;
}

Task<Result<int>> RunStore::count_start(const bus::Job& job) {
  co_return co_await database_.write(db::Lane::kBackground,
                                     [&](db::Tx& tx) { return jobs_.count_start(tx, job); });
}

Task<Result<>> RunStore::complete(const bus::Job& job, const events::Event& event,
                                  std::string output, Steps steps) {
  const auto end = events_.completed(job, event, std::move(output));
  if (!end) co_return fail(end.error());
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    jobs_.finish(tx, job);
    write_own_results(tx, job, steps.results, steps.may_be_pending);
    write_end(tx, job, *end, steps.may_be_pending);
  });
}

Task<Result<>> RunStore::begin_steps(const bus::Job& job, const events::Event& event, Steps steps) {
  prepare(job, event, steps);
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    if (!jobs_.holds(tx, job)) return;
    write_own_results(tx, job, steps.results, steps.may_be_pending);
    write_pending(tx, job, steps);
  });
}

Task<Result<>> RunStore::retry_later(const bus::Job& job, std::int64_t delay_ms,
                                     std::optional<Error> error, Steps steps) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    jobs_.park(tx, job, delay_ms, delay_ms);
    write_own_results(tx, job, steps.results, steps.may_be_pending);
    write_pending(tx, job, steps);
    if (!error) return;
    const auto text = error_json(*error);
    write_attempt(tx, job, nullptr, "", job.began_at, text);
    tx.run(
        "UPDATE runs_data SET status = 'active', attempts = attempts + 1, error = $2, "
        "started_at = coalesce(started_at, $3), node = $4 WHERE id = $1",
        job.run_id, text, time_or_null(job.began_at), node());
  });
}

Task<Result<>> RunStore::give_back(const bus::Job& job, Steps steps) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    jobs_.give_back(tx, job);
    write_own_results(tx, job, steps.results, steps.may_be_pending);
    write_pending(tx, job, steps);
  });
}

Task<Result<>> RunStore::park(const bus::Job& job, std::int64_t delay_ms, bool has_failed,
                              Steps steps) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_own_results(tx, job, steps.results, steps.may_be_pending);
    const bool is_answered = write_pending(tx, job, steps);
    std::optional<std::int64_t> due_at;
    bool is_asleep = true;
    std::optional<std::string> error;
    {
      auto rows = tx.query(
          "SELECT op, due_at, error, hash FROM pending_steps_data WHERE run = $1 ORDER BY due_at",
          job.run_id);
      while (rows.next()) {
        // One that was due when the call began, and of which the call says nothing, is not reached
        // by the function's code any more: to wait for it would be to call again at once, for ever.
        const bool is_reached = rows.integer(1) == 0 || rows.integer(1) > job.called_at ||
                                std::ranges::find(steps.pending, hash_of(rows.view(3)),
                                                  &PendingStep::hash) != steps.pending.end();
        if (is_reached && !due_at) due_at = rows.integer(1);
        if (rows.view(0) != op_name(OpCode::kStepError)) continue;
        is_asleep = false;
        error = rows.optional_text(2);
      }
    }
    if (!due_at) {
      // The next call finds nothing that it could wait for, and says so.
      tx.run("DELETE FROM pending_steps_data WHERE run = $1", job.run_id);
      due_at = 0;
    }
    const bool is_woken = jobs_.park(tx, job, is_answered ? 0 : *due_at - clock().now(), delay_ms);
    if (is_asleep && !is_answered && !is_woken) {
      tx.run(
          "UPDATE runs_data SET status = 'sleeping', error = NULL, "
          "started_at = coalesce(started_at, $2), node = $3 WHERE id = $1",
          job.run_id, time_or_null(job.began_at), node());
      return;
    }
    tx.run(
        "UPDATE runs_data SET status = 'active', attempts = attempts + $2, error = $3, "
        "started_at = coalesce(started_at, $4), node = $5 WHERE id = $1",
        job.run_id, has_failed ? 1 : 0, error, time_or_null(job.began_at), node());
  });
}

Task<Result<>> RunStore::give_up(const bus::Job& job, const events::Event& event,
                                 const Error& error, int attempts, Steps steps) {
  auto end = events_.failed(job, event, error, attempts);
  if (!end) co_return fail(end.error());
  if (const auto& ask = job.function->last_words)
    end->last_words = co_await ask(event, job.run_id, error);
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    jobs_.finish(tx, job);
    write_own_results(tx, job, steps.results, steps.may_be_pending);
    write_attempt(tx, job, nullptr, "", job.began_at, end->error);
    write_end(tx, job, *end, steps.may_be_pending);
  });
}

Task<Result<RunStore::Cancellation>> RunStore::cancellation_of(std::string user_id, Uuid run_id,
                                                               std::optional<events::Actor> actor,
                                                               Error why) {
  auto job = co_await database_.read([&](db::Tx& tx) { return find_job(tx, user_id, run_id); });
  if (!job) co_return fail(job.error());
  if (!*job) co_return fail(Code::kNotFound, "There is no such run");
  auto event = co_await log_.at((*job)->position);
  if (!event) co_return fail(event.error());
  if (tracer_ != nullptr) (*job)->trace = trace_of_run(**event, run_id);
  auto end = events_.cancelled(**job, **event, why, std::move(actor));
  if (!end) co_return fail(end.error());
  if (const auto& ask = (*job)->function->last_words) {
    end->last_words = co_await ask(**event, run_id, why);
  }
  co_return Cancellation{std::move(**job), std::move(*end), std::move(*event)};
}

bool RunStore::cancel(db::Tx& tx, const Cancellation& cancellation) {
  const auto& job = cancellation.job;
  const auto& end = cancellation.end;
  const auto removed = jobs_.remove(tx, job);
  if (!removed.was_there) return false;
  write_end(tx, job, end, true);
  if (removed.was_claimed) tx.on_commit([this, id = job.run_id] { note_cancelled(id); });
  return true;
}

Task<Result<>> RunStore::cancel(std::string user_id, Uuid run_id,
                                std::optional<events::Actor> actor, Error why) {
  const auto made =
      co_await cancellation_of(std::move(user_id), run_id, std::move(actor), std::move(why));
  if (!made) co_return fail(made.error());
  co_return co_await database_.write([&](db::Tx& tx) {
    if (cancel(tx, *made)) return;
    tx.abort({Code::kConflict, "The run has ended; there is nothing to cancel", nullptr});
  });
}

void RunStore::note_cancelled(const Uuid& run_id) {
  std::lock_guard lock(mutex_);
  cancelled_.insert(run_id);
  cancelled_count_ = static_cast<int>(cancelled_.size());
}

bool RunStore::take_cancelled(const Uuid& run_id) {
  if (cancelled_count_ == 0) return false;
  std::lock_guard lock(mutex_);
  const bool was_cancelled = cancelled_.erase(run_id) > 0;
  cancelled_count_ = static_cast<int>(cancelled_.size());
  return was_cancelled;
}

// The job of a run; nothing: the user has no such run.
std::optional<bus::Job> RunStore::find_job(db::Tx& tx, const std::string& user_id,
                                           const Uuid& run_id) const {
  auto rows = tx.query(
      "SELECT function, event_position, lane, attempts FROM runs_data "
      "WHERE id = $1 AND user_id = $2",
      run_id, user_id);
  if (!rows.next()) return std::nullopt;
  bus::Job job{.line = rows.uuid(2).value_or(run_id),
               .position = rows.integer(1),
               .run_id = run_id,
               .function = dispatcher_.functions().find(rows.view(0)),
               .user_id = user_id,
               .attempt = static_cast<int>(rows.integer(3)),
               .may_have_results = true};
  if (job.function == nullptr) {
    // It may have had whatever functions that come and go have.
    job.function =
        std::make_shared<const bus::Function>(bus::Function{.id = rows.text(0), .is_remote = true});
  }
  return job;
}

// Steps that failed for good are forgotten, so that they are tried again; so is what other runs and
// waits for signals have refused, so that it is asked for anew.
std::optional<bus::Job> RunStore::revive(db::Tx& tx, const std::string& user_id, const Uuid& run_id,
                                         bus::FunctionPtr function,
                                         std::vector<std::string> limit_keys,
                                         std::int64_t priority_ms) {
  bus::Job job{.run_id = run_id,
               .function = std::move(function),
               .user_id = user_id,
               .limit_keys = std::move(limit_keys),
               .priority_ms = priority_ms,
               .may_have_results = true};
  {
    auto rows = tx.query(
        "UPDATE runs_data SET status = 'active', ended_at = NULL, error = NULL, bytes = NULL "
        "WHERE id = $1 AND user_id = $2 AND status = 'failed' RETURNING event_position, lane",
        run_id, user_id);
    if (!rows.next()) return std::nullopt;
    job.position = rows.integer(0);
    job.line = rows.uuid(1).value_or(run_id);
    rows.next();
  }
  tx.run(
      "DELETE FROM run_steps_data WHERE run = $1 AND (op = 'StepFailed' OR (op IN "
      "('InvokeFunction', 'WaitForSignal') AND memo GLOB '{\"error\":*'))",
      run_id);
  limits_.note_made(tx, job);
  jobs_.add(tx, job, true);
  return job;
}

bool RunStore::discard(db::Tx& tx, const std::string& user_id, const Uuid& run_id) {
  return tx.run(
             "UPDATE runs_data SET status = 'discarded', bytes = NULL WHERE id = $1 AND "
             "user_id = $2 AND status = 'failed'",
             run_id, user_id) > 0;
}

Task<Result<bus::FunctionPtr>> RunStore::hurry(std::string user_id, Uuid run_id,
                                               std::function<void(db::Tx&)> with) {
  co_return co_await database_.write([&](db::Tx& tx) -> bus::FunctionPtr {
    const auto refuse = [&](Code code, const char* message) -> bus::FunctionPtr {
      tx.abort({code, message, nullptr});
      return nullptr;
    };
    bus::Job job{.run_id = run_id, .user_id = user_id, .may_have_results = true};
    std::string status;
    {
      auto rows = tx.query(
          "SELECT function, event_position, status, lane FROM runs_data "
          "WHERE id = $1 AND user_id = $2",
          run_id, user_id);
      if (!rows.next()) return refuse(Code::kNotFound, "There is no such run");
      job.function = dispatcher_.functions().find(rows.view(0));
      job.position = rows.integer(1);
      status = rows.text(2);
      job.line = rows.uuid(3).value_or(run_id);
    }
    if (status == "completed") {
      return refuse(Code::kConflict, "The run has completed; there is nothing to try again");
    }
    if (status == "discarded") {
      return refuse(Code::kConflict,
                    "The dead letter was put away; it can be done again as a new run");
    }
    if (status == "cancelled") return refuse(Code::kConflict, "The run was cancelled");
    if (status == "failed") return refuse(Code::kConflict, "The run has failed just now");
    if (job.function == nullptr) {
      return refuse(Code::kConflict, "The function of this run is gone");
    }
    // A wait for something is not over because somebody is impatient.
    tx.run(
        "UPDATE pending_steps_data SET due_at = 0 WHERE run = $1 AND op IN ('StepError', 'Sleep')",
        run_id);
    if (!jobs_.wake_parked(tx, job)) {
      return refuse(Code::kConflict,
                    "The run is under way, or waits for an earlier change of the same thing");
    }
    with(tx);
    return job.function;
  });
}

}  // namespace synap::workers

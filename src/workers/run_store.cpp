#include "workers/run_store.h"

#include <algorithm>

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

std::string_view bytes_of(const StepHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

StepHash hash_of(std::string_view raw) {
  StepHash hash{};
  std::copy_n(raw.begin(), std::min(raw.size(), hash.size()), hash.begin());
  return hash;
}

}  // namespace

std::vector<db::Database::Migration> RunStore::migrations() {
  std::vector<db::Database::Migration> all = {{"run_steps.1", kTables},
                                              {"run_steps.2", kPendingTables}};
  for (const auto& more : EventWaits::migrations()) all.push_back(more);
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

std::int64_t RunStore::write_results(db::Tx& tx, const Uuid& run_id,
                                     std::span<const StepResult> results, bool may_be_pending) {
  std::int64_t stored = 0;
  for (const auto& result : results) {
    stored += tx.run(
        "INSERT INTO run_steps_data(run, hash, place, name, op, memo, stored_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        run_id, db::Blob{bytes_of(result.hash)}, result.place, result.name, op_name(result.op),
        result.memo, world_.unix_ms());
    if (!may_be_pending) continue;
    tx.run("DELETE FROM pending_steps_data WHERE run = $1 AND hash = $2", run_id,
           db::Blob{bytes_of(result.hash)});
  }
  return stored;
}

void RunStore::write_pending(db::Tx& tx, const bus::Job& job, const Steps& steps) {
  for (const auto& step : steps.pending) {
    std::optional<std::string_view> error;
    if (!step.error.empty()) error = step.error;
    tx.run(
        "INSERT INTO pending_steps_data(run, hash, name, op, attempts, due_at, error) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(run, hash) DO UPDATE SET "
        "attempts = $5, due_at = $6, error = $7",
        job.run_id, db::Blob{bytes_of(step.hash)}, step.name, op_name(step.op), step.attempts,
        step.due_at, error);
    if (step.wait) waits_.begin(tx, job, step.hash, *step.wait);
  }
}

// Of a run that has ended, however it has.
void RunStore::forget_pending(db::Tx& tx, const Uuid& run_id) {
  tx.run("DELETE FROM pending_steps_data WHERE run = $1", run_id);
  waits_.end(tx, run_id, std::nullopt);
}

void RunStore::write_completion(db::Tx& tx, const bus::Job& job, std::string_view output,
                                bool may_be_pending) {
  jobs_.finish(tx, job);
  if (may_be_pending) forget_pending(tx, job.run_id);
  tx.run(
      "UPDATE runs_data SET status = 'completed', attempts = attempts + 1, ended_at = $2, "
      "output = $3, error = NULL WHERE id = $1",
      job.run_id, world_.unix_ms(), output);
}

Task<Result<std::string>> RunStore::end_wait(const bus::Job& job, StepHash step, std::string name,
                                             int place) {
  const db::Blob hash{bytes_of(step)};
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) -> std::string {
    if (!jobs_.holds(tx, job)) return "";
    {
      auto rows = tx.query("SELECT memo FROM run_steps_data WHERE run = $1 AND hash = $2",
                           job.run_id, hash);
      if (rows.next()) return rows.text(0);
    }
    const StepResult over{step, place, name, OpCode::kWaitForEvent, "null"};
    write_results(tx, job.run_id, {&over, 1}, true);
    waits_.end(tx, job.run_id, step);
    return over.memo;
  });
}

Task<Result<StoredResults>> RunStore::load_results(Uuid run_id) {
  co_return co_await database_.read([&](db::Tx& tx) {
    StoredResults stored;
    {
      auto rows = tx.query("SELECT hash, memo, place FROM run_steps_data WHERE run = $1", run_id);
      while (rows.next()) {
        auto memo = rows.text(1);
        stored.memo_bytes += static_cast<std::int64_t>(memo.size());
        stored.memos.emplace(hash_of(rows.view(0)), std::move(memo));
        stored.next_place = std::max(stored.next_place, static_cast<int>(rows.integer(2)) + 1);
      }
    }
    auto rows = tx.query(
        "SELECT hash, name, op, attempts, due_at FROM pending_steps_data WHERE run = $1", run_id);
    while (rows.next()) {
      PendingStep step{.hash = hash_of(rows.view(0)),
                       .name = rows.text(1),
                       .op = op_by_name(rows.view(2)).value_or(OpCode::kStepError),
                       .attempts = static_cast<int>(rows.integer(3)),
                       .due_at = rows.integer(4)};
      stored.pending.emplace(step.hash, std::move(step));
    }
    return stored;
  });
}

Task<Result<int>> RunStore::count_start(const bus::Job& job) {
  co_return co_await database_.write(db::Lane::kBackground,
                                     [&](db::Tx& tx) { return jobs_.count_start(tx, job); });
}

Task<Result<>> RunStore::complete(const bus::Job& job, std::string output, Steps steps) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_results(tx, job.run_id, steps.results, steps.may_be_pending);
    write_completion(tx, job, output, steps.may_be_pending);
  });
}

Task<Result<>> RunStore::retry_later(const bus::Job& job, std::int64_t delay_ms,
                                     std::optional<Error> error, Steps steps) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    jobs_.park(tx, job, delay_ms);
    write_results(tx, job.run_id, steps.results, steps.may_be_pending);
    write_pending(tx, job, steps);
    if (!error) return;
    tx.run(
        "UPDATE runs_data SET status = 'active', attempts = attempts + 1, error = $2 "
        "WHERE id = $1",
        job.run_id, error_json(*error));
  });
}

Task<Result<>> RunStore::park(const bus::Job& job, std::int64_t delay_ms, bool has_failed,
                              Steps steps) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_results(tx, job.run_id, steps.results, steps.may_be_pending);
    write_pending(tx, job, steps);
    std::int64_t due_at = 0;
    bool is_asleep = true;
    std::optional<std::string> error;
    {
      auto rows = tx.query(
          "SELECT op, due_at, error FROM pending_steps_data WHERE run = $1 ORDER BY due_at",
          job.run_id);
      for (bool is_first = true; rows.next(); is_first = false) {
        if (is_first) due_at = rows.integer(1);
        if (rows.view(0) != op_name(OpCode::kStepError)) continue;
        is_asleep = false;
        error = rows.optional_text(2);
      }
    }
    jobs_.park(tx, job, std::max(due_at - clock().now(), delay_ms));
    if (is_asleep) {
      tx.run("UPDATE runs_data SET status = 'sleeping' WHERE id = $1", job.run_id);
      return;
    }
    tx.run(
        "UPDATE runs_data SET status = 'active', attempts = attempts + $2, error = $3 "
        "WHERE id = $1",
        job.run_id, has_failed ? 1 : 0, error);
  });
}

// Made before the transaction: the writer hashes no data and parses no JSON.
Result<events::NewEvent> RunStore::failure_of(const bus::Job& job, const events::Event& event,
                                              const Error& error, int attempts) const {
  events::Envelope envelope;
  envelope.user_id = event.user_id;
  envelope.source = events::Source::kSystem;
  envelope.actor = events::Actor::run(job.run_id);
  envelope.aggregate_id = event.aggregate_id;
  envelope.aggregate_type = event.aggregate_type;
  envelope.correlation_id = event.correlation_id;
  envelope.causation_id = event.id;
  envelope.request_id = event.request_id;
  events::Failure failure{job.function->id, job.run_id.to_string(), attempts,
                          std::string(info(error.code).name),
                          error.message.substr(0, valid_utf8_prefix(error.message))};
  const auto name = events::failed_type_of(event.type);
  return types_.make(events::EventType<events::Failure>{name}, std::move(failure),
                     std::move(envelope));
}

Task<Result<>> RunStore::give_up(const bus::Job& job, const events::Event& event,
                                 const Error& error, int attempts, Steps steps) {
  std::optional<events::NewEvent> failed;
  if (job.function->fulfills) {
    auto made = failure_of(job, event, error, attempts);
    if (!made) co_return fail(made.error());
    failed = std::move(*made);
  }
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    jobs_.finish(tx, job);
    write_results(tx, job.run_id, steps.results, steps.may_be_pending);
    if (steps.may_be_pending) forget_pending(tx, job.run_id);
    tx.run(
        "UPDATE runs_data SET status = 'failed', attempts = attempts + 1, ended_at = $2, "
        "error = $3 WHERE id = $1",
        job.run_id, world_.unix_ms(), error_json(error));
    if (failed) log_.append(tx, {.events = {*failed}});
  });
}

Task<Result<bus::FunctionPtr>> RunStore::retry_now(std::string user_id, Uuid run_id,
                                                   const bus::Functions& functions) {
  co_return co_await database_.write([&](db::Tx& tx) -> bus::FunctionPtr {
    const auto refuse = [&](Code code, const char* message) -> bus::FunctionPtr {
      tx.abort({code, message, nullptr});
      return nullptr;
    };
    bus::Job job;
    std::string status;
    {
      auto rows = tx.query(
          "SELECT function, event_position, status, lane FROM runs_data "
          "WHERE id = $1 AND user_id = $2",
          run_id, user_id);
      if (!rows.next()) return refuse(Code::kNotFound, "There is no such run");
      status = rows.text(2);
      job.function = functions.find(rows.view(0));
      job.position = rows.integer(1);
      job.line = rows.uuid(3).value_or(run_id);
    }
    if (status == "completed") {
      return refuse(Code::kConflict, "The run has completed; there is nothing to try again");
    }
    if (job.function == nullptr) {
      return refuse(Code::kConflict, "The function of this run is gone");
    }
    job.run_id = run_id;
    job.user_id = user_id;
    job.may_have_results = true;
    status == "failed" ? revive(tx, job) : hurry(tx, job);
    return job.function;
  });
}

// Steps that failed for good are forgotten, so that they are tried again.
void RunStore::revive(db::Tx& tx, bus::Job job) {
  tx.run("DELETE FROM run_steps_data WHERE run = $1 AND op = 'StepFailed'", job.run_id);
  tx.run("UPDATE runs_data SET status = 'active', ended_at = NULL, error = NULL WHERE id = $1",
         job.run_id);
  jobs_.add(tx, std::move(job), true);
}

void RunStore::hurry(db::Tx& tx, const bus::Job& job) {
  // A wait for an event is not over because somebody is impatient.
  tx.run("UPDATE pending_steps_data SET due_at = 0 WHERE run = $1 AND op <> 'WaitForEvent'",
         job.run_id);
  if (jobs_.wake_parked(tx, job)) return;
  tx.abort({Code::kConflict,
            "The run is under way, or waits for an earlier change of the same thing", nullptr});
}

}  // namespace synap::workers

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

std::string_view bytes_of(const StepHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

std::vector<db::Database::Migration> RunStore::migrations() {
  return {{"run_steps.1", kTables}};
}

void RunStore::write_results(db::Tx& tx, const Uuid& run_id, std::span<const StepResult> results) {
  for (const auto& result : results) {
    tx.run(
        "INSERT INTO run_steps_data(run, hash, place, name, op, memo, stored_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        run_id, db::Blob{bytes_of(result.hash)}, result.place, result.name, op_name(result.op),
        result.memo, world_.unix_ms());
  }
}

void RunStore::write_completion(db::Tx& tx, const Uuid& run_id, std::string_view output) {
  tx.run(
      "UPDATE runs_data SET status = 'completed', attempts = attempts + 1, ended_at = $2, "
      "output = $3, error = NULL WHERE id = $1",
      run_id, world_.unix_ms(), output);
  tx.run("DELETE FROM jobs WHERE run = $1", run_id);
}

Task<Result<StoredResults>> RunStore::load_results(Uuid run_id) {
  co_return co_await database_.read([&](db::Tx& tx) {
    StoredResults results;
    auto rows = tx.query("SELECT hash, memo, place FROM run_steps_data WHERE run = $1", run_id);
    while (rows.next()) {
      const auto raw = rows.view(0);
      StepHash hash{};
      std::copy_n(raw.begin(), std::min(raw.size(), hash.size()), hash.begin());
      results.memos.emplace(hash, rows.text(1));
      results.next_place = std::max(results.next_place, static_cast<int>(rows.integer(2)) + 1);
    }
    return results;
  });
}

Task<Result<std::vector<bus::Job>>> RunStore::load_jobs(const bus::Functions& functions) {
  co_return co_await database_.read_at_start([&](db::Tx& tx) {
    std::vector<bus::Job> jobs;
    // CROSS: the jobs first, and their runs by id. For the order's sake SQLite would go through all
    // runs that there ever were.
    auto rows = tx.query(
        "SELECT jobs.run, jobs.attempt, jobs.due_at, jobs.lane, runs_data.function, "
        "runs_data.event_position, jobs.starts, runs_data.status, jobs.wait_ms "
        "FROM jobs CROSS JOIN runs_data ON runs_data.id = jobs.run "
        "ORDER BY runs_data.event_position, jobs.run");
    while (rows.next()) {
      bus::Job job;
      job.run_id = rows.uuid(0).value_or(Uuid{});
      job.attempt = static_cast<int>(rows.integer(1));
      job.due_at = rows.integer(2);
      job.lane = rows.uuid(3);
      job.function = functions.find(rows.view(4));
      job.event_position = rows.integer(5);
      job.may_have_results = true;
      job.is_found = true;
      job.starts = static_cast<int>(rows.integer(6));
      if (job.function == nullptr) continue;
      // A clock that was ahead then, or is behind now, would make it wait for as long. Of a job of
      // before wait_ms was kept no more is known than what its function says of retries, and of a
      // sleep nothing.
      if (!rows.is_null(8)) {
        job.wait_ms = rows.integer(8);
      } else if (rows.view(7) == "active") {
        job.wait_ms = job.function->retry.delay_ms_max;
      }
      jobs.push_back(std::move(job));
    }
    return jobs;
  });
}

Task<Result<int>> RunStore::count_start(Uuid run_id) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    auto rows =
        tx.query("UPDATE jobs SET starts = starts + 1 WHERE run = $1 RETURNING starts", run_id);
    const int starts = rows.next() ? static_cast<int>(rows.integer(0)) : 0;
    rows.next();
    return starts;
  });
}

Task<Result<>> RunStore::complete(const bus::Job& job, std::string output,
                                  std::vector<StepResult> unsaved) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_results(tx, job.run_id, unsaved);
    write_completion(tx, job.run_id, output);
  });
}

Task<Result<>> RunStore::retry_later(const bus::Job& job, const Error& error,
                                     std::vector<StepResult> unsaved) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_results(tx, job.run_id, unsaved);
    tx.run(
        "UPDATE runs_data SET status = 'active', attempts = attempts + 1, error = $2 "
        "WHERE id = $1",
        job.run_id, error_json(error));
    tx.run("UPDATE jobs SET attempt = $2, due_at = $3, wait_ms = $4, starts = 0 WHERE run = $1",
           job.run_id, job.attempt, job.due_at, job.wait_ms);
  });
}

Task<Result<>> RunStore::sleep(const bus::Job& job, std::vector<StepResult> unsaved) {
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_results(tx, job.run_id, unsaved);
    tx.run("UPDATE runs_data SET status = 'sleeping' WHERE id = $1", job.run_id);
    tx.run("UPDATE jobs SET attempt = 0, due_at = $2, wait_ms = $3, starts = 0 WHERE run = $1",
           job.run_id, job.due_at, job.wait_ms);
  });
}

// Made before the transaction: the writer hashes no data and parses no JSON.
Result<events::NewEvent> RunStore::failure_of(const bus::Job& job, const events::Event& event,
                                              const Error& error) const {
  events::Envelope envelope;
  envelope.user_id = event.user_id;
  envelope.source = events::Source::kSystem;
  envelope.actor = events::Actor::run(job.run_id);
  envelope.aggregate_id = event.aggregate_id;
  envelope.aggregate_type = event.aggregate_type;
  envelope.correlation_id = event.correlation_id;
  envelope.causation_id = event.id;
  envelope.request_id = event.request_id;
  events::Failure failure{job.function->id, job.run_id.to_string(), job.attempt + 1,
                          std::string(info(error.code).name),
                          error.message.substr(0, valid_utf8_prefix(error.message))};
  const auto name = events::failed_type_of(event.type);
  return types_.make(events::EventType<events::Failure>{name}, std::move(failure),
                     std::move(envelope));
}

Task<Result<>> RunStore::give_up(const bus::Job& job, const events::Event& event,
                                 const Error& error, std::vector<StepResult> unsaved) {
  std::optional<events::NewEvent> failed;
  if (job.function->fulfills) {
    auto made = failure_of(job, event, error);
    if (!made) co_return fail(made.error());
    failed = std::move(*made);
  }
  co_return co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
    write_results(tx, job.run_id, unsaved);
    // Only once: a repeat of this finds that the run has ended, and appends nothing again.
    const auto changed = tx.run(
        "UPDATE runs_data SET status = 'failed', attempts = attempts + 1, ended_at = $2, "
        "error = $3 WHERE id = $1 AND status <> 'failed'",
        job.run_id, world_.unix_ms(), error_json(error));
    tx.run("DELETE FROM jobs WHERE run = $1", job.run_id);
    if (failed && changed > 0) log_.append(tx, {.events = {*failed}});
  });
}

Task<Result<std::optional<bus::Job>>> RunStore::revive(std::string user_id, Uuid run_id,
                                                       const bus::Functions& functions) {
  co_return co_await database_.write([&](db::Tx& tx) -> std::optional<bus::Job> {
    bus::Job job;
    {
      auto rows = tx.query(
          "SELECT function, event_position, status, lane FROM runs_data "
          "WHERE id = $1 AND user_id = $2",
          run_id, user_id);
      if (!rows.next()) {
        tx.abort({Code::kNotFound, "There is no such run", nullptr});
        return std::nullopt;
      }
      if (rows.view(2) == "completed") {
        tx.abort(
            {Code::kConflict, "The run has completed; there is nothing to try again", nullptr});
        return std::nullopt;
      }
      if (rows.view(2) != "failed") return std::nullopt;
      job.function = functions.find(rows.view(0));
      job.event_position = rows.integer(1);
      job.lane = rows.uuid(3);
    }
    if (job.function == nullptr) {
      tx.abort({Code::kConflict, "The function of this run is gone", nullptr});
      return std::nullopt;
    }
    job.run_id = run_id;
    job.may_have_results = true;
    // Steps that failed for good are forgotten, so that they are tried again.
    tx.run("DELETE FROM run_steps_data WHERE run = $1 AND op = 'StepFailed'", run_id);
    tx.run("UPDATE runs_data SET status = 'active', ended_at = NULL, error = NULL WHERE id = $1",
           run_id);
    tx.run("INSERT INTO jobs(run, attempt, due_at, lane) VALUES ($1, 0, 0, $2)", run_id, job.lane);
    return job;
  });
}

}  // namespace synap::workers

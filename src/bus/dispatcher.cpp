#include "bus/dispatcher.h"

#include "base/clock.h"

namespace synap::bus {
namespace {

// How many events are looked at in one go; a long backlog is dispatched in as many as it needs.
constexpr int kBatch = 1'000;

constexpr std::string_view kTables = R"(
CREATE TABLE checkpoints(
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO checkpoints(name, position) VALUES ('dispatcher', 0);

-- status: active (queued, running or between two attempts), sleeping, completed, failed
CREATE TABLE runs_data(
  id BLOB PRIMARY KEY,
  function TEXT NOT NULL,
  event_position INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  output TEXT,
  error TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX runs_by_event ON runs_data(event_position, function);
CREATE INDEX runs_by_user ON runs_data(user_id, id);
CREATE INDEX runs_by_failure ON runs_data(user_id, id) WHERE status = 'failed';
CREATE VIEW runs AS SELECT * FROM runs_data WHERE user_id = current_user_id();

-- What is to be done: one row for each run that has not ended. `step` is not empty for a job that
-- calls one step of a run rather than the function from its beginning.
CREATE TABLE jobs(
  run BLOB NOT NULL,
  step BLOB NOT NULL DEFAULT x'',
  attempt INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  lane BLOB,
  PRIMARY KEY(run, step)
) STRICT, WITHOUT ROWID;
)";

}  // namespace

std::vector<db::Database::Migration> migrations() {
  return {{"bus.1", kTables}};
}

Dispatcher::Dispatcher(db::Database& database, events::EventLog& log, const Functions& functions,
                       Queue& queue)
    : database_(database), log_(log), functions_(functions), queue_(queue) {}

Task<Result<>> Dispatcher::start() {
  database_.before_commit([this](db::Tx& tx) { dispatch(tx); });
  // An empty write: its commit dispatches what is behind the checkpoint.
  co_return co_await database_.write([](db::Tx&) {});
}

const std::vector<const Function*>& Dispatcher::functions_for(std::string_view event_type) {
  auto known = functions_by_type_.find(event_type);
  if (known == functions_by_type_.end()) {
    known = functions_by_type_.emplace(event_type, functions_.matching(event_type)).first;
  }
  return known->second;
}

void Dispatcher::dispatch(db::Tx& tx) {
  if (checkpoint_ < 0) {
    auto rows = tx.query("SELECT position FROM checkpoints WHERE name = 'dispatcher'");
    if (!rows.next()) return;
    checkpoint_ = rows.integer(0);
  }
  std::vector<Job> jobs;
  std::int64_t position = checkpoint_;
  for (;;) {
    const auto reached = dispatch_batch(tx, position, jobs);
    if (reached == position || !tx.ok()) break;
    position = reached;
  }
  if (position == checkpoint_ || !tx.ok()) return;
  tx.run("UPDATE checkpoints SET position = $1 WHERE name = 'dispatcher'", position);
  // In memory too only when it is on disk: a commit that fails dispatches nothing.
  tx.on_commit([this, position, made = std::move(jobs)]() mutable {
    checkpoint_ = position;
    if (!made.empty()) queue_.push(std::move(made));
  });
}

std::int64_t Dispatcher::dispatch_batch(db::Tx& tx, std::int64_t after, std::vector<Job>& jobs) {
  for (const auto& event : log_.heads(tx, after, kBatch)) {
    for (const Function* function : functions_for(event.type)) {
      jobs.push_back(make_run(tx, *function, event));
    }
    after = event.position;
  }
  return after;
}

Job Dispatcher::make_run(db::Tx& tx, const Function& function, const events::EventHead& event) {
  Job job;
  job.run_id = Uuid::v7();
  job.function = &function;
  job.event_position = event.position;
  if (function.in_aggregate_order) job.lane = event.aggregate_id;
  tx.run(
      "INSERT INTO runs_data(id, function, event_position, user_id, status, attempts, created_at) "
      "VALUES ($1, $2, $3, $4, 'active', 0, $5)",
      job.run_id, function.id, event.position, event.user_id, unix_ms_now());
  tx.run("INSERT INTO jobs(run, attempt, due_at, lane) VALUES ($1, 0, 0, $2)", job.run_id,
         job.lane);
  return job;
}

}  // namespace synap::bus

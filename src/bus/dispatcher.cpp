#include "bus/dispatcher.h"

namespace synap::bus {
namespace {

constexpr std::string_view kTables = R"(
-- status: active (queued, running or between two attempts), sleeping, completed, failed
CREATE TABLE runs_data(
  id BLOB PRIMARY KEY,
  function TEXT NOT NULL,
  event_position INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  lane BLOB,
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
-- calls one step of a run rather than the function from its beginning. `starts` counts the calls
-- that a process began after it found the job here, and that have not ended: a call that takes the
-- process with it must not be made for ever.
CREATE TABLE jobs(
  run BLOB NOT NULL,
  step BLOB NOT NULL DEFAULT x'',
  attempt INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  starts INTEGER NOT NULL DEFAULT 0,
  lane BLOB,
  PRIMARY KEY(run, step)
) STRICT, WITHOUT ROWID;
)";

}  // namespace

std::vector<db::Database::Migration> migrations() {
  return {{"runs.1", kTables},
          // How far away due_at was when it was decided; NULL: of before this column, or at once.
          {"runs.2", "ALTER TABLE jobs ADD COLUMN wait_ms INTEGER"}};
}

void Dispatcher::observe(events::EventLog& log) {
  log.observe(
      [this](db::Tx& tx, std::span<const events::EventRef> events) { dispatch(tx, events); });
}

const std::vector<const Function*>& Dispatcher::functions_for(const std::string& event_type) {
  auto known = functions_by_type_.find(event_type);
  if (known == functions_by_type_.end()) {
    known = functions_by_type_.emplace(event_type, functions_.matching(event_type)).first;
  }
  return known->second;
}

void Dispatcher::dispatch(db::Tx& tx, std::span<const events::EventRef> events) {
  std::vector<Job> jobs;
  for (const auto& event : events) {
    for (const Function* function : functions_for(event->type)) {
      if (function->user_id && *function->user_id != event->user_id) continue;
      jobs.push_back(make_run(tx, *function, *event));
    }
  }
  if (jobs.empty()) return;
  // In memory too only when it is on disk: a commit that fails dispatches nothing.
  tx.on_commit([this, made = std::move(jobs)]() mutable { queue_.push(std::move(made)); });
}

Job Dispatcher::make_run(db::Tx& tx, const Function& function, const events::Event& event) {
  Job job;
  job.run_id = world_.new_id();
  job.function = &function;
  job.event_position = event.position;
  if (function.in_aggregate_order) job.lane = event.aggregate_id;
  tx.run(
      "INSERT INTO runs_data(id, function, event_position, user_id, lane, status, attempts, "
      "created_at) VALUES ($1, $2, $3, $4, $5, 'active', 0, $6)",
      job.run_id, function.id, event.position, event.user_id, job.lane, world_.unix_ms());
  tx.run("INSERT INTO jobs(run, attempt, due_at, lane) VALUES ($1, 0, 0, $2)", job.run_id,
         job.lane);
  return job;
}

}  // namespace synap::bus

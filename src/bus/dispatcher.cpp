#include "bus/dispatcher.h"

#include <algorithm>

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

constexpr std::string_view kAdmissions = R"(
-- What triggers a function that must be looked at before it has a run.
CREATE TABLE admissions(
  position INTEGER NOT NULL,
  function TEXT NOT NULL,
  PRIMARY KEY(position, function)
) STRICT, WITHOUT ROWID;
-- A function can be run for an event more than once.
DROP INDEX runs_by_event;
CREATE INDEX runs_by_event ON runs_data(event_position, function);
)";

// By user, so that one whose expressions take long holds up no other; those of functions that are
// gone aside. due_at: when the run of an event that is dated ahead is to begin, by the clock of
// jobs; 0: at once.
constexpr std::string_view kAdmissionsOfUsers = R"(
CREATE TABLE admissions_of_users(
  is_gone INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  function TEXT NOT NULL,
  due_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(is_gone, user_id, position, function)
) STRICT, WITHOUT ROWID;
)";
constexpr std::string_view kMoveAdmissions = R"(
INSERT INTO admissions_of_users SELECT 0, names.name, admissions.position, function, 0
  FROM admissions JOIN events ON events.position = admissions.position
  JOIN names ON names.number = events.user;
)";
constexpr std::string_view kRenameAdmissions = R"(
DROP TABLE admissions;
ALTER TABLE admissions_of_users RENAME TO admissions;
CREATE INDEX admissions_gone ON admissions(function) WHERE is_gone = 1;
)";

constexpr std::size_t kTypesKept = 4'096;
// So many runs of one event are made in the transaction that appends it, some 20 us each; the rest
// behind it, a slice at a time, by those who admit.
constexpr int kRunsAtOnceMax = 256;
// How far ahead an event may be dated and still be of now.
constexpr std::int64_t kAheadMs = 2'000;

// An event that is dated ahead has its runs then.
std::int64_t delay_of(const events::Event& event) {
  return event.ahead_ms > kAheadMs ? event.ahead_ms : 0;
}

}  // namespace

std::vector<db::Database::Migration> migrations() {
  std::vector<db::Database::Migration> all = {
      {"runs.1", kTables},
      // How far away due_at was when it was decided; NULL: of before this column, or at once.
      {"runs.2", "ALTER TABLE jobs ADD COLUMN wait_ms INTEGER"}};
  for (const auto& more : JobStore::migrations()) all.push_back(more);
  all.push_back({"runs.4", kAdmissions});
  // Not used any more: a dead letter's are found anew (workers/run_maker.h).
  all.push_back({"runs.5", "ALTER TABLE runs_data ADD COLUMN limit_keys TEXT"});
  static const std::string kOfUsers =
      std::string(kAdmissionsOfUsers).append(kMoveAdmissions).append(kRenameAdmissions);
  static const std::string kOfUsersWithoutOld =
      std::string(kAdmissionsOfUsers).append(kRenameAdmissions);
  all.push_back({"runs.6", kOfUsers, kOfUsersWithoutOld});
  // When its function was first called; NULL until that call has come to something. `origin`: of a
  // run that a person asked for, why there is it (workers/run_control.h).
  all.push_back({"runs.7",
                 "ALTER TABLE runs_data ADD COLUMN started_at INTEGER; "
                 "ALTER TABLE runs_data ADD COLUMN origin TEXT"});
  // Those that people asked for and that have not begun: replays make no more than so many.
  all.push_back({"runs.8",
                 "CREATE INDEX runs_asked_for ON runs_data(user_id, function) WHERE origin IS NOT "
                 "NULL AND started_at IS NULL AND status = 'active'"});
  // What is stored of one that has ended, where there is a bound for that; NULL: nobody has looked.
  all.push_back({"runs.9", "ALTER TABLE runs_data ADD COLUMN bytes INTEGER"});
  // Of many, the one that made its last call that has come to something, by its name.
  all.push_back({"runs.21", "ALTER TABLE runs_data ADD COLUMN node TEXT"});
  return all;
}

void Dispatcher::observe(events::EventLog& log) {
  log.observe(
      [this](db::Tx& tx, std::span<const events::EventRef> events) { dispatch(tx, events); });
}

const std::vector<FunctionPtr>& Dispatcher::functions_for(const std::string& event_type) {
  // Apps name their events as they like.
  if (auto now = functions_.now(); now != set_ || functions_by_type_.size() >= kTypesKept) {
    functions_by_type_.clear();
    set_ = std::move(now);
  }
  auto known = functions_by_type_.find(event_type);
  if (known == functions_by_type_.end()) {
    known = functions_by_type_.emplace(event_type, set_->matching(event_type)).first;
  }
  return known->second;
}

void Dispatcher::dispatch(db::Tx& tx, std::span<const events::EventRef> events) {
  for (const auto& event : events) {
    // The first event of an aggregate is behind nobody, and so is the first function for it.
    bool may_be_behind_others = event->aggregate_version != 1;
    int made = 0;
    for (const auto& function : functions_for(event->type)) {
      if (function->user_id && *function->user_id != event->user_id) continue;
      const bool is_in_order = function->in_aggregate_order && event->aggregate_id.has_value();
      if (function->needs_admission() || (made >= kRunsAtOnceMax && !is_in_order)) {
        put_to_admission(tx, *function, *event);
        continue;
      }
      ++made;
      make_run(tx, function, *event, {.delay_ms = delay_of(*event)},
               is_in_order && may_be_behind_others);
      may_be_behind_others = may_be_behind_others || is_in_order;
    }
  }
}

std::optional<Uuid> Dispatcher::start(db::Tx& tx, const FunctionPtr& function,
                                      const events::Event& event, std::string_view origin) {
  if (function->needs_admission()) {
    put_to_admission(tx, *function, event);
    return std::nullopt;
  }
  const bool is_in_order = function->in_aggregate_order && event.aggregate_id.has_value();
  return make_run(tx, function, event, {.delay_ms = delay_of(event), .origin = std::string(origin)},
                  is_in_order && event.aggregate_version != 1);
}

void Dispatcher::put_to_admission(db::Tx& tx, const Function& function,
                                  const events::Event& event) {
  const auto delay = delay_of(event);
  const auto due_at = delay > 0 ? jobs_.clock().now() + delay : 0;
  if (due_at > 0) jobs_.keep_clock(tx);
  tx.run(
      "INSERT INTO admissions(is_gone, user_id, position, function, due_at) "
      "VALUES (0, $1, $2, $3, $4) ON CONFLICT DO NOTHING",
      event.user_id, event.position, function.id, due_at);
  tx.on_commit([this] { note_admissions(); });
}

std::int64_t Dispatcher::insert_run(db::Tx& tx, const Function& function,
                                    const events::Event& event, const Job& job,
                                    const std::optional<Uuid>& lane, std::string_view origin) {
  const auto now = world_.unix_ms();
  std::optional<std::string_view> why;
  if (!origin.empty()) why = origin;
  tx.run(
      "INSERT INTO runs_data(id, function, event_position, user_id, lane, status, attempts, "
      "created_at, origin) VALUES ($1, $2, $3, $4, $5, 'active', 0, $6, $7)",
      job.run_id, function.id, event.position, event.user_id, lane, now, why);
  return now;
}

Uuid Dispatcher::make_run(db::Tx& tx, const FunctionPtr& function, const events::Event& event,
                          Admitted admitted, bool may_be_behind_others) {
  Job job;
  job.run_id = admitted.run_id ? *admitted.run_id : world_.new_id();
  job.function = function;
  job.position = event.position;
  job.user_id = event.user_id;
  job.limit_keys = std::move(admitted.limit_keys);
  if (job.limit_keys.empty() && function->limit_keys) {
    job.limit_keys = function->limit_keys(event);
  }
  job.priority_ms = admitted.priority_ms;
  job.may_have_results = admitted.run_id.has_value();  // and events beside this one
  std::optional<Uuid> lane;
  if (function->in_aggregate_order) lane = event.aggregate_id;
  job.line = lane.value_or(job.run_id);
  job.made_at = world_.now();
  const auto run_id = job.run_id;
  insert_run(tx, *function, event, job, lane, admitted.origin);
  if (admitted.delay_ms > 0) {
    jobs_.add_later(tx, std::move(job), admitted.delay_ms, may_be_behind_others);
  } else {
    jobs_.add(tx, std::move(job), may_be_behind_others);
  }
  return run_id;
}

void Dispatcher::make_dead_letter(db::Tx& tx, const FunctionPtr& function,
                                  const events::Event& event, std::string_view error,
                                  std::optional<Uuid> run_id) {
  Job job;
  job.run_id = run_id ? *run_id : world_.new_id();
  const auto now = insert_run(tx, *function, event, job, std::nullopt, {});
  tx.run("UPDATE runs_data SET status = 'failed', ended_at = $2, error = $3 WHERE id = $1",
         job.run_id, now, error);
}

}  // namespace synap::bus

#include "bus/job_store.h"

#include <algorithm>

#include "base/check.h"
#include "base/json.h"

namespace synap::bus {
namespace {

constexpr std::string_view kTables = R"(
-- What this or another process has claimed (state 1), and what stands behind another of its line
-- (state 0). `step` is not empty for a job that calls one step of a run rather than the function
-- from its beginning. `starts` counts the calls that a process began after it found the job here,
-- and that have not ended: a call that takes the process with it must not be made for ever.
-- `woken`: something that the run waits for has come since it was claimed.
CREATE TABLE jobs_of_lines(
  line BLOB NOT NULL,
  position INTEGER NOT NULL,
  run BLOB NOT NULL,
  step BLOB NOT NULL DEFAULT x'',
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  claimed_by BLOB,
  starts INTEGER NOT NULL DEFAULT 0,
  woken INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(line, position, run, step)
) STRICT, WITHOUT ROWID;

-- What nobody has: 0 as due_at is to be done now, another time later, by the clock below, and NULL
-- when something has happened.
CREATE TABLE parked_jobs(
  line BLOB NOT NULL,
  position INTEGER NOT NULL,
  run BLOB NOT NULL,
  step BLOB NOT NULL DEFAULT x'',
  function TEXT NOT NULL,
  user_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  due_at INTEGER,
  is_found INTEGER NOT NULL DEFAULT 0,
  starts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(line, position, run, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_jobs_ready ON parked_jobs(user_id, function, position) WHERE due_at = 0;
CREATE INDEX parked_jobs_due ON parked_jobs(due_at) WHERE due_at > 0;

-- Processes that claim: what one has claimed is its own until then.
CREATE TABLE job_processes(id BLOB PRIMARY KEY, lease_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- How far the clock of jobs had come when something was parked last, and how many are: to count
-- them at each start would cost the more, the more sleep.
CREATE TABLE job_clock(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  now INTEGER NOT NULL,
  parked INTEGER NOT NULL
) STRICT;

)";

constexpr std::string_view kMoveOldJobs = R"(
-- Those of a lane were done in the order of their events. A deadline was never further away than
-- wait_ms, where that was known.
INSERT INTO jobs_of_lines(line, position, run, function, user_id, state, attempt, fence, starts)
  SELECT coalesce(jobs.lane, jobs.run), event_position, jobs.run, function, user_id,
    row_number() OVER (PARTITION BY coalesce(jobs.lane, jobs.run) ORDER BY event_position, jobs.run)
      = 1, attempt, 0, starts
  FROM jobs JOIN runs_data ON runs_data.id = jobs.run;
INSERT INTO parked_jobs(line, position, run, function, user_id, attempt, fence, due_at, is_found,
    starts)
  SELECT l.line, l.position, l.run, l.function, l.user_id, l.attempt, 0, CASE jobs.due_at
    WHEN 0 THEN 0 ELSE max(1, min(jobs.due_at, CAST(strftime('%s', 'now') AS INTEGER) * 1000
      + coalesce(jobs.wait_ms, 4102444800000))) END, 1, l.starts
  FROM jobs_of_lines l JOIN jobs ON jobs.run = l.run WHERE l.state = 1;
INSERT INTO job_clock SELECT 1, 0, count(*) FROM parked_jobs;
DELETE FROM jobs_of_lines WHERE state = 1;
)";

constexpr std::string_view kRename = R"(
DROP TABLE jobs;
ALTER TABLE jobs_of_lines RENAME TO jobs;
)";

// `rank`: the place of what is ready, as Job has it.
constexpr std::string_view kPriorities = R"(
ALTER TABLE jobs ADD COLUMN priority_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parked_jobs ADD COLUMN priority_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parked_jobs ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
DROP INDEX parked_jobs_ready;
CREATE INDEX parked_jobs_ready ON parked_jobs(user_id, function, rank, position) WHERE due_at = 0;
)";

// So much later what waits is due at worst, if the machine stops and its clock is set back.
constexpr std::int64_t kClockKeptMs = 1'000;

// Of jobs, beside 1.
constexpr int kBehind = 0;
constexpr int kAddedByOthers = 2;

const Error& lost() {
  static const Error error{Code::kConflict, "The job was claimed anew meanwhile", nullptr};
  return error;
}

}  // namespace

std::optional<std::string> limit_keys_text(const std::vector<std::string>& keys) {
  if (keys.empty()) return std::nullopt;
  Json::Array all;
  for (const auto& key : keys) all.emplace_back(key);
  return Json(std::move(all)).dump();
}

std::vector<std::string> limit_keys_of(std::string_view text) {
  std::vector<std::string> keys;
  const auto all = parse_json(text);
  if (!all || !all->is_array()) return keys;
  for (const auto& key : all->as_array()) keys.push_back(key.as_string());
  return keys;
}

std::vector<db::Database::Migration> JobStore::migrations() {
  static const std::string kJobs = std::string(kTables).append(kMoveOldJobs).append(kRename);
  static const std::string kJobsWithoutOld =
      std::string(kTables).append("INSERT INTO job_clock VALUES (1, 0, 0);").append(kRename);
  return {
      {"runs.3", kJobs, kJobsWithoutOld},
      // Keys of limits, as a JSON array; NULL: its function has none.
      {"jobs.4",
       "ALTER TABLE jobs ADD COLUMN limit_keys TEXT; "
       "ALTER TABLE parked_jobs ADD COLUMN limit_keys TEXT"},
      {"jobs.5", kPriorities},
      // 0: nobody has begun it, so it has no stored results to load.
      {"jobs.6", "ALTER TABLE parked_jobs ADD COLUMN may_have_results INTEGER NOT NULL DEFAULT 1"},
      // Of one that failed: nothing that happens has it done again before that.
      {"jobs.7", "ALTER TABLE parked_jobs ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0"},
      // State 2: what a node that does not lead has added, and nobody has put into its line yet.
      {"jobs.8", "CREATE INDEX jobs_added ON jobs(line) WHERE state = 2"},
      // node: to which it is assigned; NULL: to the one that has claimed it; 0: it was given back.
      // turn: grows with each group that is assigned. is_new: its run was not called before.
      {"jobs.9",
       "ALTER TABLE jobs ADD COLUMN node INTEGER; ALTER TABLE jobs ADD COLUMN turn INTEGER; "
       "ALTER TABLE jobs ADD COLUMN is_new INTEGER; "
       "CREATE INDEX jobs_of_nodes ON jobs(node, turn) WHERE node IS NOT NULL"}};
}

JobStore::JobStore(db::Database& database, const Functions& functions, Queue& queue,
                   JobStoreOptions options)
    : database_(database),
      functions_(functions),
      queue_(queue),
      options_(options),
      clock_(options.world),
      process_(options.world.new_id()) {}

Task<Result<>> JobStore::take_over() {
  co_return co_await database_.write(db::Lane::kBackground, [this](db::Tx& tx) {
    forget_nodes_that_are_gone(tx);
    // Other nodes may cancel them meanwhile: each is here and there, or nowhere.
    if (is_shared_) tx.run("UPDATE jobs SET turn = turn WHERE state = 1 AND node IS NULL");
    tx.run(
        "INSERT INTO parked_jobs(line, position, run, step, function, user_id, attempt, fence, "
        "due_at, is_found, starts, limit_keys, priority_ms) SELECT line, position, run, step, "
        "function, user_id, attempt, fence, 0, 1, starts, limit_keys, priority_ms FROM jobs "
        "WHERE state = 1 AND node IS NULL");
    const std::int64_t found = tx.run("DELETE FROM jobs WHERE state = 1 AND node IS NULL");
    tx.run("DELETE FROM job_processes");
    // Many nodes would wait for each other to count. Nobody knows it then: the next who is alone
    // counts anew.
    if (is_shared_) {
      tx.run("UPDATE job_clock SET parked = -1");
    } else {
      tx.run(
          "UPDATE job_clock SET parked = CASE WHEN parked < 0 THEN (SELECT count(*) FROM "
          "parked_jobs) ELSE parked + $1 END",
          found);
    }
    {
      auto rows = tx.query("SELECT now, parked FROM job_clock");
      if (rows.next()) {
        clock_.advance_to(rows.integer(0));
        parked_ = rows.integer(1);
      }
    }
    {
      auto rows = tx.query("SELECT count(*) FROM jobs");
      if (rows.next()) behind_ = rows.integer(0);
    }
    extend(tx);
    tx.on_commit([this] { leads_ = true; });
    take_in(tx);
  });
}

void JobStore::note_all_ready_users(db::Tx& tx) {
  auto rows = tx.query("SELECT DISTINCT user_id FROM parked_jobs WHERE due_at = 0");
  while (rows.next()) queue_.note_unclaimed(rows.view(0));
}

// They are put where they would be had they been added here: behind others of their line, or ready.
// Nobody else changes who is first in a line, so what is looked at here stays so.
void JobStore::take_in(db::Tx& tx) {
  std::vector<Uuid> lines;
  {
    auto rows = tx.query("UPDATE jobs SET state = 0 WHERE state = 2 RETURNING line");
    while (rows.next()) lines.push_back(rows.uuid(0).value_or(Uuid{}));
  }
  behind_ += static_cast<std::int64_t>(lines.size());
  std::ranges::sort(lines);
  lines.erase(std::ranges::unique(lines).begin(), lines.end());
  for (const auto& line : lines) {
    if (!has_begun(tx, line)) let_next_go(tx, line);
  }
  note_all_ready_users(tx);
  read_next_due(tx);
  queue_.note_wish();
}

// Whether the first of a line is claimed or parked, and the others wait for it.
bool JobStore::has_begun(db::Tx& tx, const Uuid& line) const {
  for (const auto* sql : {"SELECT 1 FROM jobs WHERE line = $1 AND state = 1 LIMIT 1",
                          "SELECT 1 FROM parked_jobs WHERE line = $1 LIMIT 1"}) {
    auto rows = tx.query(sql, line);
    if (rows.next()) return true;
  }
  return false;
}

bool JobStore::has_others(db::Tx& tx, const Uuid& line) {
  for (const auto* sql : {"SELECT 1 FROM jobs WHERE line = $1 LIMIT 1",
                          "SELECT 1 FROM parked_jobs WHERE line = $1 LIMIT 1"}) {
    auto rows = tx.query(sql, line);
    if (rows.next()) return true;
  }
  return false;
}

void JobStore::insert_claimed(db::Tx& tx, const Job& job) {
  const auto keys = limit_keys_text(job.limit_keys);
  tx.run(
      "INSERT INTO jobs(line, position, run, function, user_id, state, attempt, fence, claimed_by, "
      "starts, limit_keys, priority_ms) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11)",
      job.line, job.position, job.run_id, job.function->id, job.user_id, job.attempt, job.fence,
      process_, job.starts, keys, job.priority_ms);
}

void JobStore::insert_parked(db::Tx& tx, const Job& job, std::optional<std::int64_t> due_at,
                             std::int64_t not_before) {
  const auto keys = limit_keys_text(job.limit_keys);
  tx.run(
      "INSERT INTO parked_jobs(line, position, run, function, user_id, attempt, fence, due_at, "
      "is_found, starts, limit_keys, priority_ms, rank, may_have_results, not_before) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      job.line, job.position, job.run_id, job.function->id, job.user_id, job.attempt, job.fence,
      due_at, job.is_found ? 1 : 0, job.starts, keys, job.priority_ms, job.rank,
      job.may_have_results ? 1 : 0, not_before);
  count_parked(tx, 1);
  tx.on_commit([this, at = due_at.value_or(kNever)] { note_parked(at); });
}

void JobStore::count_parked(db::Tx& tx, std::int64_t by) {
  if (is_shared_) return;
  const auto now = clock_.now();
  tx.run("UPDATE job_clock SET parked = parked + $1, now = max(now, $2)", by, now);
  tx.on_commit([this, by, now] {
    parked_ += by;
    clock_kept_ = std::max(clock_kept_, now);
  });
}

void JobStore::keep_clock(db::Tx& tx) {
  const auto now = clock_.now();
  if (is_shared_ || now < clock_kept_ + kClockKeptMs) return;
  tx.run("UPDATE job_clock SET now = max(now, $1)", now);
  tx.on_commit([this, now] { clock_kept_ = std::max(clock_kept_, now); });
}

void JobStore::add(db::Tx& tx, Job job, bool may_be_behind_others) {
  if (may_be_behind_others && !leads_) return insert_unclaimed(tx, job, kAddedByOthers);
  if (!may_be_behind_others || !has_others(tx, job.line)) return make_ready(tx, std::move(job));
  // At once, and not on commit: whoever ends the job before it in this very commit looks here.
  ++behind_;
  insert_unclaimed(tx, job, kBehind);
}

void JobStore::insert_unclaimed(db::Tx& tx, const Job& job, int state) {
  const auto keys = limit_keys_text(job.limit_keys);
  tx.run(
      "INSERT INTO jobs(line, position, run, function, user_id, state, attempt, fence, limit_keys, "
      "priority_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      job.line, job.position, job.run_id, job.function->id, job.user_id, state, job.attempt,
      job.fence, keys, job.priority_ms);
}

void JobStore::add_later(db::Tx& tx, Job job, std::int64_t delay_ms, bool may_be_behind_others) {
  if (may_be_behind_others && has_others(tx, job.line)) return add(tx, std::move(job), true);
  insert_parked(tx, job, due_in(delay_ms));
}

// The row is not there yet, or not any more.
void JobStore::make_ready(db::Tx& tx, Job job) {
  job.rank = clock_.now() - job.priority_ms;
  if (job.function != nullptr && functions_.is_paused(job.function->id)) {
    return insert_parked(tx, job, 0);
  }
  if (!leads_ || queue_.room(job.user_id) == 0) {
    insert_parked(tx, job, 0);
    return tx.on_commit([this, user_id = job.user_id] {
      if (leads_) queue_.note_unclaimed(user_id);
    });
  }
  ++job.fence;
  insert_claimed(tx, job);
  tx.on_commit([this, claimed = std::move(job)]() mutable { queue_.push(std::move(claimed)); });
}

bool JobStore::holds(db::Tx& tx, const Job& job) {
  bool is_last = false;
  {
    auto rows = tx.query(
        "SELECT fence FROM jobs WHERE line = $1 AND position = $2 AND run = $3 "
        "AND step = x'' AND state = 1",
        job.line, job.position, job.run_id);
    is_last = rows.next() && rows.integer(0) == job.fence;
  }
  if (!is_last) tx.abort(lost());
  return is_last;
}

int JobStore::count_start(db::Tx& tx, const Job& job) {
  int starts = 0;
  {
    auto rows = tx.query(
        "UPDATE jobs SET starts = starts + 1 WHERE line = $1 AND position = $2 "
        "AND run = $3 AND step = x'' AND fence = $4 RETURNING starts",
        job.line, job.position, job.run_id, job.fence);
    if (rows.next()) starts = static_cast<int>(rows.integer(0));
    rows.next();
  }
  if (starts == 0) tx.abort(lost());
  return starts;
}

void JobStore::finish(db::Tx& tx, const Job& job) {
  tx.run_one(lost(),
             "DELETE FROM jobs WHERE line = $1 AND position = $2 AND run = $3 "
             "AND step = x'' AND state = 1 AND fence = $4",
             job.line, job.position, job.run_id, job.fence);
  leave_line(tx, job.line);
}

// The leading node may have been putting it back among the parked.
JobStore::Removed JobStore::remove(db::Tx& tx, const Job& job) {
  const auto removed = remove_once(tx, job);
  return removed.was_there || !is_shared_ ? removed : remove_once(tx, job);
}

JobStore::Removed JobStore::remove_once(db::Tx& tx, const Job& job) {
  const std::int64_t parked =
      tx.run("DELETE FROM parked_jobs WHERE line = $1 AND position = $2 AND run = $3", job.line,
             job.position, job.run_id);
  if (parked > 0) {
    count_parked(tx, -parked);
    leave_line(tx, job.line);
    return {.was_there = true};
  }
  std::optional<std::int64_t> state;
  bool is_own = false;
  {
    auto rows = tx.query(
        "DELETE FROM jobs WHERE line = $1 AND position = $2 AND run = $3 RETURNING state, "
        "coalesce(node, 0)",
        job.line, job.position, job.run_id);
    if (rows.next()) {
      state = rows.integer(0);
      is_own = leads_ || rows.integer(1) == node_.number;
    }
    rows.next();
  }
  if (!state) return {};
  if (*state != 1) {
    if (*state == kBehind && leads_) tx.on_commit([this] { --behind_; });
    return {.was_there = true};
  }
  leave_line(tx, job.line);
  return {.was_there = true, .was_claimed = is_own};
}

// The first of a line is gone.
void JobStore::leave_line(db::Tx& tx, const Uuid& line) {
  if (!leads_) {
    tx.run("UPDATE jobs SET state = $2 WHERE line = $1 AND state = $3", line, kAddedByOthers,
           kBehind);
  } else if (behind_ > 0) {
    let_next_go(tx, line);
  }
}

void JobStore::let_next_go(db::Tx& tx, const Uuid& line) {
  Job next;
  std::string function_id;
  bool is_counted = false;  // in behind_
  {
    auto rows = tx.query(
        "SELECT position, run, function, user_id, attempt, fence, limit_keys, priority_ms, state "
        "FROM jobs WHERE line = $1 ORDER BY position, run LIMIT 1",
        line);
    if (!rows.next()) return;
    next.line = line;
    next.position = rows.integer(0);
    next.run_id = rows.uuid(1).value_or(Uuid{});
    function_id = rows.text(2);
    next.user_id = rows.text(3);
    next.attempt = static_cast<int>(rows.integer(4));
    next.fence = rows.integer(5);
    if (!rows.is_null(6)) next.limit_keys = limit_keys_of(rows.view(6));
    next.priority_ms = rows.integer(7);
    next.may_have_results = true;
    is_counted = rows.integer(8) == kBehind;
  }
  if (is_counted) tx.on_commit([this] { --behind_; });
  next.function = functions_.find(function_id);
  if (next.function == nullptr) {
    // It waits for the return of its function, and so do those behind it.
    tx.run(
        "INSERT INTO parked_jobs(line, position, run, function, user_id, attempt, fence, due_at, "
        "limit_keys, priority_ms) SELECT line, position, run, function, user_id, attempt, fence, "
        "0, "
        "limit_keys, priority_ms FROM jobs WHERE line = $1 AND position = $2 AND run = $3",
        line, next.position, next.run_id);
    count_parked(tx, 1);
  }
  tx.run("DELETE FROM jobs WHERE line = $1 AND position = $2 AND run = $3", line, next.position,
         next.run_id);
  if (next.function != nullptr) make_ready(tx, std::move(next));
}

bool JobStore::park(db::Tx& tx, const Job& job, std::optional<std::int64_t> wait_ms,
                    std::int64_t least_ms) {
  std::optional<bool> was_woken;
  {
    auto rows = tx.query(
        "DELETE FROM jobs WHERE line = $1 AND position = $2 AND run = $3 "
        "AND step = x'' AND state = 1 AND fence = $4 RETURNING woken",
        job.line, job.position, job.run_id, job.fence);
    if (rows.next()) was_woken = rows.integer(0) != 0;
    rows.next();
  }
  if (!was_woken) {
    tx.abort(lost());
    return false;
  }
  Job again = job;
  again.is_found = false;
  again.is_away = false;
  again.stays = false;
  again.starts = 0;
  again.may_have_results = true;
  if (*was_woken && least_ms <= 0) {
    make_ready(tx, std::move(again));
    return true;
  }
  std::optional<std::int64_t> due_at;
  if (*was_woken) {
    due_at = due_in(least_ms);
  } else if (wait_ms) {
    due_at = due_in(std::max(*wait_ms, least_ms));
  }
  insert_parked(tx, again, due_at, least_ms > 0 ? due_in(least_ms) : 0);
  return *was_woken;
}

std::int64_t JobStore::due_in(std::int64_t wait_ms) {
  const auto now = clock_.now();
  return std::max<std::int64_t>(1, now + std::clamp<std::int64_t>(wait_ms, 0, kNever - 1 - now));
}

// Writer thread, as everybody who sets it.
void JobStore::note_parked(std::int64_t due_at) {
  if (due_at == 0 || due_at >= next_due_) return;
  next_due_ = due_at;
  queue_.note_wish();
}

bool JobStore::wake_parked(db::Tx& tx, const Job& job) {
  Job parked = job;
  {
    auto rows = tx.query(
        "SELECT function, user_id, attempt, fence, limit_keys, priority_ms FROM parked_jobs "
        "WHERE line = $1 AND position = $2 AND run = $3 AND step = x''",
        job.line, job.position, job.run_id);
    if (!rows.next()) return false;
    parked.function = functions_.find(rows.view(0));
    parked.user_id = rows.text(1);
    parked.attempt = static_cast<int>(rows.integer(2));
    parked.fence = rows.integer(3);
    if (!rows.is_null(4)) parked.limit_keys = limit_keys_of(rows.view(4));
    parked.priority_ms = rows.integer(5);
    parked.may_have_results = true;
  }
  if (parked.function == nullptr) {
    // It is to be done when its function has returned.
    tx.run(
        "UPDATE parked_jobs SET due_at = 0, rank = $4 - priority_ms "
        "WHERE line = $1 AND position = $2 AND run = $3",
        job.line, job.position, job.run_id, clock_.now());
    return true;
  }
  tx.run("DELETE FROM parked_jobs WHERE line = $1 AND position = $2 AND run = $3 AND step = x''",
         job.line, job.position, job.run_id);
  count_parked(tx, -1);
  make_ready(tx, std::move(parked));
  return true;
}

bool JobStore::put_off(db::Tx& tx, const Job& job, std::int64_t wait_ms) {
  keep_clock(tx);
  return tx.run(
             "UPDATE parked_jobs SET due_at = $4 WHERE line = $1 AND position = $2 AND run = $3 "
             "AND step = x'' AND fence = 0 AND due_at > 0",
             job.line, job.position, job.run_id, due_in(wait_ms)) > 0;
}

bool JobStore::claim_unbegun(db::Tx& tx, Job& job) {
  const std::int64_t taken = tx.run(
      "DELETE FROM parked_jobs WHERE line = $1 AND position = $2 AND run = $3 AND step = x'' "
      "AND fence = 0 AND due_at > 0",
      job.line, job.position, job.run_id);
  if (taken == 0) return false;
  count_parked(tx, -1);
  job.fence = 1;
  insert_claimed(tx, job);
  return true;
}

// One that may not be done yet is due when it may. False: it is none.
bool JobStore::hurry(db::Tx& tx, const Job& job) {
  std::optional<std::int64_t> due_at;
  {
    auto rows = tx.query(
        "UPDATE parked_jobs SET due_at = not_before WHERE line = $1 AND position = $2 AND run = $3 "
        "AND step = x'' AND not_before > $4 AND (due_at IS NULL OR due_at > 0) RETURNING due_at",
        job.line, job.position, job.run_id, clock_.now());
    if (rows.next()) due_at = rows.integer(0);
    rows.next();
  }
  if (!due_at) return false;
  tx.on_commit([this, at = *due_at] { note_parked(at); });
  return true;
}

bool JobStore::wake(db::Tx& tx, const Job& job) {
  return hurry(tx, job) || wake_parked(tx, job) ||
         tx.run(
             "UPDATE jobs SET woken = 1 WHERE line = $1 AND "
             "position = $2 AND run = $3 AND state = 1",
             job.line, job.position, job.run_id) > 0;
}

void JobStore::extend(db::Tx& tx) {
  tx.run(
      "INSERT INTO job_processes(id, lease_until) VALUES ($1, $2) "
      "ON CONFLICT(id) DO UPDATE SET lease_until = $2",
      process_, clock_.now() + options_.lease.count());
}

}  // namespace synap::bus

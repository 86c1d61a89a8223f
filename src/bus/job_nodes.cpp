// Jobs of many nodes: the leading one has claimed them, and others do them. Whose a claim is stands
// in its row, so whoever leads next finds it there. How such a claim ends is nothing new: whoever
// has it finishes or parks the job by its fence, and the leading node sees that the row is gone.
#include <algorithm>

#include "bus/job_store.h"

namespace synap::bus {
namespace {

constexpr std::int64_t kGivenBack = 0;

// For held_job().
constexpr std::string_view kHeldColumns =
    "line, position, run, function, user_id, attempt, fence, limit_keys, priority_ms, is_new, turn";

}  // namespace

// Those of nodes that are there are theirs; without any there is none.
void JobStore::forget_nodes_that_are_gone(db::Tx& tx) const {
  const auto living =
      is_shared_ && node_.living != nullptr ? node_.living(tx) : std::vector<std::int64_t>{};
  std::vector<std::int64_t> gone;
  {
    auto rows = tx.query("SELECT DISTINCT node FROM jobs WHERE node IS NOT NULL");
    while (rows.next()) {
      const auto node = rows.integer(0);
      if (std::ranges::find(living, node) == living.end()) gone.push_back(node);
    }
  }
  for (const auto node : gone) tx.run("UPDATE jobs SET node = NULL WHERE node = $1", node);
}

std::int64_t JobStore::assign(db::Tx& tx, std::span<const Job> jobs, std::int64_t node) {
  // Tried again, it may have been assigned, and given back since: that has a turn.
  // Behind all that any leading node has given, however often the closure is run.
  turn_ = std::max(turn_ + 1, clock_.now());
  for (const auto& job : jobs) {
    const auto is_new = job.may_have_results ? std::nullopt : std::optional(true);
    tx.run(
        "UPDATE jobs SET node = $5, turn = $6, is_new = $7 WHERE line = $1 AND position = $2 AND "
        "run = $3 AND step = x'' AND state = 1 AND fence = $4 "
        "AND (node = $5 OR (node IS NULL AND turn IS NULL))",
        job.line, job.position, job.run_id, job.fence, node, turn_, is_new);
  }
  return turn_;
}

bool JobStore::is_here(db::Tx& tx, const Job& job) {
  auto rows = tx.query(
      "SELECT 1 FROM jobs WHERE line = $1 AND position = $2 AND run = $3 AND step = x'' AND "
      "state = 1 AND fence = $4 AND node IS NULL",
      job.line, job.position, job.run_id, job.fence);
  return rows.next();
}

Job JobStore::held_job(db::Rows& rows) {
  Job job{.line = rows.uuid(0).value_or(Uuid{}),
          .position = rows.integer(1),
          .run_id = rows.uuid(2).value_or(Uuid{}),
          .function = functions_.find(rows.view(3)),
          .user_id = rows.text(4),
          .priority_ms = rows.integer(8),
          .rank = clock_.now() - rows.integer(8),
          .attempt = static_cast<int>(rows.integer(5)),
          .fence = rows.integer(6),
          .may_have_results = rows.is_null(9)};
  if (!rows.is_null(7)) job.limit_keys = limit_keys_of(rows.view(7));
  // It is nowhere but in its name.
  if (job.function == nullptr) {
    job.function =
        std::make_shared<const Function>(Function{.id = rows.text(3), .is_remote = true});
  }
  return job;
}

std::vector<Job> JobStore::assigned_to(db::Tx& tx, std::int64_t node, std::int64_t& turn) {
  static const auto kSql = "SELECT " + std::string(kHeldColumns) +
                           " FROM jobs WHERE node = $1 AND turn > $2 AND state = 1 ORDER BY turn";
  std::vector<Job> jobs;
  const auto after = turn;
  auto rows = tx.query(kSql, node, after);
  while (rows.next()) {
    jobs.push_back(held_job(rows));
    turn = std::max(turn, rows.integer(10));
  }
  return jobs;
}

std::vector<JobStore::Held> JobStore::held_by_nodes(db::Tx& tx) {
  std::vector<Held> held;
  auto rows = tx.query("SELECT run, fence, node FROM jobs WHERE node IS NOT NULL AND state = 1");
  while (rows.next()) {
    held.push_back({rows.uuid(0).value_or(Uuid{}), rows.integer(1), rows.integer(2)});
  }
  return held;
}

std::map<std::int64_t, std::int64_t> JobStore::claims_by_node(db::Tx& tx) {
  std::map<std::int64_t, std::int64_t> claims;
  auto rows = tx.query(
      "SELECT coalesce(node, 0), count(*) FROM jobs WHERE state = 1 GROUP BY coalesce(node, 0)");
  while (rows.next()) claims[rows.integer(0)] = rows.integer(1);
  return claims;
}

void JobStore::give_back(db::Tx& tx, const Job& job) {
  tx.run_one({Code::kConflict, "The job was claimed anew meanwhile", nullptr},
             "UPDATE jobs SET node = $5, attempt = $6, is_new = NULL WHERE line = $1 AND "
             "position = $2 AND run = $3 AND step = x'' AND state = 1 AND fence = $4",
             job.line, job.position, job.run_id, job.fence, kGivenBack, job.attempt);
}

std::vector<Job> JobStore::take_given_back(db::Tx& tx) {
  static const auto kSql =
      "UPDATE jobs SET node = NULL WHERE node = $1 RETURNING " + std::string(kHeldColumns);
  std::vector<Job> jobs;
  auto rows = tx.query(kSql, kGivenBack);
  while (rows.next()) jobs.push_back(held_job(rows));
  return jobs;
}

void JobStore::take_back(db::Tx& tx, std::int64_t node) {
  // They stay as they are until this has ended: another node may cancel a run.
  tx.run("UPDATE jobs SET turn = turn WHERE state = 1 AND node = $1", node);
  tx.run(
      "INSERT INTO parked_jobs(line, position, run, step, function, user_id, attempt, fence, "
      "due_at, is_found, starts, limit_keys, priority_ms) SELECT line, position, run, step, "
      "function, user_id, attempt, fence, 0, 1, starts, limit_keys, priority_ms FROM jobs "
      "WHERE state = 1 AND node = $1",
      node);
  std::vector<std::string> users;
  {
    auto rows = tx.query("DELETE FROM jobs WHERE state = 1 AND node = $1 RETURNING user_id", node);
    while (rows.next()) users.push_back(rows.text(0));
  }
  std::ranges::sort(users);
  users.erase(std::ranges::unique(users).begin(), users.end());
  for (auto& user_id : users) {
    tx.on_commit([this, who = std::move(user_id)] { queue_.note_unclaimed(who); });
  }
}

}  // namespace synap::bus

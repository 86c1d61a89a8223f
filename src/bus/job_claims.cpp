// Claiming: from the jobs that are parked to the queue of this process: what has become due, then a
// share of each user's functions.
#include <algorithm>

#include "bus/job_store.h"

namespace synap::bus {
namespace {

// What one claim looks at, so that it holds the writer for a few milliseconds: users, functions of
// each (and names of such as may be gone), jobs of each of those, and jobs that have become due.
constexpr int kUsersMax = 64;
constexpr int kFunctionsMax = 64;
constexpr int kNamesMax = 10'000;
constexpr int kShareMax = 64;
constexpr std::int64_t kDueMax = 500;

}  // namespace

void JobStore::make_due_ready(db::Tx& tx) {
  std::vector<std::string> users;
  {
    auto rows = tx.query(
        "UPDATE parked_jobs SET due_at = 0, rank = due_at - priority_ms "
        "WHERE (line, position, run, step) IN (SELECT line, position, run, step FROM parked_jobs "
        "WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT $2) RETURNING user_id",
        clock_.now(), kDueMax);
    while (rows.next()) users.push_back(rows.text(0));
  }
  std::ranges::sort(users);
  users.erase(std::ranges::unique(users).begin(), users.end());
  for (auto& user_id : users) queue_.note_unclaimed(user_id);
}

void JobStore::read_next_due(db::Tx& tx) {
  auto rows = tx.query("SELECT due_at FROM parked_jobs WHERE due_at > 0 ORDER BY due_at LIMIT 1");
  const auto first = rows.next() ? rows.integer(0) : kNever;
  tx.on_commit([this, first] { next_due_ = first; });
}

std::optional<std::int64_t> JobStore::next_due() const {
  const auto due = next_due_.load();
  return due == kNever ? std::nullopt : std::optional(due);
}

void JobStore::claim(db::Tx& tx) {
  make_due_ready(tx);
  read_next_due(tx);
  std::vector<Job> claimed;
  // From where the last claim ended, and around: whose name comes late is not served late.
  std::string user_id = claim_after_;
  bool is_around = false;
  for (int users = 0; users < kUsersMax; ++users) {
    {
      auto rows = tx.query(
          "SELECT user_id FROM parked_jobs WHERE due_at = 0 AND user_id > $1 "
          "ORDER BY user_id LIMIT 1",
          user_id);
      if (rows.next()) {
        user_id = rows.text(0);
      } else if (is_around) {
        break;
      } else {
        is_around = true;
        user_id.clear();
        continue;
      }
    }
    if (is_around && user_id > claim_after_) break;
    claim_of(tx, user_id, claimed);
  }
  claim_after_ = user_id;
  note_users_without_any(tx);
  if (claimed.empty()) return;
  count_parked(tx, -static_cast<std::int64_t>(claimed.size()));
  tx.on_commit([this, jobs = std::move(claimed)]() mutable { queue_.push(std::move(jobs)); });
}

// Whoever puts functions of a user says that some of his may be claimed now, and mostly there are
// none: who has none is not met above, and would be asked for again and again.
void JobStore::note_users_without_any(db::Tx& tx) {
  for (auto& user_id : queue_.wanting_claim(kUsersMax)) {
    auto rows =
        tx.query("SELECT 1 FROM parked_jobs WHERE due_at = 0 AND user_id = $1 LIMIT 1", user_id);
    if (rows.next()) continue;
    tx.on_commit([this, who = std::move(user_id)] { queue_.note_all_claimed(who); });
  }
}

// The functions of which this user has ready jobs, or some of them: those behind the one of which
// the last claim took something last, and around. From one that is gone it goes on at the next
// that is there: a step costs one look at the index, and there are no more of them than functions
// that this user may have jobs of, whatever he had before.
JobStore::ReadyFunctions JobStore::ready_functions(db::Tx& tx, const FunctionSet& set,
                                                   const std::string& user_id) {
  ReadyFunctions ready;
  const auto last = functions_claimed_.find(user_id);
  const std::string begun_at = last != functions_claimed_.end() ? last->second : "";
  std::string after = begun_at;
  bool is_after = true;  // or at it
  bool is_around = begun_at.empty();
  for (int names = 0; names < kNamesMax; ++names) {
    bool is_end = true;
    {
      auto rows =
          tx.query(is_after ? "SELECT function FROM parked_jobs WHERE due_at = 0 AND user_id = "
                              "$1 AND function > $2 ORDER BY function LIMIT 1"
                            : "SELECT function FROM parked_jobs WHERE due_at = 0 AND user_id = "
                              "$1 AND function >= $2 ORDER BY function LIMIT 1",
                   user_id, after);
      if (rows.next()) {
        after = rows.text(0);
        is_end = false;
      }
    }
    if (!is_end && is_around && !begun_at.empty() && after > begun_at) break;
    auto function = is_end ? nullptr : set.find(after);
    is_after = function != nullptr;
    if (!is_end && function == nullptr) {
      const auto next = set.next_of(user_id, after);
      is_end = next == nullptr;
      if (!is_end) after = next->id;
    }
    if (is_end) {
      if (is_around) break;
      is_around = true;
      is_after = true;
      after.clear();
      continue;
    }
    if (function == nullptr || functions_.is_paused(after)) continue;
    if (static_cast<int>(ready.functions.size()) == kFunctionsMax) {
      ready.is_all = false;
      break;
    }
    ready.functions.push_back(std::move(function));
  }
  return ready;
}

// A share of each of the user's functions, while there is room.
void JobStore::claim_of(db::Tx& tx, const std::string& user_id, std::vector<Job>& claimed) {
  int room = queue_.room_to_claim(user_id);
  const auto set = functions_.now();
  const auto [functions, is_all] = ready_functions(tx, *set, user_id);
  auto left = static_cast<int>(functions.size());
  bool is_some_left = !is_all;
  std::string last;  // function of which something was claimed
  std::vector<Job> found;
  for (const auto& function : functions) {
    const int share = std::min((room + left - 1) / left, kShareMax);
    --left;
    auto rows = tx.query(
        "SELECT line, position, run, attempt, fence, is_found, starts, limit_keys, priority_ms, "
        "rank, may_have_results FROM parked_jobs WHERE due_at = 0 AND user_id = $1 AND function = "
        "$2 "
        "ORDER BY rank, position LIMIT $3",
        user_id, function->id, share + 1);
    int taken = 0;
    while (rows.next()) {
      if (taken == share) {
        is_some_left = true;
        break;
      }
      ++taken;
      found.push_back(
          {.line = rows.uuid(0).value_or(Uuid{}),
           .position = rows.integer(1),
           .run_id = rows.uuid(2).value_or(Uuid{}),
           .function = function,
           .user_id = user_id,
           .limit_keys = rows.is_null(7) ? std::vector<std::string>{} : limit_keys_of(rows.view(7)),
           .priority_ms = rows.integer(8),
           .rank = rows.integer(9),
           .attempt = static_cast<int>(rows.integer(3)),
           .fence = rows.integer(4) + 1,
           .may_have_results = rows.integer(10) != 0,
           .is_found = rows.integer(5) != 0,
           .starts = static_cast<int>(rows.integer(6))});
    }
    room -= taken;
    if (taken > 0) last = function->id;
  }
  for (auto& job : found) {
    tx.run("DELETE FROM parked_jobs WHERE line = $1 AND position = $2 AND run = $3 AND step = x''",
           job.line, job.position, job.run_id);
    insert_claimed(tx, job);
    claimed.push_back(std::move(job));
  }
  // A claim that is not committed has claimed nothing.
  if (is_some_left) {
    if (!last.empty()) functions_claimed_[user_id] = last;
  } else {
    functions_claimed_.erase(user_id);
    // A function that came meanwhile was not looked at: whoever added it has said so before, or
    // does behind this.
    tx.on_commit([this, user_id, set] {
      if (functions_.now() == set) queue_.note_all_claimed(user_id);
    });
  }
}

// Some at a time, each by one look at the index.
void JobStore::note_ready_users(db::Tx& tx) {
  std::string after;
  for (;;) {
    auto rows = tx.query(
        "SELECT user_id FROM parked_jobs WHERE due_at = 0 AND user_id > $1 ORDER BY user_id LIMIT "
        "1",
        after);
    if (!rows.next()) return;
    after = rows.text(0);
    queue_.note_unclaimed(after);
  }
}

std::int64_t JobStore::ready_count(db::Tx& tx, const std::string& user_id,
                                   const std::string& function_id, std::int64_t most) const {
  auto rows = tx.query(
      "SELECT count(*) FROM (SELECT 1 FROM parked_jobs WHERE due_at = 0 AND user_id = $1 AND "
      "function = $2 LIMIT $3) AS found",
      user_id, function_id, most);
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace synap::bus

// JobStore: the tables of jobs. `jobs` has what a process has claimed, for as long as its lease
// lasts, and what stands behind another job of its line (job.h). `parked_jobs` has what nobody has:
// what is to be done now and has no room in the queue yet, and what waits for a time or for
// something to happen. A million runs asleep are rows there, and nothing else.
//
// Of many nodes on one database one leads: it alone claims, and says what becomes of lines. What
// the others add is ready in `parked_jobs`, or stands in `jobs` (state 2) until the leading node
// has put it into its line (take_in). What it has claimed it may assign to another, which does it,
// and ends the claim as its own (job_nodes.cpp).
//
// A claim has a fence, a number that grows. Everything that ends a claim (finish, park) says which
// one, and changes nothing if there was a later one: the transaction is aborted with kConflict, and
// all that was to happen with it does not.
//
// All methods with a Tx are for the writer's thread, within a transaction, and may run again if the
// database runs their closure again. What they hand out goes to the queue when that is on disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/world.h"
#include "bus/job_clock.h"
#include "bus/queue.h"
#include "db/database.h"

namespace synap::bus {

struct JobStoreOptions {
  World& world = real_world();
  /// How long a claim holds without being extended.
  std::chrono::milliseconds lease{300'000};
};

/// The keys of limits as a table has them: JSON text, or nothing if there are none; and back.
std::optional<std::string> limit_keys_text(const std::vector<std::string>& keys);
std::vector<std::string> limit_keys_of(std::string_view text);

class JobStore {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive the store.
  JobStore(db::Database& database, const Functions& functions, Queue& queue,
           JobStoreOptions options = {});

  /// This one among many nodes.
  struct Node {
    std::int64_t number = 0;  // 1 or more
    std::string name = {};
    /// The numbers of all that are there. They are given once: who is gone never comes back.
    std::function<std::vector<std::int64_t>(db::Tx&)> living = nullptr;
  };
  /// Before anything else: there are other nodes, and this one does not lead until take_over().
  void share(Node node) {
    node_ = std::move(node);
    is_shared_ = true;
    leads_ = false;
  }
  /// Whether there are others.
  bool is_shared() const { return is_shared_; }
  /// Whether this one says what becomes of lines, and follows who waits. Any thread.
  bool leads() const { return leads_; }
  /// By which runs tell who has called them; empty: it is the only one.
  const std::string& node_name() const { return node_.name; }

  /// For the start, when no other process claims: what an earlier one had claimed is ready again,
  /// and known to have been found. What is assigned to nodes that are there stays theirs. Blocks.
  Task<Result<>> take_over();
  /// Of the leading node: takes in what the others have added and put off.
  void take_in(db::Tx& tx);

  /// A new job. It is claimed if there is room for it, and queued on commit.
  void add(db::Tx& tx, Job job, bool may_be_behind_others);
  /// The same, to be done so much later. Of one that stands behind others its turn says when.
  void add_later(db::Tx& tx, Job job, std::int64_t delay_ms, bool may_be_behind_others);

  /// False, and the transaction is aborted: the claim is not the last one.
  bool holds(db::Tx& tx, const Job& job);
  /// Counts that a call of a job that was found begins, before it does: how many have begun, and
  /// not ended.
  int count_start(db::Tx& tx, const Job& job);
  /// The job is done for good; the next of its line may go.
  void finish(db::Tx& tx, const Job& job);
  /// It is not to be done any more, wherever it is. False: it is nowhere, its run has ended. True
  /// and `was_claimed`: this process, or one that it has assigned it to, may be about to do it.
  struct Removed {
    bool was_there = false;
    bool was_claimed = false;
  };
  Removed remove(db::Tx& tx, const Job& job);
  /// It is to be done again, `wait_ms` from now, or when wake() says so, but not before `least_ms`
  /// from now; as this attempt. True: it was woken while it was under way, and is to be done again
  /// as soon as it may.
  bool park(db::Tx& tx, const Job& job, std::optional<std::int64_t> wait_ms,
            std::int64_t least_ms = 0);
  /// The job of this run (its line, position and run id are looked at) is to be done now, if it is
  /// parked. False: it is not.
  bool wake_parked(db::Tx& tx, const Job& job);
  /// The same, or as soon as it may; if it is under way, it is to be done again. False: it is
  /// neither.
  bool wake(db::Tx& tx, const Job& job);
  /// A job that was added to be done later, and that nobody has taken up since, is to be done
  /// `wait_ms` from now. False: it is none.
  bool put_off(db::Tx& tx, const Job& job, std::int64_t wait_ms);
  /// Claims such a job for the caller, who says what it comes to: the queue never has it. Sets its
  /// fence. False: it is none.
  bool claim_unbegun(db::Tx& tx, Job& job);

  /// Whether there are jobs in this line.
  bool has_others(db::Tx& tx, const Uuid& line);
  /// Makes what has become due ready, and claims of what is ready as much as there is room for, of
  /// each user and function a share. The claimed ones are queued on commit.
  void claim(db::Tx& tx);
  /// When the next parked job is due, by clock(); nothing: none is.
  std::optional<std::int64_t> next_due() const;
  /// How many jobs nobody has; not counted where there are other nodes. Any thread.
  std::int64_t parked_count() const { return parked_; }
  /// All claims of this process hold for another lease: one row, however many there are.
  void extend(db::Tx& tx);

  /// Every user with ready jobs may have some that could not be claimed before, and can be now.
  void note_ready_users(db::Tx& tx);
  /// Of a user and function: how many are ready and have no room in the queue; `most` at most.
  std::int64_t ready_count(db::Tx& tx, const std::string& user_id, const std::string& function_id,
                           std::int64_t most) const;

  /// Of the leading node: these, which it has claimed, are another's from now on. Who looks for
  /// what is assigned sees it from here: a number that grows. What somebody has removed meanwhile
  /// is not there.
  std::int64_t assign(db::Tx& tx, std::span<const Job> jobs, std::int64_t node);
  /// Whether it is still claimed here, and assigned to nobody.
  bool is_here(db::Tx& tx, const Job& job);
  /// What is assigned to a node behind `turn`, which is then that of the last.
  std::vector<Job> assigned_to(db::Tx& tx, std::int64_t node, std::int64_t& turn);
  struct Held {
    Uuid run_id;
    std::int64_t fence = 0;
    std::int64_t node = 0;  // 0: it has been given back
  };
  /// What the leading node has assigned, and nobody has ended.
  static std::vector<Held> held_by_nodes(db::Tx& tx);
  /// How many claims each node has, waiting for their turn or under way; 0: the one that leads.
  static std::map<std::int64_t, std::int64_t> claims_by_node(db::Tx& tx);
  /// Of a node that was assigned it: it is to be done by the one that leads, as attempt
  /// `job.attempt`. The Tx is aborted with kConflict where the claim is not the last one.
  void give_back(db::Tx& tx, const Job& job);
  /// Of the leading node: what was given back is its own claim again.
  std::vector<Job> take_given_back(db::Tx& tx);
  /// The same: what a node had that is not there any more is ready again, and known to have been
  /// found.
  void take_back(db::Tx& tx, std::int64_t node);

  JobClock& clock() { return clock_; }
  /// For whoever writes a time by clock() that is to come: the clock holds over a restart then,
  /// to a second, so that one that is set back puts nothing off.
  void keep_clock(db::Tx& tx);
  std::chrono::milliseconds lease() const { return options_.lease; }
  db::Database& database() { return database_; }

 private:
  Job held_job(db::Rows& rows);
  void forget_nodes_that_are_gone(db::Tx& tx) const;
  void insert_claimed(db::Tx& tx, const Job& job);
  void insert_parked(db::Tx& tx, const Job& job, std::optional<std::int64_t> due_at,
                     std::int64_t not_before = 0);
  bool hurry(db::Tx& tx, const Job& job);
  void count_parked(db::Tx& tx, std::int64_t by);
  void make_ready(db::Tx& tx, Job job);
  void insert_unclaimed(db::Tx& tx, const Job& job, int state);
  bool has_begun(db::Tx& tx, const Uuid& line) const;
  Removed remove_once(db::Tx& tx, const Job& job);
  void leave_line(db::Tx& tx, const Uuid& line);
  void let_next_go(db::Tx& tx, const Uuid& line);
  struct ReadyFunctions {
    std::vector<FunctionPtr> functions;
    bool is_all = true;
  };
  ReadyFunctions ready_functions(db::Tx& tx, const FunctionSet& set, const std::string& user_id);
  void claim_of(db::Tx& tx, const std::string& user_id, std::vector<Job>& claimed);
  void note_all_ready_users(db::Tx& tx);
  void note_users_without_any(db::Tx& tx);
  void make_due_ready(db::Tx& tx);
  void read_next_due(db::Tx& tx);
  void note_parked(std::int64_t due_at);
  std::int64_t due_in(std::int64_t wait_ms);

  db::Database& database_;
  const Functions& functions_;
  Queue& queue_;
  const JobStoreOptions options_;
  JobClock clock_;
  const Uuid process_;  // whose claims these are
  Node node_;
  bool is_shared_ = false;
  std::atomic<bool> leads_{true};  // set on the writer's thread
  // Never less than how many stand behind others; mostly none do, and then nobody looks for them.
  std::atomic<std::int64_t> behind_{0};
  std::atomic<std::int64_t> parked_{0};
  static constexpr std::int64_t kNever = INT64_MAX;
  std::atomic<std::int64_t> next_due_{kNever};
  // Writer thread only.
  std::int64_t clock_kept_ = 0;  // how far the clock had come, as is on disk
  std::int64_t turn_ = 0;        // of what was assigned last
  std::string claim_after_;      // the user where the last claim ended
  // By user, while some of his are left: the function of which the last claim took something last.
  std::unordered_map<std::string, std::string> functions_claimed_;
};

}  // namespace synap::bus

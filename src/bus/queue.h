// Queue: the jobs that somebody may do now, in memory, and whose turn it is. The table of jobs is
// the truth (job_store.h); this is the part of it that this process has claimed.
//
// Fair: functions take turns, and the users of one function do. A function has so many jobs under
// way at a time and no more, and one user so many of them. Over all functions a user may have as
// many under way as are free: half of the places if he is alone, and each further one that wants
// all takes half of the rest, so that somebody who has nothing under way finds a place, though the
// calls of others never end. Functions of apps share a part of the places: what a user's apps take
// leaves the pod's own functions theirs, which carry out his commands. Where a function has limits
// of its own (Flow::concurrency), the jobs of a user that share all their limits are a lane; lanes
// take turns, and one whose limit is reached waits until a job that counts to it is released. In a
// lane jobs go in the order in which they came or, where their function has priorities
// (Flow::priority), in that of their ranks.
//
// Bounded: a job is only claimed while there is room; what has none waits in its table. Some room
// is always kept for a user who has little here.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/timer.h"
#include "bus/job.h"

namespace synap::bus {

struct QueueLimits {
  int waiting = 65'536;  // jobs that wait here, in all: some 200 bytes each
  int waiting_of_user = 32'768;
  int waiting_kept = 64;      // for each user, however full it is
  int running = 1'024;        // jobs under way, in all
  int running_of_apps = 384;  // of functions that are a user's own
  int running_of_function = 256;
};

/// Thread-safe.
class Queue {
 public:
  explicit Queue(QueueLimits limits = {}) : limits_(limits) {}
  const QueueLimits& limits() const { return limits_; }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// How many more jobs of this user it takes; none while others of his wait in the table, which
  /// are before them. What is pushed beyond that is kept, too.
  int room(const std::string& user_id) const;
  void push(Job job);
  void push(std::vector<Job> jobs);
  /// The job whose turn it is, if one may go. It counts as under way until release(), and whoever
  /// releases it asks for the next: nobody else is told of the place.
  std::optional<Job> next();
  void release(const Job& job);
  /// Counts as under way until release(), too: a job that somebody has who is not this queue's.
  void take_up(const Job& job);
  /// Others take jobs, too: so many times as many may be under way, of each function that is shared
  /// (Function::is_shared), and in all.
  void spread_over(double times);

  /// For as long as a function is paused, one of its jobs may be under way, to see whether it may
  /// go on; between two of them passes as much time.
  void pause(std::string_view function_id, SteadyClock::time_point until);
  void resume(std::string_view function_id);
  /// If it is paused, looks at once whether it may go on.
  void probe(std::string_view function_id);
  /// Lets jobs go whose function's pause is over.
  void end_pauses(SteadyClock::time_point now);
  std::optional<SteadyClock::time_point> next_end_of_pause() const;

  /// The same for those that wait in the table.
  int room_to_claim(const std::string& user_id) const;
  /// Of this user are some in the table that may be claimed; none are any more.
  void note_unclaimed(std::string_view user_id);
  void note_all_claimed(std::string_view user_id);
  /// True if jobs wait in the table for room that there is by now.
  bool wants_claim() const;
  /// Users for whom it does; `most` of them.
  std::vector<std::string> wanting_claim(std::size_t most) const;

  /// Grows when there may be something for next(): a job, or a place for one.
  Watermark& changes() { return changes_; }
  /// Grows when whoever claims, and watches the time, has to look again.
  Watermark& wishes() { return wishes_; }
  void note_wish();

  /// Of one user and function.
  struct Load {
    std::int64_t waiting = 0;
    std::int64_t running = 0;
  };
  Load load_of(const std::string& function_id, const std::string& user_id) const;

  /// Of each function that has jobs here, all users together.
  std::vector<std::pair<std::string, Load>> loads() const;

  /// Functions that are remembered: those that have jobs here, and those that are paused.
  std::size_t function_count() const;
  std::size_t waiting_count() const;
  std::size_t running_count() const;

 private:
  struct OfFunction;
  struct OfUser;
  struct Lane;
  // What a user has under way of the pod's functions, or of his own.
  struct Share {
    int running = 0;
    bool is_of_apps = false;
    std::deque<OfUser*> blocked;  // with a job that may go, had it a place
  };
  // A user, of all functions.
  struct User {
    int waiting = 0;
    int functions = 0;
    Share own;
    Share apps{.is_of_apps = true};
  };
  // The shares that are blocked, the smallest first.
  using Blocked = std::set<std::pair<int, Share*>>;
  // How many jobs may be under way that have one key of one limit.
  struct Limit {
    std::int64_t most = 0;
    std::int64_t running = 0;
    int lanes = 0;
    std::deque<Lane*> blocked;
  };
  // Jobs of a user of one function that have the same limits. In the ring of its user, blocked by
  // one limit, or empty.
  struct Lane {
    std::deque<Job> jobs;
    std::multimap<std::int64_t, Job> ranked;  // those that have priorities, by their ranks
    bool is_empty() const { return jobs.empty() && ranked.empty(); }
    void push(Job job);
    Job pop();
    std::vector<Limit*> limits;
    bool is_in_ring = false;
    bool is_blocked = false;
    OfFunction* function = nullptr;
    OfUser* user = nullptr;
  };
  // A user of one function. Like a function and a lane it stays where it is made, and others point
  // to it.
  struct OfUser {
    std::unordered_map<std::string, Lane> lanes;  // by their limits; mostly one
    std::deque<Lane*> ring;                       // with a job, not known to be blocked
    int running = 0;
    bool is_in_ring = false;
    bool is_blocked = false;
    OfFunction* function = nullptr;
    User* user = nullptr;
    Share* share = nullptr;
  };
  struct OfFunction {
    int waiting = 0;
    bool is_shared = false;
    std::unordered_map<std::string, OfUser> users;
    std::deque<OfUser*> ring;  // users with a job that may go
    int running = 0;
    bool is_in_ring = false;
    std::optional<SteadyClock::time_point> paused_until;
    bool is_probed = false;
  };
  using OfFunctions = std::unordered_map<std::string, OfFunction>;

  int room_locked(const std::string& user_id) const;
  int waiting_of_locked(const std::string& user_id) const;
  void push_locked(Job job);
  Job taken_from(OfFunction& function, OfUser& user, Lane& lane);
  Lane& lane_of(OfFunction& function, OfUser& user, const Job& job);
  void see_to(Lane& lane);
  void see_to(OfFunction& function, OfUser& user);
  void see_to(OfFunction& function);
  static Limit* reached(const Lane& lane);
  void let_go(Limit& limit);
  bool has_place(const Share& share) const;
  void block(OfUser& user);
  void count_running(Share& share, int change);
  void let_go_blocked();
  void let_go_blocked(Blocked& shares);
  void forget_if_empty(const Job& job, OfUser& user);
  void forget_if_unused(const std::string& id);
  void forget_if_idle(OfFunction& function, const std::string& user_id);
  void forget_if_idle(OfFunctions::iterator function);
  bool may_go(const OfFunction& function) const;
  OfUser& user_of(OfFunction& function, const Job& job);
  int running_max(const OfFunction& function) const {
    return function.is_shared ? running_of_shared_max_ : limits_.running_of_function;
  }
  int running_of_user_max(const OfFunction& function) const {
    return (running_max(function) * 3 + 3) / 4;
  }
  bool wants_claim_locked(const std::string& user_id) const;
  void changed_locked() {
    if (!ring_.empty() && running_ < running_max_) changes_.raise(++change_count_);
  }
  void wished_locked() { wishes_.raise(++wish_count_); }

  const QueueLimits limits_;
  mutable std::mutex mutex_;
  // Those of limits_, times as many as they are spread over.
  int running_max_ = limits_.running;
  int running_of_apps_max_ = limits_.running_of_apps;
  int running_of_shared_max_ = limits_.running_of_function;
  OfFunctions functions_;
  std::deque<OfFunction*> ring_;  // functions with a job that may go
  std::unordered_map<std::string, User> users_;
  std::unordered_map<std::string, Limit> counted_;  // limits of functions
  std::unordered_set<std::string> unclaimed_;       // users
  Blocked blocked_;
  Blocked blocked_of_apps_;
  int waiting_ = 0;
  int running_ = 0;
  int running_of_apps_ = 0;
  std::int64_t change_count_ = 0;
  Watermark changes_;
  std::int64_t wish_count_ = 0;
  Watermark wishes_;
};

}  // namespace synap::bus

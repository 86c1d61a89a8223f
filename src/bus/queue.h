// Queue: the jobs that are due, in memory, in the order in which they were made.
//
// A job is one thing to be done for a run: call its function. The table `jobs` is the truth; this
// is the part of it that somebody waits for. A crash empties it, and the next start fills it again
// from the table (run_store.h), in the order of their events.
//
// Lanes: jobs of one lane are handed out one at a time, those that wait in the order of their
// events, as after a restart; a lane is held from take() until release(). While a job of a lane is
// delayed, its lane waits with it.
//
// Time: a job is due at a time of the wall clock, which may jump. Set forward, it makes jobs due
// sooner; set back, it puts off none: what passes by the steady clock has passed.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/uuid.h"
#include "base/world.h"
#include "bus/function.h"

namespace synap::bus {

struct Job {
  Uuid run_id;
  const Function* function = nullptr;
  std::int64_t event_position = 0;
  int attempt = 0;          // from 0
  std::int64_t due_at = 0;  // Unix ms; 0: at once
  /// How long it waits at most from its push on, whatever the wall clock says by then: how far away
  /// `due_at` was when that was decided. Nothing: that is not known.
  std::optional<std::int64_t> wait_ms = std::nullopt;
  std::optional<Uuid> lane;
  /// False for a run that was just made: it has no stored results to load.
  bool may_have_results = false;
  /// It was found in the table by this start: an earlier process may have died of it.
  bool is_found = false;
  /// Of one that was found: how often it was started by a process that found it, and did not end.
  int starts = 0;
};

class Queue {
 public:
  /// `world` must outlive the queue.
  explicit Queue(World& world = real_world());
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Any thread. Jobs that are not due yet wait until they are.
  void push(std::vector<Job> jobs);
  /// Puts a job back that was taken and is to be done again: its lane, if it has one, stays held.
  void push_again(Job job);
  /// The job is done for good: the next one of its lane may go.
  void release(const Job& job);
  /// Moves what has become due to the ready ones. Called by the timer of the worker pool.
  void wake_due();
  /// Makes the delayed job of this run ready. False: there is none. Looks through all of them.
  bool hurry(const Uuid& run_id);
  /// In how long the next delayed job is due, if there is one; 0: it is.
  std::optional<std::chrono::milliseconds> next_due_in();

  /// Ready jobs that nobody has taken, and delayed ones.
  std::size_t ready_count() const;
  std::size_t delayed_count() const;

  /// Awaitable: the next ready job; nothing once the queue is closed. A coroutine that is destroyed
  /// while it waits leaves the job, if it was given one already, to the next.
  class Take {
   public:
    explicit Take(Queue& queue) : queue_(queue) {}
    ~Take() {
      if (waiter_.is_suspended()) sign_off();
    }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self);
    std::optional<Job> await_resume() noexcept {
      waiter_.resumed();
      return std::move(job_);
    }

   private:
    friend class Queue;
    void sign_off();

    Queue& queue_;
    std::optional<Job> job_;
    Waiter waiter_;
  };
  Take take() { return Take(*this); }
  /// Lets everyone who waits in take() go, without a job, now and from now on.
  void close();

 private:
  // When a job is to wake, by the queue's clock; nothing: at once.
  using WakesAt = std::optional<std::int64_t>;
  struct Waiting {
    Job job;
    WakesAt wakes_at;
  };
  std::int64_t clock();
  WakesAt wakes_at(const Job& job);
  void push_locked(Job job);
  void make_ready(Job job, WakesAt wakes_at);
  void hand_out();

  World& world_;
  mutable std::mutex mutex_;
  std::deque<Job> ready_;
  std::multimap<std::int64_t, Job> delayed_;  // by when they wake
  // A lane that is in the map is held; the jobs behind it wait here.
  // A list, because most are empty, and an empty deque is not small.
  std::unordered_map<Uuid, std::list<Waiting>> lanes_;
  std::deque<Take*> takers_;
  bool is_closed_ = false;
  std::int64_t ahead_ms_;  // how far its clock is ahead of the steady one
};

}  // namespace synap::bus

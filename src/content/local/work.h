// Work: what a coroutine asks of a thread of the store, and the queue between the two.
//
// The coroutine and the thread share a piece of work, so each may go first: a Task that is
// destroyed signs off, and what the thread still needs lives until it is done with it. Work that
// nobody waits for any more and that was not begun is dropped: nobody was told of it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/executor.h"
#include "base/world.h"

namespace synap::content {

class Done;

/// A piece of work. What it is to do and what came of it are the thread's until it is done.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  virtual ~Work() = default;

 private:
  friend class WorkQueue;
  Done* waiting_ = nullptr;  // under WorkQueue::waiting_mutex_ once it is queued
};

using WorkGroup = std::vector<std::shared_ptr<Work>>;

/// The work of one thread, which calls take() and finish(); the others are for any.
class WorkQueue {
 public:
  explicit WorkQueue(World& world) : wake_(world.make_signal()) {}

  /// Waits for work and takes some into `group`, which is empty: the oldest, and those behind it,
  /// up to `most`, for as long as `may_join` says yes. It is asked about each that is taken, and
  /// must not refuse the first. False: the queue has ended. True without work: the thread's turn
  /// has (World::start_thread).
  bool take(WorkGroup& group, std::size_t most, const std::function<bool(const Work&)>& may_join);
  /// Resumes the coroutines that wait for `done`, those of one executor with one wake-up.
  void finish(const WorkGroup& done);
  /// take() gives what is left, and then nothing.
  void end();

 private:
  friend class Done;
  void add(std::shared_ptr<Work> work, Done* waiting);
  void forget(Work& work);
  Signal::Woken wait_for_work();

  std::mutex mutex_;
  const std::unique_ptr<Signal> wake_;
  std::deque<std::shared_ptr<Work>> queue_;
  bool is_ended_ = false;
  std::deque<std::shared_ptr<Work>> pending_;  // taken from the queue; of its thread only
  // Another than that of the queue: a coroutine that is resumed has more work at once, and must
  // not wait until all others are resumed.
  std::mutex waiting_mutex_;
};

/// Awaitable: hands `work` to the thread and resumes when it is done. Signs off when it is
/// destroyed before that, wherever the work is: queued, under way, or done and its coroutine
/// posted.
class Done {
 public:
  Done(WorkQueue& queue, std::shared_ptr<Work> work) : queue_(queue), work_(std::move(work)) {}
  Done(const Done&) = delete;
  Done& operator=(const Done&) = delete;
  ~Done() {
    if (waiter_.is_suspended()) queue_.forget(*work_);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    waiter_.suspend(self);
    queue_.add(work_, this);
  }
  void await_resume() noexcept { waiter_.resumed(); }

 private:
  friend class WorkQueue;
  WorkQueue& queue_;
  std::shared_ptr<Work> work_;
  Waiter waiter_;
};

}  // namespace synap::content

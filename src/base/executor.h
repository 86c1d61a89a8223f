// Executor: something that resumes coroutines, one at a time, on a thread of its own.
//
// A coroutine stays with the executor it was spawned on: whatever it awaits, it is resumed there,
// so the state of one coroutine needs no lock. Awaitables remember Executor::current() when they
// suspend and hand the coroutine back to it when they are done, from whatever thread that is.
//
// Ownership. An executor owns no coroutine, it only has their handles. A frame is destroyed on its
// executor's own thread, or on any thread once the executor has ended; the Executor object outlives
// the frame. What other threads may have posted by then is withdrawn: a handle is never resumed
// after its frame is gone. Waiter does this for every awaiter that is woken from elsewhere.
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/thread.h"

namespace synap {

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// Resumes `coroutine` on this executor's thread, later. Any thread may call. Never blocks.
  void post(std::coroutine_handle<> coroutine);
  /// The same for several, with one wake-up.
  void post_all(const std::vector<std::coroutine_handle<>>& coroutines);
  /// Forgets `coroutine` if it was posted and not resumed yet: its frame is about to go. Only where
  /// the frame may be destroyed. Looks through all that is posted, so that posting costs nothing.
  void withdraw(std::coroutine_handle<> coroutine);

  /// The executor whose thread this is, or nullptr.
  static Executor* current();
  /// A mistake unless frames of this executor may be destroyed by the calling thread.
  void check_may_destroy() const;

  /// Blocks a plain thread until `is_done()`, which is asked under `lock`; `signal` is notified
  /// when coroutines of this executor have changed what it says. A simulated one goes on meanwhile.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& signal,
                    const std::function<bool()>& is_done) {
    signal.wait(lock, is_done);
  }
  /// The same, for at most so long; what is_done() says then.
  virtual bool wait_for(std::unique_lock<std::mutex>& lock, std::condition_variable& signal,
                        std::chrono::milliseconds most, const std::function<bool()>& is_done) {
    return signal.wait_for(lock, most, is_done);
  }
  /// Ends its thread, if it has one of its own, when what is posted has run: nothing is resumed any
  /// more.
  virtual void stop() {}

 protected:
  /// While it lives, the calling thread is this executor's: for one that has no thread of its own.
  class Bound {
   public:
    explicit Bound(Executor& executor) : before_(current()) { executor.bind_to_this_thread(); }
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;
    ~Bound();

   private:
    Executor* before_;
  };

  /// Marks the calling thread as this executor's. Called once at the start of the thread.
  void bind_to_this_thread();
  /// Nothing is resumed any more. Called once at the end of the thread.
  void unbind();
  /// The same without a thread.
  void end();
  /// Makes the executor's thread call run_posted() soon. Called by any thread, under mutex_, when
  /// something was posted where nothing was.
  virtual void wake() = 0;
  /// Resumes what is posted now. `lock` holds mutex_, and gives it back meanwhile.
  void run_posted(std::unique_lock<std::mutex> lock);

  mutable std::mutex mutex_;
  std::vector<std::coroutine_handle<>> posted_;

 private:
  std::vector<std::coroutine_handle<>> running_;  // what run_posted() took; of its thread only
  bool has_ended_ = false;
};

/// One suspended coroutine and the executor it goes back to: the part of an awaiter that is woken
/// from elsewhere. The awaiter sees to four things:
///   1. await_suspend()  calls suspend(), and then shows itself to whoever is to wake it.
///   2. Whoever wakes it calls wake(), once, and forgets it, in one step under the awaiter's lock.
///   3. await_resume()   calls resumed().
///   4. The destructor, if is_suspended(), takes that lock and makes itself forgotten. Then nobody
///      can wake it any more, and if somebody had, ~Waiter withdraws the post.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  /// `self` belongs to the executor whose thread this is.
  void suspend(std::coroutine_handle<> self);
  /// Posts the coroutine. Touches nothing afterwards: the coroutine may be gone by then.
  void wake();
  /// As wake(), but leaves the posting to the caller, who does it under the same lock.
  std::coroutine_handle<> take_to_post();
  void resumed() { is_suspended_ = false; }

  /// Suspended, or woken and not resumed yet. Of the executor's thread.
  bool is_suspended() const { return is_suspended_; }
  /// Woken. Under the awaiter's lock.
  bool is_posted() const { return is_posted_; }
  Executor& executor() const { return *executor_; }

 private:
  std::coroutine_handle<> coroutine_;
  Executor* executor_ = nullptr;
  bool is_suspended_ = false;
  bool is_posted_ = false;
};

/// An executor with one thread and a queue: for handlers, and for tests.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::string thread_name,
                          ThreadPriority priority = ThreadPriority::kNormal);
  ~ThreadExecutor() override;  // stop(), then join

  /// Lets what is queued finish, then ends the thread. Coroutines that are still suspended
  /// elsewhere stay suspended: whoever owns them destroys them before or after.
  void stop() override;

 private:
  void wake() override { wake_.notify_one(); }
  void run(const std::string& thread_name, ThreadPriority priority);

  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace synap

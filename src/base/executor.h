// Executor: something that resumes coroutines, one at a time, on a thread of its own.
//
// A coroutine stays with the executor it was spawned on: whatever it awaits, it is resumed there,
// so the state of one coroutine needs no lock. Awaitables remember Executor::current() when they
// suspend and hand the coroutine back to it when they are done, from whatever thread that is.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
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
  virtual void post(std::coroutine_handle<> coroutine) = 0;
  /// The same for several, with one wake-up.
  virtual void post_all(const std::vector<std::coroutine_handle<>>& coroutines) {
    for (auto coroutine : coroutines) post(coroutine);
  }

  /// The executor whose thread this is, or nullptr.
  static Executor* current();

 protected:
  /// Marks the calling thread as this executor's. Called once at the start of the thread.
  void bind_to_this_thread();
};

/// An executor with one thread and a queue: for handlers, and for tests.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::string thread_name,
                          ThreadPriority priority = ThreadPriority::kNormal);
  ~ThreadExecutor() override;  // stop(), then join

  void post(std::coroutine_handle<> coroutine) override;
  void post_all(const std::vector<std::coroutine_handle<>>& coroutines) override;

  /// Lets what is queued finish, then ends the thread. Coroutines that are still suspended
  /// elsewhere stay suspended: whoever owns them must have ended them before.
  void stop();

 private:
  void run(const std::string& thread_name, ThreadPriority priority);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::coroutine_handle<>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace synap

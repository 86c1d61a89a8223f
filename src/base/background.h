// Background: coroutines that run beside their owner on one executor until they end by themselves
// or are asked to stop; the owner waits for that before it goes.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/executor.h"
#include "base/task.h"

namespace synap {

class Background {
 public:
  /// `executor` must outlive it.
  explicit Background(Executor& executor) : executor_(executor) {}
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() { stop(); }

  /// Any thread; not after stop() has been called from another.
  void begin(Task<void> task) {
    {
      std::lock_guard lock(mutex_);
      ++running_;
    }
    spawn(executor_, counted(std::move(task)));
  }
  /// Requested by stop(): whoever was begun ends soon after.
  std::stop_token token() const { return stopping_.get_token(); }
  bool is_stopping() const { return stopping_.stop_requested(); }
  /// Asks all to stop, and blocks until they have ended. Not on the executor.
  void stop() {
    stopping_.request_stop();
    std::unique_lock lock(mutex_);
    executor_.wait(lock, ended_, [this] { return running_ == 0; });
  }

 private:
  Task<void> counted(Task<void> task) {
    co_await std::move(task);
    std::lock_guard lock(mutex_);
    if (--running_ == 0) ended_.notify_all();
  }

  Executor& executor_;
  std::stop_source stopping_;
  std::mutex mutex_;
  std::condition_variable ended_;
  int running_ = 0;  // coroutines that have not ended
};

}  // namespace synap

// Once: runs a function the first time it is asked to. Whoever asks meanwhile waits for its end.
//
// std::call_once is not used where events are made: each first call ends with a system call that
// wakes all who may wait, whether or not anybody does. A mutex knows.
#pragma once

#include <atomic>
#include <mutex>

namespace synap {

/// Thread-safe.
class Once {
 public:
  Once() = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  /// What `function` wrote is seen by all who return from this. If it throws, the next caller tries
  /// again. It must not come back here.
  template <class Function>
  void run(Function function) {
    if (is_done_.load(std::memory_order_acquire)) return;
    std::lock_guard lock(mutex_);
    if (is_done_.load(std::memory_order_relaxed)) return;
    function();
    is_done_.store(true, std::memory_order_release);
  }

 private:
  std::atomic<bool> is_done_ = false;
  std::mutex mutex_;
};

}  // namespace synap

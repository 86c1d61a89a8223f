// What coroutines of one connection need among themselves. All of it belongs to one executor, so
// none of it has a lock; nothing here may be touched from another thread.
//
//   Gate   where coroutines wait until another one says that something has changed
//   Crew   coroutines that run beside their owner, and that it waits for before it ends
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <utility>

#include "base/executor.h"
#include "base/task.h"

namespace synap::trpc {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Awaitable: until woken. Whoever waits for a condition asks it again after this.
  auto wait() {
    struct Wait {
      Gate& gate;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> self) { gate.waiting_.push_back(self); }
      void await_resume() const noexcept {}
    };
    return Wait{*this};
  }

  /// Wakes the one that has waited longest.
  void wake_one() {
    if (waiting_.empty()) return;
    auto first = waiting_.front();
    waiting_.pop_front();
    Executor::current()->post(first);
  }
  void wake_all() {
    while (!waiting_.empty()) wake_one();
  }

 private:
  std::deque<std::coroutine_handle<>> waiting_;
};

class Crew {
 public:
  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { SYNAP_CHECK(running_ == 0, "a crew must be joined before it goes"); }

  /// Starts `task` on this executor, soon.
  void start(Task<void> task) {
    ++running_;
    spawn(*Executor::current(), run(std::move(task)));
  }
  std::size_t size() const { return running_; }
  /// Until all have ended, also those that are started meanwhile.
  Task<void> join() {
    while (running_ > 0) co_await ended_.wait();
  }

 private:
  Task<void> run(Task<void> task) {
    co_await std::move(task);
    if (--running_ == 0) ended_.wake_all();
  }

  std::size_t running_ = 0;
  Gate ended_;
};

}  // namespace synap::trpc

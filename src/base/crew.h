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

namespace synap {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  class Wait {
   public:
    explicit Wait(Gate& gate) : gate_(gate) {}
    ~Wait() {
      if (waiter_.is_suspended()) sign_off();
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      gate_.waiting_.push_back(this);
    }
    void await_resume() noexcept { waiter_.resumed(); }

   private:
    friend class Gate;
    // Whoever was woken and is destroyed before it can go on leaves its turn to the next.
    void sign_off() {
      if (waiter_.is_posted()) {
        gate_.wake_one();
      } else {
        std::erase(gate_.waiting_, this);
      }
    }
    Gate& gate_;
    Waiter waiter_;
  };

  /// Awaitable: until woken. Whoever waits for a condition asks it again after this.
  Wait wait() { return Wait(*this); }

  /// Wakes the one that has waited longest.
  void wake_one() {
    if (waiting_.empty()) return;
    Wait* first = waiting_.front();
    waiting_.pop_front();
    first->waiter_.wake();
  }
  void wake_all() {
    while (!waiting_.empty()) wake_one();
  }

 private:
  std::deque<Wait*> waiting_;
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

}  // namespace synap

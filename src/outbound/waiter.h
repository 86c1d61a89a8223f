// Waiter: one suspended coroutine that another thread wakes, and that may be destroyed at any
// moment meanwhile. Private to the room.
//
// A handle that was posted to an executor cannot be taken back, and its coroutine may be gone
// before it is resumed. So what is posted is a courier: a small coroutine of its own, which looks
// on the executor's thread, where alone the waiting one can be destroyed, whether it is still
// there.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>

#include "base/check.h"
#include "base/executor.h"

namespace synap::outbound {

/// Part of an awaiter. The awaiter shows itself to whoever is to wake it after suspend(), and its
/// destructor, if is_suspended(), makes itself forgotten under the lock under which it is woken.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  /// On the executor's thread.
  ~Waiter() {
    if (record_ != nullptr) record_->coroutine = nullptr;
  }

  /// `self` belongs to the executor whose thread this is.
  void suspend(std::coroutine_handle<> self) {
    executor_ = Executor::current();
    SYNAP_CHECK(executor_ != nullptr, "only a coroutine on an executor can wait");
    record_ = std::make_shared<Record>(self);
  }
  /// Once for each suspend(), from any thread. Touches nothing of the coroutine afterwards.
  void wake() { executor_->post(courier(record_).handle); }
  /// On the executor's thread, by the coroutine that goes on.
  void resumed() { record_ = nullptr; }
  bool is_suspended() const { return record_ != nullptr; }

 private:
  struct Record {
    std::coroutine_handle<> coroutine;  // null: gone. Of the executor's thread
  };
  struct Courier {
    struct promise_type {
      Courier get_return_object() {
        return {std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      std::suspend_always initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
    std::coroutine_handle<> handle;
  };
  static Courier courier(std::shared_ptr<Record> record) {
    if (record->coroutine) record->coroutine.resume();
    co_return;
  }

  Executor* executor_ = nullptr;
  std::shared_ptr<Record> record_;
};

}  // namespace synap::outbound

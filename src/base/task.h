// Task<T>: a lazy coroutine that yields one T. It starts when it is awaited, runs on the executor
// of whoever awaits it, and returns to its awaiter without growing the stack.
//
// Destroying a Task destroys its frame at the point where it is suspended: that is how a run that
// must sleep is put away (workers/step.h). Tasks do not throw: an exception that leaves one is a
// programmer's error and ends the process, so code below a Task catches what libraries throw.
//
//   Task<Result<Note>> load(Id id);                 co_await load(id)
//   spawn(executor, serve(connection));             runs it on `executor`, detached
//   co_await when_all(std::move(tasks))             runs all at once, yields when the last is done
//   sync_wait(executor, load(id))                   blocks a plain thread; tests and main only
#pragma once

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/executor.h"

namespace synap {

template <class T = void>
class [[nodiscard]] Task;

namespace task_detail {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    auto next = self.promise().continuation;
    return next ? next : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation;
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace task_detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;

  Task() = default;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { reset(); }

  auto operator co_await() && noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        handle.promise().continuation = awaiting;
        return handle;
      }
      T await_resume() const { return handle.promise().take(); }
    };
    SYNAP_CHECK(handle_, "a moved-from Task cannot be awaited");
    return Awaiter{handle_};
  }

 private:
  void reset() {
    if (handle_) handle_.destroy();
    handle_ = {};
  }
  std::coroutine_handle<promise_type> handle_;
};

namespace task_detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// A coroutine that owns itself: its frame goes when it ends.
struct Detached {
  struct promise_type {
    Detached get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

inline Detached detach(Task<void> task) {
  co_await std::move(task);
}

template <class T>
struct WhenAll {
  std::vector<std::optional<T>> results;
  std::size_t left = 0;
  std::coroutine_handle<> waiting;
};

template <class T>
Detached run_one(Task<T> task, WhenAll<T>& all, std::size_t index) {
  all.results[index].emplace(co_await std::move(task));
  if (--all.left == 0) all.waiting.resume();
}

}  // namespace task_detail

/// Starts `task` on `executor` and lets go of it.
inline void spawn(Executor& executor, Task<void> task) {
  executor.post(task_detail::detach(std::move(task)).handle);
}

/// Runs all tasks concurrently on the current executor; the results are in the order of the tasks.
template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  SYNAP_CHECK(Executor::current() != nullptr, "when_all needs an executor");
  task_detail::WhenAll<T> all;
  all.results.resize(tasks.size());
  // One more than there are tasks, so that it cannot reach zero while they are being started.
  all.left = tasks.size() + 1;
  struct Start {
    task_detail::WhenAll<T>& state;
    std::vector<Task<T>>& list;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) {
      state.waiting = self;
      for (std::size_t i = 0; i < list.size(); ++i) {
        task_detail::run_one(std::move(list[i]), state, i).handle.resume();
      }
      return --state.left != 0;
    }
    void await_resume() const noexcept {}
  };
  co_await Start{all, tasks};
  std::vector<T> results;
  results.reserve(all.results.size());
  for (auto& result : all.results) results.push_back(std::move(*result));
  co_return results;
}

/// Blocks this thread until `task` has run on `executor`. For main and tests; never on an executor.
template <class T>
T sync_wait(Executor& executor, Task<T> task) {
  SYNAP_CHECK(Executor::current() == nullptr, "sync_wait would block an executor");
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  if constexpr (std::is_void_v<T>) {
    auto body = [&]() -> Task<void> {
      co_await std::move(task);
      std::lock_guard lock(mutex);
      finished = true;
      done.notify_one();
    };
    spawn(executor, body());
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return finished; });
  } else {
    std::optional<T> result;
    auto body = [&]() -> Task<void> {
      T value = co_await std::move(task);
      std::lock_guard lock(mutex);
      result.emplace(std::move(value));
      finished = true;
      done.notify_one();
    };
    spawn(executor, body());
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return finished; });
    return std::move(*result);
  }
}

}  // namespace synap

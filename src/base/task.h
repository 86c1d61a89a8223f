// Task<T>: a lazy coroutine that yields one T. It starts when it is awaited, runs on the executor
// of whoever awaits it, and returns to its awaiter without growing the stack.
//
// Ownership: whoever holds a Task owns its frame, and destroying a Task cancels it. Its frame goes
// at the point where it is suspended, with all that it awaits: a Task it calls, the children of a
// when_all, a sleep or a wait, which signs off. Nothing of it runs afterwards. That is how a run
// that must sleep is put away (workers/step.h). A Task that has begun and not ended is destroyed on
// the thread of its executor (executor.h), and not from inside a call that it makes.
//
// Exceptions: one that leaves a Task is thrown again where the Task is awaited, for those who call
// foreign code. One that leaves a detached task ends the process. Expected errors are Results.
//
//   Task<Result<Note>> load(Id id);                 co_await load(id)
//   spawn(executor, serve(connection));             runs it on `executor`, detached: it owns itself
//   co_await when_all(std::move(tasks))             runs all at once, yields when the last is done
//   co_await first_to_end(tasks)                    runs all at once, yields when the first is done
//   sync_wait(executor, load(id))                   blocks a plain thread; tests and main only
#pragma once

#include <algorithm>
#include <concepts>
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

/// How many parts of a Task there are, each of which stands or goes on by itself: the Task is one,
/// with what it awaits, and where it awaits several at once each of those is one. For whoever wants
/// to know that all parts stand still (Task::count()). Of the executor's thread.
class Branches {
 public:
  Branches() = default;
  Branches(const Branches&) = delete;
  Branches& operator=(const Branches&) = delete;
  virtual ~Branches() = default;

  int count() const { return count_; }
  void begin(std::size_t more) { count_ += static_cast<int>(more); }
  void end(std::size_t fewer) {
    count_ -= static_cast<int>(fewer);
    if (fewer > 0) note_fewer();
  }

 private:
  virtual void note_fewer() = 0;
  int count_ = 1;
};

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
  std::exception_ptr exception;  // that left the coroutine
  Branches* branches = nullptr;  // of the Task that awaits it, if somebody counts them
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
  void rethrow() {
    if (exception) [[unlikely]]
      std::rethrow_exception(std::exchange(exception, {}));
  }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    rethrow();
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() { rethrow(); }
};

}  // namespace task_detail

template <class T>
class [[nodiscard]] Task {
 public:
  using Value = T;
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

  /// Runs it and yields its value, or throws the exception that left it.
  auto operator co_await() && noexcept {
    struct Awaiter : Ended {
      T await_resume() const { return this->handle.promise().take(); }
    };
    return Awaiter{ended()};
  }
  /// Awaitable: runs it to its end, and leaves in it what it has come to.
  auto ended() noexcept {
    SYNAP_CHECK(handle_, "a moved-from Task cannot be awaited");
    return Ended{handle_};
  }
  /// What a Task that has ended has come to: its value, or the exception that left it. Once.
  T take() { return handle_.promise().take(); }
  bool has_thrown() const { return handle_.promise().exception != nullptr; }
  bool has_ended() const { return handle_ && handle_.done(); }

  /// Before it begins: its parts are counted there. They must outlive it.
  void count(Branches& branches) { handle_.promise().branches = &branches; }
  /// Runs it on this thread up to where it first waits. Nobody awaits it: its owner destroys it,
  /// at once or when it has ended.
  void start() { ended().await_suspend(std::noop_coroutine()).resume(); }

 private:
  struct Ended {
    std::coroutine_handle<promise_type> handle;
    bool await_ready() const noexcept { return false; }
    template <class Awaiting>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Awaiting> awaiting) const noexcept {
      if constexpr (std::derived_from<Awaiting, task_detail::PromiseBase>) {
        auto& branches = handle.promise().branches;
        if (branches == nullptr) branches = awaiting.promise().branches;
      }
      handle.promise().continuation = awaiting;
      return handle;
    }
    void await_resume() const noexcept {}
  };

  void reset() {
    if (handle_) handle_.destroy();
    handle_ = {};
  }
  std::coroutine_handle<promise_type> handle_;
};

/// Goes on in the executor's next turn.
struct NextTurn {
  Waiter waiter;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    waiter.suspend(self);
    waiter.wake();
  }
  void await_resume() noexcept { waiter.resumed(); }
};

namespace task_detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// A coroutine that owns itself: its frame goes when it ends. There is nobody to catch what it
// throws.
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

// What whoever awaits several children knows of them. It lies in the frame that awaits them.
class Join {
 public:
  /// Goes on when `ends` of the children have ended.
  Join(std::size_t children, std::size_t ends, Branches* branches)
      : ends_(ends), more_(children > 0 ? children - 1 : 0), branches_(branches) {
    if (branches_ != nullptr) branches_->begin(more_);
  }
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  ~Join() {
    if (branches_ != nullptr) branches_->end(more_);
  }

  // Until so many children have ended, or one has thrown.
  auto children() noexcept {
    struct Awaiter {
      Join& join;
      bool await_ready() const noexcept { return join.ends_ == 0; }
      void await_suspend(std::coroutine_handle<> self) const noexcept { join.waiting_ = self; }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }
  // The end of a child: it goes to its join, if that is to go on, and never comes back.
  auto child_ended(bool threw) noexcept {
    struct Awaiter {
      Join& join;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
        if (join.ends_ == 0 || join.has_thrown_) return join.waiting_and_gone();
        join.one_less();
        return std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    if (ends_ > 0) --ends_;
    has_thrown_ = has_thrown_ || threw;
    return Awaiter{*this};
  }
  bool has_thrown() const { return has_thrown_; }

 private:
  // The part that has ended is that of the join from here on. Whoever ends later goes nowhere.
  std::coroutine_handle<> waiting_and_gone() noexcept {
    if (auto waiting = std::exchange(waiting_, {})) return waiting;
    one_less();
    return std::noop_coroutine();
  }
  void one_less() noexcept {
    --more_;
    if (branches_ != nullptr) branches_->end(1);
  }

  std::size_t ends_;
  std::size_t more_;  // children that have not ended, but for one
  Branches* const branches_;
  bool has_thrown_ = false;
  std::coroutine_handle<> waiting_;
};

// The branches that the coroutine which awaits this is one of.
struct OwnBranches {
  Branches* branches = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    branches = self.promise().branches;
    return false;
  }
  Branches* await_resume() const noexcept { return branches; }
};

// It begins in a turn of its own, not inside the call that starts it: what it does first may
// destroy the join and the frame around it (a step that parks does).
template <class T>
Task<void> run_child(Task<T>& task, Join& join) {
  co_await NextTurn{};
  co_await task.ended();
  co_await join.child_ended(task.has_thrown());
}

// They use both.
template <class T>
std::vector<Task<void>> begin_children(std::vector<Task<T>>& tasks, Join& join,
                                       Branches* branches) {
  std::vector<Task<void>> children;
  children.reserve(tasks.size());
  for (auto& task : tasks) {
    children.push_back(run_child(task, join));
    if (branches != nullptr) children.back().count(*branches);
  }
  for (auto& child : children) child.start();
  return children;
}

}  // namespace task_detail

/// Starts `task` on `executor` and lets go of it.
inline void spawn(Executor& executor, Task<void> task) {
  executor.post(task_detail::detach(std::move(task)).handle);
}

/// Runs all tasks concurrently on the current executor; the results are in the order of the tasks.
/// It owns them: when it is destroyed while it waits, so are they, where they are suspended. When
/// one throws, the others are destroyed and the exception is thrown on.
template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  auto* branches = co_await task_detail::OwnBranches{};
  task_detail::Join join(tasks.size(), tasks.size(), branches);
  const auto children = task_detail::begin_children(tasks, join, branches);
  co_await join.children();
  if (join.has_thrown()) {
    std::ranges::find_if(tasks, &Task<T>::has_thrown)->take();
  }
  std::vector<T> results;
  results.reserve(tasks.size());
  for (auto& task : tasks) results.push_back(task.take());
  co_return results;
}

/// Runs all tasks, of which there is at least one, concurrently on the current executor until the
/// first has ended, or thrown, and then `on_first`, which is handed its number. Only then are the
/// others destroyed, where they are suspended. The number; what that task came to is left in it.
template <class T, class OnFirst>
Task<std::size_t> first_to_end(std::vector<Task<T>>& tasks, OnFirst on_first) {
  auto* branches = co_await task_detail::OwnBranches{};
  std::size_t first = 0;
  {
    task_detail::Join join(tasks.size(), 1, branches);
    const auto children = task_detail::begin_children(tasks, join, branches);
    co_await join.children();
    first =
        static_cast<std::size_t>(std::ranges::find_if(tasks, &Task<T>::has_ended) - tasks.begin());
    co_await on_first(first);
    for (auto& task : tasks) {
      if (!task.has_ended()) task = Task<T>();
    }
  }
  co_return first;
}

/// Blocks this thread until `task` has run on `executor`. For main and tests; never on an executor.
template <class T>
T sync_wait(Executor& executor, Task<T> task) {
  SYNAP_CHECK(Executor::current() == nullptr, "sync_wait would block an executor");
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  auto body = [&]() -> Task<void> {
    co_await task.ended();
    std::lock_guard lock(mutex);
    finished = true;
    done.notify_one();
  };
  spawn(executor, body());
  std::unique_lock lock(mutex);
  executor.wait(lock, done, [&] { return finished; });
  return task.take();
}

}  // namespace synap

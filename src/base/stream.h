// Stream<Item, End>: a lazy coroutine that yields Items one after another and ends with one End.
// The consumer pulls: nothing runs between two calls of next(), which is all the back-pressure
// there is, and all that is needed.
//
//   Stream<int, std::string> count() { co_yield 1; co_yield 2; co_return "done"; }
//   while (auto item = co_await stream.next()) use(*item);
//   use(stream.end());
//
// Ownership and exceptions are those of a Task (task.h): destroying a Stream cancels it, also in
// the middle of a next(); an exception that leaves it is thrown by the next() that runs into it,
// and the Stream has no end then.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"

namespace synap {

template <class Item, class End>
class [[nodiscard]] Stream {
 public:
  struct promise_type {
    std::coroutine_handle<> consumer;
    std::optional<Item> item;
    std::optional<End> end;
    std::exception_ptr exception;  // that left the coroutine

    // Gives control to whoever awaits next().
    struct ToConsumer {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return std::exchange(self.promise().consumer, {});
      }
      void await_resume() const noexcept {}
    };

    Stream get_return_object() {
      return Stream(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    ToConsumer final_suspend() const noexcept { return {}; }
    ToConsumer yield_value(Item value) {
      item.emplace(std::move(value));
      return {};
    }
    template <class U>
    void return_value(U&& value) {
      end.emplace(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { exception = std::current_exception(); }
  };

  Stream() = default;
  Stream(Stream&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Stream& operator=(Stream&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Stream() {
    if (handle_) handle_.destroy();
  }

  explicit operator bool() const { return static_cast<bool>(handle_); }

  /// Awaitable: the next Item, or nothing when the stream has ended.
  auto next() {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() const noexcept { return handle.done(); }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        handle.promise().consumer = awaiting;
        return handle;
      }
      std::optional<Item> await_resume() const {
        if (auto exception = std::exchange(handle.promise().exception, {})) [[unlikely]] {
          std::rethrow_exception(std::move(exception));
        }
        return std::exchange(handle.promise().item, std::nullopt);
      }
    };
    SYNAP_CHECK(handle_, "a moved-from Stream has no next item");
    return Awaiter{handle_};
  }

  /// How it ended. Only after next() has yielded nothing.
  End& end() {
    SYNAP_CHECK(handle_ && handle_.promise().end, "the stream has not ended");
    return *handle_.promise().end;
  }

 private:
  explicit Stream(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace synap

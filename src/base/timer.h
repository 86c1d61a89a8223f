// Sleeping without holding a thread, and waiting for a number to grow: the two ways in which a
// coroutine waits for something that is not an answer. Both can be stopped by a std::stop_token,
// and both sign off when the coroutine is destroyed while it waits.
//
// Whoever has a World sleeps by it (world.h): the free functions sleep by the real time.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/executor.h"

namespace synap {

using SteadyClock = std::chrono::steady_clock;

class SleepUntil;

/// The sleepers of one clock, in the order in which they wake. Thread-safe.
class Timers {
 public:
  Timers() = default;
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  /// Those of the real clock: one thread of the process wakes them.
  static Timers& real();

 protected:
  ~Timers() = default;
  /// Another sleeper is the first now. Under mutex_.
  virtual void first_changed() = 0;
  /// When the first wakes. Under mutex_.
  std::optional<SteadyClock::time_point> first_locked() const;
  /// Wakes the first. Under mutex_, so that one who signs off knows whether it was woken.
  void wake_first_locked();

  mutable std::mutex mutex_;

 private:
  friend class SleepUntil;
  void add(SleepUntil* sleep);
  void wake_early(SleepUntil* sleep);
  void remove(SleepUntil* sleep);
  bool remove_locked(SleepUntil* sleep);

  std::multimap<SteadyClock::time_point, SleepUntil*> sleeping_;
};

/// Awaitable. Yields true when the time has come, false if `stop` was asked for before.
class SleepUntil {
 public:
  SleepUntil(Timers& timers, SteadyClock::time_point when, std::stop_token stop)
      : timers_(timers), when_(when), stop_(std::move(stop)) {}
  ~SleepUntil() {
    if (waiter_.is_suspended()) sign_off();
  }

  bool await_ready() const noexcept { return stop_.stop_requested(); }
  void await_suspend(std::coroutine_handle<> self);
  bool await_resume() noexcept;

 private:
  friend class Timers;
  struct OnStop {
    SleepUntil* sleep;
    void operator()() const noexcept;
  };
  void sign_off();

  Timers& timers_;
  SteadyClock::time_point when_;
  std::stop_token stop_;
  Waiter waiter_;
  bool slept_ = false;
  std::multimap<SteadyClock::time_point, SleepUntil*>::iterator place_;
  std::optional<std::stop_callback<OnStop>> on_stop_;
};

inline SleepUntil sleep_until(SteadyClock::time_point when, std::stop_token stop = {}) {
  return {Timers::real(), when, std::move(stop)};
}
inline SleepUntil sleep_for(std::chrono::milliseconds duration, std::stop_token stop = {}) {
  return {Timers::real(), SteadyClock::now() + duration, std::move(stop)};
}

/// A number that only grows, and coroutines that wait for it to pass a value: the end of the log
/// as seen by those who follow it. Thread-safe.
class Watermark {
 public:
  explicit Watermark(std::int64_t value = 0) : value_(value) {}
  Watermark(const Watermark&) = delete;
  Watermark& operator=(const Watermark&) = delete;

  std::int64_t value() const;
  /// Sets the value if it is larger than the present one, and wakes those that waited for that.
  void raise(std::int64_t value);

  class Wait {
   public:
    Wait(Watermark& mark, std::int64_t past, std::stop_token stop)
        : mark_(mark), past_(past), stop_(std::move(stop)) {}
    ~Wait() {
      if (waiter_.is_suspended()) sign_off();
    }
    bool await_ready() const { return stop_.stop_requested() || mark_.value() > past_; }
    bool await_suspend(std::coroutine_handle<> self);
    /// True if the value is past, false if `stop` came first.
    bool await_resume() noexcept;

   private:
    friend class Watermark;
    struct OnStop {
      Wait* wait;
      void operator()() const noexcept;
    };
    void sign_off();

    Watermark& mark_;
    std::int64_t past_;
    std::stop_token stop_;
    Waiter waiter_;
    std::list<Wait*>::iterator place_;
    std::optional<std::stop_callback<OnStop>> on_stop_;
  };

  /// Awaitable: until the value is larger than `past`.
  Wait wait_past(std::int64_t past, std::stop_token stop = {}) {
    return {*this, past, std::move(stop)};
  }

 private:
  bool forget_locked(Wait* wait);

  mutable std::mutex mutex_;
  std::int64_t value_;
  std::list<Wait*> waiting_;
};

}  // namespace synap

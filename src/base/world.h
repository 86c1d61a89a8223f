// World: what a program has from outside of itself: the time, timers, randomness, ids, and threads.
//
// It is handed to whoever needs it when they are made (EventTypes, a database, Projections, a
// store) and is never looked up, so that a test can hand in another one. The real one is the
// machine's; SimulatedWorld (simulated_world.h) has a time that moves only when it is told to, and
// runs everything in one thread in an order that follows from a seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/timer.h"
#include "base/uuid.h"

namespace synap {

/// What a thread waits at until it has something to do. Made by a World.
class Signal {
 public:
  enum class Woken : std::uint8_t {
    kDue,
    kTimeUp,
    /// In a simulation, where nobody can wait: the thread's turn is over, and it will have another.
    kNotYet,
  };

  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  virtual ~Signal() = default;

  virtual void notify_one() = 0;
  virtual void notify_all() = 0;
  /// Until `is_due()`, which is asked under `lock`, or for `most`.
  virtual Woken wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_due,
                     std::optional<std::chrono::milliseconds> most = std::nullopt) = 0;
};

/// A thread of a room. It ends by itself, when its turn says so: whoever owns it brings that about
/// before it destroys it.
class WorldThread {
 public:
  WorldThread() = default;
  WorldThread(const WorldThread&) = delete;
  WorldThread& operator=(const WorldThread&) = delete;
  /// Waits for the end.
  virtual ~WorldThread() = default;
};

/// Thread-safe.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// The wall clock, which may jump both ways: milliseconds since 1970-01-01 UTC.
  virtual std::int64_t unix_ms() = 0;
  /// The steady clock.
  virtual SteadyClock::time_point now() = 0;
  /// The steady clock where it goes on while the machine is suspended, too: for what is over by a
  /// clock that others look at. Only differences say something.
  virtual std::chrono::nanoseconds since_boot() { return now().time_since_epoch(); }
  virtual void random(std::uint8_t* out, std::size_t count) = 0;
  /// A new version 7 id. Those that one thread asks for grow strictly.
  virtual Uuid new_id() = 0;
  virtual Timers& timers() = 0;

  SleepUntil sleep_until(SteadyClock::time_point when, std::stop_token stop = {}) {
    return {timers(), when, std::move(stop)};
  }
  SleepUntil sleep_for(std::chrono::milliseconds duration, std::stop_token stop = {}) {
    return {timers(), now() + duration, std::move(stop)};
  }

  virtual std::unique_ptr<Executor> make_executor(
      std::string thread_name, ThreadPriority priority = ThreadPriority::kNormal) = 0;
  virtual std::unique_ptr<Signal> make_signal() = 0;
  /// A thread that calls `turn` until it gives false. In one turn it waits at one Signal at most,
  /// and leaves the turn with true where that says kNotYet.
  virtual std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                                    std::function<bool()> turn) = 0;

 protected:
  ~World() = default;
};

/// The machine's own. Named where a program is put together, and as the default of those that are
/// handed a World.
World& real_world();

}  // namespace synap

// SimulatedWorld: a World in one thread, for tests. What would be threads are turns, taken one
// after another in an order that follows from the seed; time stands still until it is moved; ids
// and randomness follow from the seed too. So one seed is one history, and a fault that it finds is
// found again.
//
//   SimulatedWorld world(seed);
//   auto database = SqliteDatabase::open({.path = path, .world = world});
//   auto executor = world.make_executor("test");
//   sync_wait(*executor, ...);      // turns the world until the task has ended
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/world.h"

namespace synap {

/// Of one thread, which is the one that everything in it runs on. Must outlive what it has made.
class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(std::uint64_t seed);
  ~SimulatedWorld();

  std::int64_t unix_ms() override;
  SteadyClock::time_point now() override;
  void random(std::uint8_t* out, std::size_t count) override;
  Uuid new_id() override;
  Timers& timers() override;
  std::unique_ptr<Executor> make_executor(
      std::string thread_name, ThreadPriority priority = ThreadPriority::kNormal) override;
  std::unique_ptr<Signal> make_signal() override;
  std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                            std::function<bool()> turn) override;

  /// A number below `bound`, from the world's own randomness.
  std::uint64_t below(std::uint64_t bound);

  /// Gives one turn to something that can go on. False: everything waits for time to pass.
  bool turn();
  /// Turns until everything waits.
  void settle();
  /// Moves both clocks, and wakes whoever's time has come. Runs nothing.
  void pass(std::chrono::nanoseconds time);
  /// To the moment at which somebody wakes next. False: nobody sleeps.
  bool pass_to_next();
  /// From now on each look at the steady clock finds it later by up to so much, so that work takes
  /// time; at first it is nothing.
  void let_looks_take(std::chrono::microseconds most) { look_time_max_ = most; }
  /// Sets the wall clock forward or back; the steady one does not notice.
  void jump(std::chrono::milliseconds by) { jumped_ += by; }
  /// Turns, and lets time pass where everything waits for it, until `is_done`. CHECKs that there is
  /// something to wait for.
  void run_until(const std::function<bool()>& is_done);
  /// Calls `function` as if on the thread of `executor`, which this world has made: for the
  /// destruction of coroutines that are suspended there.
  void on(Executor& executor, const std::function<void()>& function);

 private:
  friend class SimulatedExecutor;
  friend class SimulatedSignal;
  friend class SimulatedThread;
  class Clockwork;

  std::mt19937_64 random_;
  SteadyClock::time_point now_{};
  std::chrono::milliseconds jumped_{0};
  std::chrono::microseconds look_time_max_{0};
  UuidSource ids_;
  std::unique_ptr<Clockwork> timers_;
  std::vector<class SimulatedExecutor*> executors_;
  std::vector<class SimulatedSignal*> signals_;
  std::vector<class SimulatedThread*> threads_;
  bool has_blocked_ = false;  // the thread whose turn it is, at a Signal
};

}  // namespace synap

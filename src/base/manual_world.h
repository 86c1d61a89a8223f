// ManualWorld: the machine's own World, but for its time, which stands still until a test moves it.
// For tests of what has real threads or sockets and so cannot live in a SimulatedWorld.
//
//   ManualWorld world;
//   HttpServer server({.world = world}, handler);
//   ASSERT_TRUE(world.wait_for_sleeper(1s));   // somebody will wake within the next second
//   world.pass(1h);                            // he does, now
#pragma once

#include <atomic>
#include <condition_variable>

#include "base/world.h"

namespace synap {

/// Thread-safe. Must outlive what it was handed to. What a thread waits for at a Signal takes real
/// time.
class ManualWorld final : public World {
 public:
  std::int64_t unix_ms() override;
  SteadyClock::time_point now() override { return timers_.now(); }
  void random(std::uint8_t* out, std::size_t count) override;
  Uuid new_id() override;
  Timers& timers() override { return timers_; }
  std::unique_ptr<Executor> make_executor(
      std::string thread_name, ThreadPriority priority = ThreadPriority::kNormal) override;
  std::unique_ptr<Signal> make_signal() override;
  std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                            std::function<bool()> turn) override;

  /// Moves both clocks, and wakes whoever's time has come.
  void pass(std::chrono::milliseconds time) { timers_.pass(time); }
  /// Sets the wall clock forward or back; the steady one does not notice.
  void jump(std::chrono::milliseconds by) { jumped_ms_ += by.count(); }
  /// Blocks until somebody sleeps who wakes when this much time has passed, or sooner. False: for
  /// ten real seconds nobody did.
  [[nodiscard]] bool wait_for_sleeper(std::chrono::milliseconds within) {
    return timers_.wait_for_sleeper(within);
  }

 private:
  class ManualTimers final : public Timers {
   public:
    SteadyClock::time_point now() const;
    void pass(std::chrono::milliseconds time);
    bool wait_for_sleeper(std::chrono::milliseconds within);

   private:
    void first_changed() override;
    void wake_due_locked();

    SteadyClock::time_point now_{std::chrono::hours(1)};
    std::condition_variable changed_;
  };

  ManualTimers timers_;
  std::atomic<std::int64_t> jumped_ms_{0};
};

}  // namespace synap

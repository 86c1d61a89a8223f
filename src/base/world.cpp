#include "base/world.h"

#include <time.h>

#include <condition_variable>
#include <thread>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/thread.h"

namespace synap {
namespace {

class RealSignal final : public Signal {
 public:
  void notify_one() override { wake_.notify_one(); }
  void notify_all() override { wake_.notify_all(); }
  Woken wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_due,
             std::optional<std::chrono::milliseconds> most) override {
    if (most) return wake_.wait_for(lock, *most, is_due) ? Woken::kDue : Woken::kTimeUp;
    wake_.wait(lock, is_due);
    return Woken::kDue;
  }

 private:
  std::condition_variable wake_;
};

class RealThread final : public WorldThread {
 public:
  RealThread(std::string name, ThreadPriority priority, std::function<bool()> turn)
      : thread_(start_thread([name = std::move(name), priority, turn = std::move(turn)] {
          begin_thread(name, priority);
          while (turn()) {
          }
        })) {}
  ~RealThread() override { thread_.join(); }

 private:
  std::thread thread_;
};

class RealWorld final : public World {
 public:
  std::int64_t unix_ms() override { return unix_ms_now(); }
  SteadyClock::time_point now() override { return SteadyClock::now(); }
  std::chrono::nanoseconds since_boot() override {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  void random(std::uint8_t* out, std::size_t count) override { random_bytes(out, count); }
  Uuid new_id() override { return Uuid::v7(); }
  Timers& timers() override { return Timers::real(); }
  std::unique_ptr<Executor> make_executor(std::string thread_name,
                                          ThreadPriority priority) override {
    return std::make_unique<ThreadExecutor>(std::move(thread_name), priority);
  }
  std::unique_ptr<Signal> make_signal() override { return std::make_unique<RealSignal>(); }
  std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                            std::function<bool()> turn) override {
    return std::make_unique<RealThread>(std::move(name), priority, std::move(turn));
  }
};

}  // namespace

World& real_world() {
  static RealWorld world;
  return world;
}

}  // namespace synap

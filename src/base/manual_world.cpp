#include "base/manual_world.h"

namespace synap {
namespace {

// 2026-01-01T00:00:00Z.
constexpr std::int64_t kStartMs = 1'767'225'600'000;

}  // namespace

SteadyClock::time_point ManualWorld::ManualTimers::now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

void ManualWorld::ManualTimers::pass(std::chrono::milliseconds time) {
  std::lock_guard lock(mutex_);
  now_ += time;
  wake_due_locked();
}

bool ManualWorld::ManualTimers::wait_for_sleeper(std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
    const auto first = first_locked();
    return first && *first <= now_ + within;
  });
}

// Time may have passed between somebody's look at the clock and his sleep.
void ManualWorld::ManualTimers::first_changed() {
  wake_due_locked();
  changed_.notify_all();
}

void ManualWorld::ManualTimers::wake_due_locked() {
  for (auto first = first_locked(); first && *first <= now_; first = first_locked()) {
    wake_first_locked();
  }
}

std::int64_t ManualWorld::unix_ms() {
  const auto passed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch());
  return kStartMs + passed.count() + jumped_ms_;
}

void ManualWorld::random(std::uint8_t* out, std::size_t count) {
  real_world().random(out, count);
}

Uuid ManualWorld::new_id() {
  return real_world().new_id();
}

std::unique_ptr<Executor> ManualWorld::make_executor(std::string thread_name,
                                                     ThreadPriority priority) {
  return real_world().make_executor(std::move(thread_name), priority);
}

std::unique_ptr<Signal> ManualWorld::make_signal() {
  return real_world().make_signal();
}

std::unique_ptr<WorldThread> ManualWorld::start_thread(std::string name, ThreadPriority priority,
                                                       std::function<bool()> turn) {
  return real_world().start_thread(std::move(name), priority, std::move(turn));
}

}  // namespace synap

#include "base/timer.h"

#include <condition_variable>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/thread.h"

namespace synap {

void Timers::add(SleepUntil* sleep) {
  std::lock_guard lock(mutex_);
  sleep->place_ = sleeping_.emplace(sleep->when_, sleep);
  if (sleep->place_ == sleeping_.begin()) first_changed();
}

void Timers::wake_early(SleepUntil* sleep) {
  std::lock_guard lock(mutex_);
  if (remove_locked(sleep)) sleep->waiter_.wake();
}

void Timers::remove(SleepUntil* sleep) {
  std::lock_guard lock(mutex_);
  remove_locked(sleep);
}

// True if it was still asleep.
bool Timers::remove_locked(SleepUntil* sleep) {
  if (sleep->place_ == sleeping_.end()) return false;
  sleeping_.erase(sleep->place_);
  sleep->place_ = sleeping_.end();
  return true;
}

std::optional<SteadyClock::time_point> Timers::first_locked() const {
  if (sleeping_.empty()) return std::nullopt;
  return sleeping_.begin()->first;
}

void Timers::wake_first_locked() {
  SleepUntil* sleep = sleeping_.begin()->second;
  remove_locked(sleep);
  sleep->slept_ = true;
  sleep->waiter_.wake();
}

namespace {

// One thread for all sleeps of the process. It is never joined: a sleeping coroutine may outlive
// every static object, and the thread touches nothing but what it was given.
class TimerThread final : public Timers {
 public:
  TimerThread() {
    std::thread([this] { run(); }).detach();
  }

 private:
  void first_changed() override { wake_.notify_one(); }

  [[noreturn]] void run() {
    begin_thread("timers");
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto first = first_locked();
      if (!first) {
        wake_.wait(lock);
      } else if (*first > SteadyClock::now()) {
        wake_.wait_until(lock, *first);
      } else {
        wake_first_locked();
      }
    }
  }

  std::condition_variable wake_;
};

}  // namespace

Timers& Timers::real() {
  static auto* timers = new TimerThread;
  return *timers;
}

void SleepUntil::await_suspend(std::coroutine_handle<> self) {
  waiter_.suspend(self);
  timers_.add(this);
  // The coroutine cannot resume before this returns: both ways of resuming it post to the
  // executor whose thread is running this line.
  if (stop_.stop_possible()) on_stop_.emplace(stop_, OnStop{this});
}

bool SleepUntil::await_resume() noexcept {
  on_stop_.reset();
  waiter_.resumed();
  return slept_;
}

// The callback first: reset() waits for one that runs on another thread, which uses this object.
void SleepUntil::sign_off() {
  on_stop_.reset();
  timers_.remove(this);
}

void SleepUntil::OnStop::operator()() const noexcept {
  sleep->timers_.wake_early(sleep);
}

std::int64_t Watermark::value() const {
  std::lock_guard lock(mutex_);
  return value_;
}

void Watermark::raise(std::int64_t value) {
  std::unordered_map<Executor*, std::vector<std::coroutine_handle<>>> woken;
  std::lock_guard lock(mutex_);
  if (value <= value_) return;
  value_ = value;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Wait* wait = *it++;
    if (wait->past_ >= value_) continue;
    forget_locked(wait);
    woken[&wait->waiter_.executor()].push_back(wait->waiter_.take_to_post());
  }
  for (auto& [executor, coroutines] : woken) executor->post_all(coroutines);
}

// True if it was still waiting.
bool Watermark::forget_locked(Wait* wait) {
  if (wait->place_ == waiting_.end()) return false;
  waiting_.erase(wait->place_);
  wait->place_ = waiting_.end();
  return true;
}

bool Watermark::Wait::await_suspend(std::coroutine_handle<> self) {
  {
    std::lock_guard lock(mark_.mutex_);
    if (mark_.value_ > past_) return false;
    waiter_.suspend(self);
    place_ = mark_.waiting_.insert(mark_.waiting_.end(), this);
  }
  if (stop_.stop_possible()) on_stop_.emplace(stop_, OnStop{this});
  return true;
}

bool Watermark::Wait::await_resume() noexcept {
  on_stop_.reset();
  waiter_.resumed();
  return mark_.value() > past_;
}

// In the order of SleepUntil::sign_off, for the same reason.
void Watermark::Wait::sign_off() {
  on_stop_.reset();
  std::lock_guard lock(mark_.mutex_);
  mark_.forget_locked(this);
}

void Watermark::Wait::OnStop::operator()() const noexcept {
  std::lock_guard lock(wait->mark_.mutex_);
  if (wait->mark_.forget_locked(wait)) wait->waiter_.wake();
}

}  // namespace synap

#include "base/timer.h"

#include <condition_variable>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/thread.h"

namespace synap {

// One thread for all sleeps of the process. It is never joined: a sleeping coroutine may outlive
// every static object, and the thread touches nothing but what it was given. The sleepers are woken
// under the lock, so that one who signs off knows whether it was woken.
class TimerThread {
 public:
  static TimerThread& instance() {
    static TimerThread* timers = new TimerThread;
    return *timers;
  }

  void add(SleepUntil* sleep) {
    bool is_first = false;
    {
      std::lock_guard lock(mutex_);
      sleep->place_ = sleeping_.emplace(sleep->when_, sleep);
      is_first = sleep->place_ == sleeping_.begin();
    }
    if (is_first) wake_.notify_one();
  }

  void wake_early(SleepUntil* sleep) {
    std::lock_guard lock(mutex_);
    if (remove_locked(sleep)) sleep->waiter_.wake();
  }

  void remove(SleepUntil* sleep) {
    std::lock_guard lock(mutex_);
    remove_locked(sleep);
  }

 private:
  TimerThread() {
    std::thread([this] { run(); }).detach();
  }

  [[noreturn]] void run() {
    begin_thread("timers");
    std::unique_lock lock(mutex_);
    for (;;) {
      if (sleeping_.empty()) {
        wake_.wait(lock);
        continue;
      }
      const auto first = sleeping_.begin();
      if (first->first > SteadyClock::now()) {
        wake_.wait_until(lock, first->first);
        continue;
      }
      SleepUntil* sleep = first->second;
      remove_locked(sleep);
      sleep->slept_ = true;
      sleep->waiter_.wake();
    }
  }

  // True if it was still asleep.
  bool remove_locked(SleepUntil* sleep) {
    if (sleep->place_ == sleeping_.end()) return false;
    sleeping_.erase(sleep->place_);
    sleep->place_ = sleeping_.end();
    return true;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<SteadyClock::time_point, SleepUntil*> sleeping_;
};

void SleepUntil::await_suspend(std::coroutine_handle<> self) {
  waiter_.suspend(self);
  TimerThread::instance().add(this);
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
  TimerThread::instance().remove(this);
}

void SleepUntil::OnStop::operator()() const noexcept {
  TimerThread::instance().wake_early(sleep);
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

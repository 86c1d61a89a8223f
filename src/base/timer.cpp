#include "base/timer.h"

#include <condition_variable>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/thread.h"

namespace synap {

// One thread for all sleeps of the process. It is never joined: a sleeping coroutine may outlive
// every static object, and the thread touches nothing but what it was given.
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

  // True if it was still asleep: then it is the caller's to resume.
  bool remove(SleepUntil* sleep) {
    std::lock_guard lock(mutex_);
    if (sleep->place_ == sleeping_.end()) return false;
    sleeping_.erase(sleep->place_);
    sleep->place_ = sleeping_.end();
    return true;
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
      sleeping_.erase(first);
      sleep->place_ = sleeping_.end();
      sleep->slept_ = true;
      // Posting under the lock keeps the sleeper alive: it cannot have been resumed before.
      sleep->executor_->post(sleep->coroutine_);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<SteadyClock::time_point, SleepUntil*> sleeping_;
};

void SleepUntil::await_suspend(std::coroutine_handle<> self) {
  coroutine_ = self;
  executor_ = Executor::current();
  SYNAP_CHECK(executor_ != nullptr, "only a coroutine on an executor can sleep");
  TimerThread::instance().add(this);
  // The coroutine cannot resume before this returns: both ways of resuming it post to the
  // executor whose thread is running this line.
  if (stop_.stop_possible()) on_stop_.emplace(stop_, OnStop{this});
}

bool SleepUntil::await_resume() noexcept {
  on_stop_.reset();
  return slept_;
}

void SleepUntil::OnStop::operator()() const noexcept {
  auto* executor = sleep->executor_;
  auto coroutine = sleep->coroutine_;
  if (TimerThread::instance().remove(sleep)) executor->post(coroutine);
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
    Wait* wait = *it;
    if (wait->past_ < value_) {
      woken[wait->executor_].push_back(wait->coroutine_);
      it = waiting_.erase(it);
      wait->place_ = waiting_.end();
    } else {
      ++it;
    }
  }
  for (auto& [executor, coroutines] : woken) executor->post_all(coroutines);
}

bool Watermark::Wait::await_suspend(std::coroutine_handle<> self) {
  coroutine_ = self;
  executor_ = Executor::current();
  SYNAP_CHECK(executor_ != nullptr, "only a coroutine on an executor can wait");
  {
    std::lock_guard lock(mark_.mutex_);
    if (mark_.value_ > past_) return false;
    place_ = mark_.waiting_.insert(mark_.waiting_.end(), this);
  }
  if (stop_.stop_possible()) on_stop_.emplace(stop_, OnStop{this});
  return true;
}

bool Watermark::Wait::await_resume() noexcept {
  on_stop_.reset();
  return mark_.value() > past_;
}

void Watermark::Wait::OnStop::operator()() const noexcept {
  Watermark& mark = wait->mark_;
  Executor* executor = wait->executor_;
  auto coroutine = wait->coroutine_;
  {
    std::lock_guard lock(mark.mutex_);
    if (wait->place_ == mark.waiting_.end()) return;
    mark.waiting_.erase(wait->place_);
    wait->place_ = mark.waiting_.end();
  }
  executor->post(coroutine);
}

}  // namespace synap

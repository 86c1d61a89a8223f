#include "base/executor.h"

#include <algorithm>

#include "base/check.h"

namespace synap {
namespace {
thread_local Executor* current_executor = nullptr;
}

Executor* Executor::current() {
  return current_executor;
}

void Executor::bind_to_this_thread() {
  current_executor = this;
}

Executor::Bound::~Bound() {
  current_executor = before_;
}

void Executor::unbind() {
  current_executor = nullptr;
  end();
}

void Executor::end() {
  std::lock_guard lock(mutex_);
  has_ended_ = true;
}

void Executor::post(std::coroutine_handle<> coroutine) {
  // Woken under the lock: what was posted may be all that keeps this executor in the world, and
  // its owner may end it while the poster is still on its way out of here.
  std::lock_guard lock(mutex_);
  posted_.push_back(coroutine);
  if (posted_.size() == 1) wake();
}

void Executor::post_all(const std::vector<std::coroutine_handle<>>& coroutines) {
  if (coroutines.empty()) return;
  std::lock_guard lock(mutex_);
  const bool was_empty = posted_.empty();
  posted_.insert(posted_.end(), coroutines.begin(), coroutines.end());
  if (was_empty) wake();
}

void Executor::withdraw(std::coroutine_handle<> coroutine) {
  check_may_destroy();
  std::lock_guard lock(mutex_);
  // The place stays and does nothing: run_posted() may be walking over it.
  const std::coroutine_handle<> nothing = std::noop_coroutine();
  std::ranges::replace(posted_, coroutine, nothing);
  std::ranges::replace(running_, coroutine, nothing);
}

void Executor::check_may_destroy() const {
  if (current_executor == this) return;
  std::lock_guard lock(mutex_);
  SYNAP_CHECK(has_ended_, "a suspended coroutine is destroyed on its executor's own thread");
}

void Executor::run_posted(std::unique_lock<std::mutex> lock) {
  running_.swap(posted_);
  lock.unlock();
  for (auto coroutine : running_) coroutine.resume();
  running_.clear();
}

Waiter::~Waiter() {
  if (!is_suspended_) return;
  executor_->check_may_destroy();
  if (is_posted_) executor_->withdraw(coroutine_);
}

void Waiter::suspend(std::coroutine_handle<> self) {
  coroutine_ = self;
  executor_ = Executor::current();
  SYNAP_CHECK(executor_ != nullptr, "only a coroutine on an executor can wait");
  is_suspended_ = true;
}

void Waiter::wake() {
  executor_->post(take_to_post());
}

std::coroutine_handle<> Waiter::take_to_post() {
  is_posted_ = true;
  return coroutine_;
}

ThreadExecutor::ThreadExecutor(std::string thread_name, ThreadPriority priority)
    : thread_(
          start_thread([this, name = std::move(thread_name), priority] { run(name, priority); })) {}

ThreadExecutor::~ThreadExecutor() {
  stop();
}

void ThreadExecutor::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    SYNAP_CHECK(thread_.get_id() != std::this_thread::get_id(), "an executor cannot stop itself");
    thread_.join();
  }
}

void ThreadExecutor::run(const std::string& thread_name, ThreadPriority priority) {
  begin_thread(thread_name, priority);
  bind_to_this_thread();
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !posted_.empty(); });
    if (posted_.empty()) break;
    run_posted(std::move(lock));
  }
  unbind();
}

}  // namespace synap

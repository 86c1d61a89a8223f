#include "base/executor.h"

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

ThreadExecutor::ThreadExecutor(std::string thread_name, ThreadPriority priority)
    : thread_([this, name = std::move(thread_name), priority] { run(name, priority); }) {}

ThreadExecutor::~ThreadExecutor() {
  stop();
}

void ThreadExecutor::post(std::coroutine_handle<> coroutine) {
  // Notified under the lock: what was posted may be all that keeps this executor in the world, and
  // its owner may end it while the poster is still on its way out of here.
  std::lock_guard lock(mutex_);
  const bool was_empty = queue_.empty();
  queue_.push_back(coroutine);
  if (was_empty) wake_.notify_one();
}

void ThreadExecutor::post_all(const std::vector<std::coroutine_handle<>>& coroutines) {
  if (coroutines.empty()) return;
  std::lock_guard lock(mutex_);
  queue_.insert(queue_.end(), coroutines.begin(), coroutines.end());
  wake_.notify_one();
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
  std::vector<std::coroutine_handle<>> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    for (auto coroutine : batch) coroutine.resume();
    batch.clear();
  }
}

}  // namespace synap

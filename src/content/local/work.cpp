#include "content/local/work.h"

#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace synap::content {

void WorkQueue::add(std::shared_ptr<Work> work, Done* waiting) {
  work->waiting_ = waiting;
  {
    std::lock_guard lock(mutex_);
    SYNAP_CHECK(!is_ended_, "the store is closed");
    queue_.push_back(std::move(work));
  }
  wake_->notify_one();
}

bool WorkQueue::take(WorkGroup& group, std::size_t most,
                     const std::function<bool(const Work&)>& may_join) {
  while (group.empty()) {
    if (wait_for_work() == Signal::Woken::kNotYet) return true;
    if (pending_.empty()) return false;
    std::lock_guard lock(waiting_mutex_);
    while (!pending_.empty() && group.size() < most) {
      if (pending_.front()->waiting_ != nullptr) {
        if (!may_join(*pending_.front())) break;
        group.push_back(std::move(pending_.front()));
      }
      pending_.pop_front();
    }
  }
  return true;
}

// Due without any pending: there will be none any more.
Signal::Woken WorkQueue::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto woken =
      wake_->wait(lock, [this] { return is_ended_ || !queue_.empty() || !pending_.empty(); });
  for (auto& work : queue_) pending_.push_back(std::move(work));
  queue_.clear();
  return woken;
}

// Under one lock with forget(): whoever is not forgotten yet is there to be resumed.
void WorkQueue::finish(const WorkGroup& done) {
  std::unordered_map<Executor*, std::vector<std::coroutine_handle<>>> resumed;
  std::lock_guard lock(waiting_mutex_);
  for (const auto& work : done) {
    if (auto* waiting = std::exchange(work->waiting_, nullptr); waiting != nullptr) {
      auto& executor = waiting->waiter_.executor();
      resumed[&executor].push_back(waiting->waiter_.take_to_post());
    }
  }
  for (const auto& [executor, coroutines] : resumed) executor->post_all(coroutines);
}

void WorkQueue::forget(Work& work) {
  std::lock_guard lock(waiting_mutex_);
  work.waiting_ = nullptr;
}

void WorkQueue::end() {
  {
    std::lock_guard lock(mutex_);
    is_ended_ = true;
  }
  wake_->notify_all();
}

}  // namespace synap::content

#include "content/s3/changes.h"

namespace synap::content {

void Changes::add(std::shared_ptr<Change> change, Done* waiting) {
  std::lock_guard lock(mutex_);
  change->waiting = waiting;
  auto& line = lines_[change->name];
  line.push_back(change);
  if (line.size() > 1) return;
  ready_.push_back(std::move(change));
  begin_locked();
}

void Changes::carry_out_unseen(std::string name, std::function<Task<bool>()> make) {
  add(std::make_shared<ChangeOf<bool>>(std::move(name), std::move(make)), nullptr);
}

// Whoever waited goes. What has begun is not asked.
void Changes::forget(Change& change) {
  std::lock_guard lock(mutex_);
  change.waiting = nullptr;
  change.is_wanted = false;
}

void Changes::begin_locked() {
  while (running_ < most_ && !ready_.empty()) {
    auto change = std::move(ready_.front());
    ready_.pop_front();
    if (!change->is_wanted) {
      end_locked(*change);
      continue;
    }
    ++running_;
    spawn(*executor_, drive(std::move(change)));
  }
}

// The next of this name.
void Changes::end_locked(const Change& change) {
  const auto at = lines_.find(change.name);
  auto& line = at->second;
  line.pop_front();
  if (!line.empty()) {
    ready_.push_back(line.front());
  } else {
    lines_.erase(at);
  }
  if (lines_.empty()) ended_.notify_all();
}

Task<void> Changes::drive(std::shared_ptr<Change> change) {
  co_await change->run();
  std::lock_guard lock(mutex_);
  --running_;
  end_locked(*change);
  if (auto* waiting = std::exchange(change->waiting, nullptr)) waiting->waiter_.wake();
  begin_locked();
}

bool Changes::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return executor_->wait_for(lock, ended_, most, [this] { return lines_.empty(); });
}

}  // namespace synap::content

#include "bus/queue.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace synap::bus {
namespace {

// The year 10000. What is due later, as for ever, is due then, so that times can be added.
constexpr std::int64_t kDueAtMax = 253'402'300'800'000;

std::int64_t steady_ms(World& world) {
  const auto since = world.now().time_since_epoch();
  return std::chrono::floor<std::chrono::milliseconds>(since).count();
}

}  // namespace

Queue::Queue(World& world) : world_(world), ahead_ms_(world_.unix_ms() - steady_ms(world_)) {}

// The wall clock, but never behind what has passed by the steady one. The latter alone would stand
// still while the machine sleeps. That the two are not read at one moment is no more than once a
// millisecond, since it is their largest difference that is kept.
std::int64_t Queue::clock() {
  const auto steady = steady_ms(world_);
  ahead_ms_ = std::max(ahead_ms_, world_.unix_ms() - steady);
  return steady + ahead_ms_;
}

// Decided when it is pushed, also for a job whose lane is held: its time passes while it waits.
// Zero is no time but a mark: a wall clock before 1970 would never get there.
Queue::WakesAt Queue::wakes_at(const Job& job) {
  if (job.due_at == 0) return std::nullopt;
  auto wait = std::min(job.due_at, kDueAtMax) - world_.unix_ms();
  if (job.wait_ms) wait = std::min(wait, *job.wait_ms);
  if (wait <= 0) return std::nullopt;
  return clock() + wait;
}

void Queue::push(std::vector<Job> jobs) {
  std::lock_guard lock(mutex_);
  for (auto& job : jobs) push_locked(std::move(job));
  hand_out();
}

void Queue::push_locked(Job job) {
  if (job.lane) {
    const auto [lane, is_free] = lanes_.try_emplace(*job.lane);
    if (!is_free) {
      // From the back: only a dead letter that is tried again comes after a later event's.
      auto& waiting = lane->second;
      auto at = waiting.end();
      while (at != waiting.begin() && std::prev(at)->job.event_position > job.event_position) --at;
      const auto wakes = wakes_at(job);
      waiting.insert(at, {std::move(job), wakes});
      return;
    }
  }
  const auto wakes = wakes_at(job);
  make_ready(std::move(job), wakes);
}

void Queue::make_ready(Job job, WakesAt wakes_at) {
  if (wakes_at && *wakes_at > clock()) {
    delayed_.emplace(*wakes_at, std::move(job));
  } else {
    ready_.push_back(std::move(job));
  }
}

void Queue::push_again(Job job) {
  std::lock_guard lock(mutex_);
  const auto wakes = wakes_at(job);
  make_ready(std::move(job), wakes);
  hand_out();
}

void Queue::release(const Job& job) {
  if (!job.lane) return;
  std::lock_guard lock(mutex_);
  const auto lane = lanes_.find(*job.lane);
  SYNAP_CHECK(lane != lanes_.end(), "a job releases a lane that it does not hold");
  if (lane->second.empty()) {
    lanes_.erase(lane);
    return;
  }
  auto next = std::move(lane->second.front());
  lane->second.pop_front();
  make_ready(std::move(next.job), next.wakes_at);
  hand_out();
}

void Queue::wake_due() {
  std::lock_guard lock(mutex_);
  const auto now = clock();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    ready_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  hand_out();
}

bool Queue::hurry(const Uuid& run_id) {
  std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(
      delayed_, [&](const auto& entry) { return entry.second.run_id == run_id; });
  if (found == delayed_.end()) return false;
  ready_.push_back(std::move(found->second));
  delayed_.erase(found);
  hand_out();
  return true;
}

std::optional<std::chrono::milliseconds> Queue::next_due_in() {
  std::lock_guard lock(mutex_);
  if (delayed_.empty()) return std::nullopt;
  return std::chrono::milliseconds(std::max<std::int64_t>(delayed_.begin()->first - clock(), 0));
}

std::size_t Queue::ready_count() const {
  std::lock_guard lock(mutex_);
  return ready_.size();
}

std::size_t Queue::delayed_count() const {
  std::lock_guard lock(mutex_);
  return delayed_.size();
}

void Queue::hand_out() {
  while (!takers_.empty() && !ready_.empty()) {
    Take* taker = takers_.front();
    takers_.pop_front();
    taker->job_ = std::move(ready_.front());
    ready_.pop_front();
    taker->waiter_.wake();
  }
}

void Queue::close() {
  std::lock_guard lock(mutex_);
  is_closed_ = true;
  for (Take* taker : takers_) taker->waiter_.wake();
  takers_.clear();
}

bool Queue::Take::await_suspend(std::coroutine_handle<> self) {
  std::lock_guard lock(queue_.mutex_);
  if (queue_.is_closed_) return false;
  if (!queue_.ready_.empty()) {
    job_ = std::move(queue_.ready_.front());
    queue_.ready_.pop_front();
    return false;
  }
  waiter_.suspend(self);
  queue_.takers_.push_back(this);
  return true;
}

void Queue::Take::sign_off() {
  std::lock_guard lock(queue_.mutex_);
  if (!waiter_.is_posted()) {
    std::erase(queue_.takers_, this);
  } else if (job_) {
    queue_.ready_.push_front(std::move(*job_));
    queue_.hand_out();
  }
}

}  // namespace synap::bus

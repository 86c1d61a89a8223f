#include "db/write_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/log.h"

namespace synap::db {
namespace {

// A group is bounded so that the first closure of it does not wait for the last for long: at
// about 12 us a closure this is some 6 ms. What is left over goes into the next group.
constexpr std::size_t kGroupClosuresMax = 512;
// Of these, so many may be the workers' when people wait too. A worker's closure costs twice a
// person's (it stores results, rows and events), and whoever waits, waits for all of a group: with
// 64 connections, 16 gave 17,600 requests/s, 8 gives 19,800, 4 gave no more; and the end of a flood
// of notes comes as soon with each of them.
constexpr std::size_t kGroupBackgroundMax = 8;
// And so many while nobody does: whoever comes in the next moment waits for them.
constexpr std::size_t kGroupBackgroundAloneMax = 128;

using Completions = std::unordered_map<Executor*, std::vector<std::coroutine_handle<>>>;

// What it was to do after the commit is undone for good, and the commit is not: all that can be
// done is to say so, and to answer those who wait.
void run_action(std::move_only_function<void()>& action) {
  try {
    action();
  } catch (const std::exception& exception) {
    write_log_bounded(Same::kLine, LogLevel::kError, "db",
                      "database: an action after a commit threw: {error}",
                      {{"error", exception.what()}});
  }
}

}  // namespace

Error is_stopping() {
  return {Code::kServiceUnavailable, "Synap is stopping", nullptr};
}

Error too_many_wait(std::size_t waiting) {
  return {Code::kServiceUnavailable,
          fmt::format("The database is busy: {} others wait for it", waiting), nullptr,
          Fault::kBusy};
}

void run_actions(Actions& actions) {
  for (auto& action : actions) run_action(action);
}

std::deque<WriteQueue::Operation*>& WriteQueue::lane_of(const Operation& operation) {
  return operation.queue == database_detail::Queue::kWrite ? interactive_ : background_;
}

std::optional<Error> WriteQueue::submit(Operation* operation) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    if (is_closed_) return is_stopping();
    auto& lane = lane_of(*operation);
    if (lane.size() >= waiting_max_) return too_many_wait(lane.size());
    was_empty = interactive_.empty() && background_.empty();
    lane.push_back(operation);
  }
  if (was_empty) wake_->notify_one();
  return std::nullopt;
}

void WriteQueue::withdraw(Operation* operation) {
  std::unique_lock lock(mutex_);
  if (std::erase(lane_of(*operation), operation) > 0) return;
  // In the writer's hands. It answers each operation of its group with one step under this lock.
  answered_.wait(lock, [&] { return operation->waiter.is_posted(); });
}

std::size_t WriteQueue::waiting() const {
  std::lock_guard lock(mutex_);
  return interactive_.size() + background_.size();
}

void WriteQueue::close() {
  {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  wake_->notify_all();
}

void WriteQueue::fill_locked(Group& group) {
  const auto is_of_people = [](const Operation* one) {
    return one->queue == database_detail::Queue::kWrite;
  };
  const auto of_people = static_cast<std::size_t>(std::ranges::count_if(group, is_of_people));
  const auto take = [&](std::deque<Operation*>& from, std::size_t taken, std::size_t most) {
    for (; taken < most && !from.empty(); ++taken) {
      group.push_back(from.front());
      from.pop_front();
    }
  };
  const auto of_others = group.size() - of_people;
  const bool people_wait = of_people > 0 || !interactive_.empty();
  take(interactive_, of_people, kGroupClosuresMax);
  take(background_, of_others, people_wait ? kGroupBackgroundMax : kGroupBackgroundAloneMax);
}

void WriteQueue::take_more(Group& group) {
  std::lock_guard lock(mutex_);
  fill_locked(group);
}

WriteQueue::Next WriteQueue::take(Group& group, const Idle& idle) {
  std::unique_lock lock(mutex_);
  const auto is_due = [&] { return is_closed_ || !interactive_.empty() || !background_.empty(); };
  const auto woken = wake_->wait(lock, is_due, is_due() ? std::nullopt : idle());
  if (woken == Signal::Woken::kTimeUp) return Next::kIdle;
  if (woken == Signal::Woken::kNotYet) return Next::kNothing;
  if (interactive_.empty() && background_.empty()) return Next::kEnd;
  fill_locked(group);
  return Next::kGroup;
}

void WriteQueue::give_back(Group& group, std::size_t count) {
  std::lock_guard lock(mutex_);
  while (group.size() > count) {
    lane_of(*group.back()).push_front(group.back());
    group.pop_back();
  }
}

void WriteQueue::answer(const Group& group) {
  // Answered and posted in one step: whoever destroys one of the coroutines meanwhile waits for the
  // lock, and then finds its post to withdraw.
  std::lock_guard lock(mutex_);
  Completions completions;
  for (auto* operation : group) {
    completions[&operation->waiter.executor()].push_back(operation->waiter.take_to_post());
  }
  for (auto& [executor, coroutines] : completions) executor->post_all(coroutines);
  answered_.notify_all();
}

}  // namespace synap::db

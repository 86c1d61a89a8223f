// WriteQueue: the closures that wait to be written, as groups: each is one transaction. Whoever
// writes takes a group, runs and commits it, and answers it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/world.h"
#include "db/database.h"

namespace synap::db {

/// The refusal of what comes after close(), and of what finds `waiting` others in its queue.
Error is_stopping();
Error too_many_wait(std::size_t waiting);

/// What closures want to be done when they are committed.
using Actions = std::vector<std::move_only_function<void()>>;
/// One that throws harms nobody: its commit is not undone.
void run_actions(Actions& actions);

/// Thread-safe.
class WriteQueue {
 public:
  using Operation = database_detail::Operation;
  using Group = std::vector<Operation*>;

  /// More of people or of workers than `waiting_max` do not wait: the next is refused.
  WriteQueue(World& world, std::size_t waiting_max)
      : waiting_max_(waiting_max), wake_(world.make_signal()) {}
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  /// The error if it is refused; then the operation stays its owner's.
  std::optional<Error> submit(Operation* operation);
  /// Takes it out of the queue, or waits until it is answered.
  void withdraw(Operation* operation);
  std::size_t waiting() const;
  /// What waits is still handed out; what comes later is refused.
  void close();

  enum class Next {
    kGroup,
    kIdle,     // nothing has come in the time that `idle` has told
    kNothing,  // look again
    kEnd,      // there will be none any more
  };
  using Idle = std::function<std::optional<std::chrono::milliseconds>()>;
  /// Waits for a group. `idle` is asked where nothing waits.
  Next take(Group& group, const Idle& idle);
  /// Adds what has come since, as far as a group may have it.
  void take_more(Group& group);
  /// What is behind the first `count` of a group waits again, before all others.
  void give_back(Group& group, std::size_t count);
  /// Each has its result, or its error.
  void answer(const Group& group);

 private:
  std::deque<Operation*>& lane_of(const Operation& operation);
  void fill_locked(Group& group);

  const std::size_t waiting_max_;  // in each lane
  mutable std::mutex mutex_;
  const std::unique_ptr<Signal> wake_;
  std::condition_variable answered_;
  std::deque<Operation*> interactive_;
  std::deque<Operation*> background_;
  bool is_closed_ = false;
};

}  // namespace synap::db

#include "db/readers.h"

#include "db/write_queue.h"

namespace synap::db {

Readers::~Readers() {
  close();
}

void Readers::start(std::vector<std::unique_ptr<Reader>> connections, Options options) {
  time_max_ = options.time_max;
  waiting_max_ = options.waiting_max;
  idle_before_rest_ = options.idle_before_rest;
  wake_ = options.world.make_signal();
  connections_ = std::move(connections);
  for (auto& connection : connections_) {
    threads_.push_back(options.world.start_thread(
        "db reader", ThreadPriority::kNormal, [this, &own = *connection] { return turn(own); }));
  }
}

std::optional<Error> Readers::submit(Operation* operation) {
  {
    std::lock_guard lock(mutex_);
    if (is_closed_) return is_stopping();
    if (queue_.size() >= waiting_max_) return too_many_wait(queue_.size());
    queue_.push_back(operation);
  }
  wake_->notify_one();
  return std::nullopt;
}

void Readers::withdraw(Operation* operation) {
  std::unique_lock lock(mutex_);
  if (std::erase(queue_, operation) > 0) return;
  answered_.wait(lock, [&] { return operation->waiter.is_posted(); });
}

std::size_t Readers::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

bool Readers::Hold::begin(std::chrono::milliseconds patience) {
  std::unique_lock lock(readers_.mutex_);
  const auto is_idle = [this] {
    return readers_.running_ == 0 && (readers_.is_held_ || readers_.queue_.empty());
  };
  // At the end nobody is held: what is queued must be answered, and then nobody reads.
  if (!readers_.is_closed_) readers_.is_held_ = has_begun_ = true;
  return readers_.idle_.wait_for(lock, patience, is_idle);
}

Readers::Hold::~Hold() {
  if (!has_begun_) return;
  {
    std::lock_guard lock(readers_.mutex_);
    readers_.is_held_ = false;
  }
  readers_.wake_->notify_all();
}

void Readers::close() {
  {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  if (wake_ != nullptr) wake_->notify_all();
  threads_.clear();
  connections_.clear();
}

// One read. False: there will be none any more.
bool Readers::turn(Reader& connection) {
  Operation* operation = nullptr;
  {
    std::unique_lock lock(mutex_);
    const auto woken = wake_->wait(
        lock, [this] { return !is_held_ && (is_closed_ || !queue_.empty()); },
        connection.is_rested() ? std::nullopt : std::optional(idle_before_rest_));
    if (woken == Signal::Woken::kNotYet) return true;
    if (woken == Signal::Woken::kTimeUp) {
      lock.unlock();
      connection.rest();
      rests_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    if (queue_.empty()) return false;
    operation = queue_.front();
    queue_.pop_front();
    ++running_;
  }
  connection.read(*operation, time_max_);
  std::lock_guard lock(mutex_);
  if (--running_ == 0) idle_.notify_all();
  // Under the lock: whoever destroys the coroutine finds it either not answered or posted.
  operation->waiter.wake();
  answered_.notify_all();
  return true;
}

}  // namespace synap::db

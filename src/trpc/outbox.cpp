#include "trpc/outbox.h"

#include <utility>

namespace synap::trpc {

Task<bool> Outbox::put(std::string text) {
  if (is_sealed_) co_return false;
  bytes_ += text.size();
  queue_.push_back(std::move(text));
  filled_.wake_one();
  // Each that waits has a message in the queue, and each message sent wakes one: none is forgotten.
  if (bytes_ > bytes_max_) co_await room_.wait();
  co_return !has_ended_;
}

void Outbox::seal() {
  is_sealed_ = true;
  filled_.wake_all();
}

Task<void> Outbox::drained() {
  while (!has_ended_) co_await ended_.wait();
}

Task<void> Outbox::run() {
  for (;;) {
    while (queue_.empty() && !is_sealed_) co_await filled_.wait();
    if (queue_.empty()) break;
    const std::string text = std::move(queue_.front());
    queue_.pop_front();
    using Then = net::WebSocket::Then;
    const bool sent = co_await socket_.write(text, queue_.empty() ? Then::kNothing : Then::kMore);
    bytes_ -= text.size();
    if (!sent) {
      queue_.clear();
      bytes_ = 0;
      is_sealed_ = true;
      // So that the read loop learns of it too.
      socket_.abort();
      break;
    }
    if (bytes_ <= bytes_max_) room_.wake_one();
  }
  has_ended_ = true;
  room_.wake_all();
  ended_.wake_all();
}

}  // namespace synap::trpc

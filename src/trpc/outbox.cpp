#include "trpc/outbox.h"

#include <utility>

namespace synap::trpc {

Task<bool> Outbox::put(std::string text) {
  if (is_sealed_) co_return false;
  bytes_ += text.size();
  queue_.push_back(std::move(text));
  filled_.wake_one();
  if (bytes_ > bytes_max_) co_await room_.wait();
  co_return !has_ended_;
}

Task<void> Outbox::room() {
  while (bytes_ > bytes_max_ && !has_ended_) co_await room_.wait();
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
    // One for each message that has gone, so that not all of them fill the queue again at once. The
    // last one wakes whoever is left: there need not be a message in the queue for each of them.
    if (queue_.empty()) {
      room_.wake_all();
    } else if (bytes_ <= bytes_max_) {
      room_.wake_one();
    }
  }
  has_ended_ = true;
  room_.wake_all();
  ended_.wake_all();
}

}  // namespace synap::trpc

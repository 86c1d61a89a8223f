#include "inngest/realtime/broadcaster.h"

#include <fmt/format.h>

#include "base/first_of.h"

namespace synap::inngest {

class Broadcaster::Listener {
 public:
  Listener(std::string user, std::vector<Topic> all)
      : user_id(std::move(user)), topics(all.begin(), all.end()) {}

  const std::string user_id;
  const std::set<Topic> topics;
  // Under the broadcaster's lock.
  std::deque<Message> queue;
  std::size_t queue_bytes = 0;
  std::int64_t taken_count = 0;
  std::int64_t said_count = 0;
  bool is_late = false;
  Watermark said;
};

Result<Broadcaster::ListenerPtr> Broadcaster::listen(std::string user_id,
                                                     std::vector<Topic> topics) {
  auto listener = std::make_shared<Listener>(std::move(user_id), std::move(topics));
  const std::lock_guard lock(mutex_);
  auto& count = count_of_[listener->user_id];
  if (count >= options_.listeners_of_user_max) {
    return fail(Code::kTooManyRequests,
                fmt::format("{} listen to your topics, and no more may", count));
  }
  ++count;
  for (const auto& topic : listener->topics) {
    listeners_[{listener->user_id, topic}].insert(listener);
  }
  return listener;
}

void Broadcaster::leave(const ListenerPtr& listener) {
  const std::lock_guard lock(mutex_);
  for (const auto& topic : listener->topics) {
    const auto known = listeners_.find({listener->user_id, topic});
    known->second.erase(listener);
    if (known->second.empty()) listeners_.erase(known);
  }
  if (--count_of_[listener->user_id] == 0) count_of_.erase(listener->user_id);
}

void Broadcaster::say(const std::string& user_id, const Topic& topic, std::string message) {
  const auto shared = std::make_shared<const std::string>(std::move(message));
  const std::lock_guard lock(mutex_);
  const auto known = listeners_.find({user_id, topic});
  if (known == listeners_.end()) return;
  for (const auto& listener : known->second) {
    if (listener->is_late) continue;
    if (listener->queue.size() >= options_.queue_messages_max ||
        listener->queue_bytes + shared->size() > options_.queue_bytes_max) {
      listener->is_late = true;
      listener->queue.clear();
    } else {
      listener->queue.push_back(shared);
      listener->queue_bytes += shared->size();
    }
    listener->said.raise(++listener->said_count);
  }
}

Broadcaster::Message Broadcaster::take(const ListenerPtr& listener) {
  const std::lock_guard lock(mutex_);
  if (listener->queue.empty()) return nullptr;
  auto message = std::move(listener->queue.front());
  listener->queue.pop_front();
  listener->queue_bytes -= message->size();
  ++listener->taken_count;
  return message;
}

bool Broadcaster::is_late(const ListenerPtr& listener) const {
  const std::lock_guard lock(mutex_);
  return listener->is_late;
}

Task<void> Broadcaster::wait(ListenerPtr listener, std::chrono::milliseconds most,
                             std::stop_token stop) {
  std::int64_t taken = 0;
  {
    const std::lock_guard lock(mutex_);
    taken = listener->taken_count;
  }
  co_await first_of(
      std::move(stop), [&](std::stop_token over) { return listener->said.wait_past(taken, over); },
      [&](std::stop_token over) { return options_.world.sleep_for(most, over); });
}

}  // namespace synap::inngest

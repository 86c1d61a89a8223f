// Broadcaster: who listens to which topics, and what is said to them. Nothing of it is kept: who is
// not there when it is said has missed it.
//
// Each listener has a queue of his own. One who does not read for so long that it is full is late,
// and is to be cut off: he holds up nobody else, and a gap that nobody sees would be worse.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "inngest/realtime/token.h"

namespace synap::inngest {

struct BroadcasterOptions {
  World& world = real_world();
  std::size_t listeners_of_user_max = 1'000;
  std::size_t queue_bytes_max = 4 << 20;
  std::size_t queue_messages_max = 1'000;
};

/// Any thread.
class Broadcaster {
 public:
  class Listener;
  using ListenerPtr = std::shared_ptr<Listener>;
  using Message = std::shared_ptr<const std::string>;  // JSON text

  explicit Broadcaster(BroadcasterOptions options) : options_(options) {}
  Broadcaster(const Broadcaster&) = delete;
  Broadcaster& operator=(const Broadcaster&) = delete;

  /// kTooManyRequests: the user has listeners_of_user_max.
  Result<ListenerPtr> listen(std::string user_id, std::vector<Topic> topics);
  void leave(const ListenerPtr& listener);
  /// To all of the user's who listen to `topic` now.
  void say(const std::string& user_id, const Topic& topic, std::string message);

  /// What was said next; null: nothing yet.
  Message take(const ListenerPtr& listener);
  bool is_late(const ListenerPtr& listener) const;
  /// Until there is something to take, or it is late, for `most`, or until `stop`.
  Task<void> wait(ListenerPtr listener, std::chrono::milliseconds most, std::stop_token stop);
  World& world() { return options_.world; }

 private:
  const BroadcasterOptions options_;
  mutable std::mutex mutex_;
  // By user and topic: what is said costs what listens to it.
  std::map<std::pair<std::string, Topic>, std::set<ListenerPtr>> listeners_;
  std::map<std::string, std::size_t> count_of_;  // of a user
};

}  // namespace synap::inngest

// Outbox: the one queue in which everything waits that is sent over a WebSocket, in the order in
// which it was put there. One coroutine (`run`) sends it, a message at a time.
//
// It is bounded by making senders wait, not by dropping: whoever is about to make a message waits
// for room first, and whoever has put one goes on when no more than `bytes_max` wait. So a
// connection holds at most that and what was being made at one time. A reader that takes nothing is
// not told that it is slow, since nothing can be told to it: the server's write timeout ends the
// connection.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/crew.h"
#include "base/task.h"
#include "net/http.h"

namespace synap::trpc {

class Outbox {
 public:
  Outbox(net::WebSocket& socket, std::size_t bytes_max) : socket_(socket), bytes_max_(bytes_max) {}

  /// Sends `text` behind all that was put before. False: nothing can be sent any more.
  Task<bool> put(std::string text);

  /// Until no more than `bytes_max` wait, or nothing can be sent any more.
  Task<void> room();
  /// Takes nothing more. What is in the queue is still sent.
  void seal();
  /// Until the queue is sealed and empty, or the connection is broken.
  Task<void> drained();
  /// Sends until then.
  Task<void> run();

 private:
  net::WebSocket& socket_;
  const std::size_t bytes_max_;
  std::deque<std::string> queue_;
  std::size_t bytes_ = 0;
  bool is_sealed_ = false;
  bool has_ended_ = false;
  Gate filled_;
  Gate room_;
  Gate ended_;
};

}  // namespace synap::trpc

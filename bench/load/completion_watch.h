#pragma once

#include <simdjson.h>

#include <functional>
#include <string>
#include <string_view>

#include "web_socket.h"

namespace synap::bench {

// The tRPC subscription events.watch {types: ["note.creation.completed"]} over one WebSocket.
class CompletionWatch {
 public:
  struct Completion {
    std::string_view request_id;    // Empty when the server leaves it out.
    std::string_view aggregate_id;  // The note.
    Nanoseconds at = 0;
  };
  using Listener = std::function<void(const Completion&)>;

  CompletionWatch(EventLoop& loop, const Address& address, std::string token, Listener listener);

  // Connects and returns when the server has said "started". Throws std::runtime_error when it does
  // not within `timeout`.
  void start(EventLoop& loop, Nanoseconds timeout);

  // Why completions can no longer arrive; empty while all is well.
  const std::string& failure() const { return failure_; }

 private:
  void on_open();
  void on_text(std::string_view text);
  void on_event(simdjson::dom::element event);

  std::string token_;
  Listener listener_;
  WebSocket socket_;
  simdjson::dom::parser parser_;
  bool is_started_ = false;
  std::string failure_;
};

}  // namespace synap::bench

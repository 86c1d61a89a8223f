// ChatProvider: stands for a provider of a language model, with the wire of chat completions. Each
// answer is so many tokens at a steady pace, and each token says its number and when it was sent:
// "17:81023456789 ", ns of the monotonic clock.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../load/event_loop.h"

namespace synap::bench {

struct ChatPlan {
  int chats = 1'000;
  int tokens_per_second = 5;
  int seconds = 60;
  /// What goes wrong in every tenth answer, to see that it shows: a token that is not sent, or two
  /// that change places.
  enum class Fault : std::uint8_t { kNone, kLoss, kSwap } fault = Fault::kNone;

  int tokens() const { return tokens_per_second * seconds; }
  Nanoseconds pause() const { return kNanosecondsPerSecond / tokens_per_second; }
};

/// What a message has to have in it, so that the provider knows whose it is.
std::string mark_of(int chat);

/// Has a thread of its own, which is all of the provider there is.
class ChatProvider {
 public:
  /// Listens on a port of 127.0.0.1. Throws std::system_error.
  ChatProvider(std::uint16_t port, const ChatPlan& plan);
  ~ChatProvider();
  ChatProvider(const ChatProvider&) = delete;
  ChatProvider& operator=(const ChatProvider&) = delete;

  /// When a chat has asked; 0: not yet. Any thread.
  Nanoseconds asked_at(int chat) const { return asked_at_.at(static_cast<std::size_t>(chat)); }
  int asked() const { return asked_; }
  /// Of the provider's thread.
  double processor_seconds() const { return processor_ns_ / 1e9; }

 private:
  struct Connection {
    int descriptor = -1;
    std::string received;
    std::string unsent;
    int chat = -1;
    int next_token = 0;
    bool is_to_close = false;
  };
  struct Due {
    Nanoseconds at;
    int descriptor;
  };

  void run();
  void accept_all();
  void read(Connection& connection);
  void begin(Connection& connection);
  Nanoseconds send_what_is_due();
  void send_token(Connection& connection);
  void send(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  void close_now(int descriptor);

  const ChatPlan plan_;
  int epoll_ = -1;
  int listener_ = -1;
  std::map<int, Connection> connections_;
  std::deque<Due> due_;  // in the order of their times, since all pauses are the same
  std::vector<std::atomic<Nanoseconds>> asked_at_;
  std::atomic<int> asked_{0};
  std::atomic<double> processor_ns_{0};
  std::atomic<bool> is_to_end_{false};
  std::thread thread_;
};

}  // namespace synap::bench

// ChatClients: people who send a message each to a pod and watch its answer, over one connection
// each. Some of them read nothing while the others do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../load/address.h"
#include "../load/latencies.h"
#include "chat_provider.h"
#include "event_reader.h"

namespace synap::bench {

struct ClientOptions {
  Address address;
  std::vector<std::string> keys;  // chat i is by the i-th of them, and then from the first again
  int chats = 1'000;
  int stalled_per_cent = 10;
  int sent_per_second = 50;  // until all are sent
  std::size_t message_bytes = 8 * 1'024;
  int tokens = 300;
};

/// One thread uses it, which is all of the clients there is.
class ChatClients {
 public:
  ChatClients(const ClientOptions& options, const ChatProvider& provider);
  ~ChatClients();
  ChatClients(const ChatClients&) = delete;
  ChatClients& operator=(const ChatClients&) = delete;

  /// Until the answers of all who read are whole, or so long; `look` is called now and then.
  void watch(Nanoseconds at_most, const std::function<void()>& look);
  /// Those who have read nothing read now, until all is there.
  void let_stalled_read(Nanoseconds at_most);

  struct Report {
    int kept_up = 0;     // chats of those who read
    int whole = 0;       // of which each token came once, in its place
    int failed = 0;      // runs and streams that did not end as they should, of all chats
    int stalled = 0;     // chats of those who did not
    int all_states = 0;  // chats whose checkpoints were all told, in their order, before the end
    int late_whole = 0;  // of which each token was there when they read after all
    std::int64_t lost = 0;
    std::int64_t reordered = 0;
    std::int64_t repeated = 0;
  };
  Report report() const;
  Latencies& token_times() { return token_times_; }    // from the provider's call to the client's
  Latencies& commit_times() { return commit_times_; }  // from the request to its answer
  /// From there until the provider was asked.
  Latencies begin_times() const;
  Latencies& search_times() { return search_times_; }

 private:
  struct Chat {
    int number = 0;
    int descriptor = -1;
    bool is_stalled = false;
    std::string answer;  // of chat.send, while it comes
    EventReader events;
    bool is_watching = false;
    bool has_ended = false;
    bool is_completed = false;
    Nanoseconds sent_at = 0;
    Nanoseconds answered_at = 0;
    std::vector<bool> seen;
    int next = 0;
    int states = 0;
    std::int64_t reordered = 0;
    std::int64_t repeated = 0;
  };

  const std::string& key_of(int chat) const {
    return options_.keys[static_cast<std::size_t>(chat) % options_.keys.size()];
  }
  void send_next();
  void read(Chat& chat);
  void read_answer(Chat& chat, std::string_view bytes);
  void hear(Chat& chat, std::string_view data);
  void hear_token(Chat& chat, std::string_view token, Nanoseconds time);
  void end(Chat& chat);
  void search();
  void read_search();
  void close_search();
  void wait(Nanoseconds until);
  bool are_whole(bool stalled) const;
  void listen_to(int descriptor, std::uint64_t what);

  const ClientOptions options_;
  const ChatProvider& provider_;
  const std::string message_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Chat>> chats_;
  int searching_ = -1;
  std::string search_answer_;
  Nanoseconds searched_at_ = 0;
  bool is_searching_ = false;
  Latencies token_times_;
  Latencies commit_times_;
  Latencies search_times_;
};

/// Words that notes and messages are made of, so that a search for some finds others.
std::string words(std::size_t bytes, std::uint32_t seed);

}  // namespace synap::bench

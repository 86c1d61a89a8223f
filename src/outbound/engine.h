// Engine: the thread that does a client's transfers, by one multi handle of libcurl. Private to the
// room.
//
// The thread waits by epoll, and tells libcurl which socket is ready (its multi_socket interface):
// what it does then is for that transfer, however many others are open. With curl_multi_perform()
// each answer was a walk through all handles and all sockets.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "outbound/transfer.h"

namespace synap::outbound {

/// Shared by the client and all that awaits it, so that a coroutine that outlives the client may
/// still sign off.
class Engine {
 public:
  explicit Engine(Setup setup);
  ~Engine();
  const Policy& policy() const { return setup_.policy; }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Any thread. None of them waits for the transfers.

  /// The outcome comes to the transfer's mailbox, whatever happens.
  void submit(std::shared_ptr<Transfer> transfer);
  /// Ends it with this error if it has not ended yet.
  void cancel(std::shared_ptr<Transfer> transfer, Error error);
  /// Its mailbox was full and has room again.
  void resume(std::shared_ptr<Transfer> transfer);

  /// Ends all transfers and the thread. Not on a thread of the engine.
  void stop();

 private:
  struct Command {
    enum class Kind : std::uint8_t { kSubmit, kCancel, kResume };
    Kind kind;
    std::shared_ptr<Transfer> transfer;
    Error error;  // of kCancel
  };
  bool give(Command command);
  void wake();

  // What libcurl asks for: that a socket be watched, and that it be called again in so many ms.
  static int watch_socket(CURL* handle, curl_socket_t socket, int what, void* engine, void* known);
  static int set_timer(CURLM* multi, long wait_ms, void* engine);

  // The thread:
  void run();
  void act(curl_socket_t socket, int ready);
  void act_if_due();
  void wait_for_sockets();
  bool take_commands();
  // Those to one origin. It stays where it is made, while it has any.
  struct Origin {
    std::deque<Transfer*> waiting;
    std::size_t running = 0;
    bool is_in_ring = false;
  };

  void obey(Command& command);
  void wait_or_refuse(std::shared_ptr<Transfer> transfer);
  void start_waiting();
  void see_to(Origin& origin);
  void forget_if_idle(const std::string& name, Origin& origin);
  void start_hop(Transfer& transfer);
  void end_performed();
  void end_overdue();
  void end(Transfer& transfer, Result<> outcome);
  int milliseconds_to_wait() const;

  const Setup setup_;
  const int poll_;    // epoll's
  const int wakeup_;  // an eventfd in it
  CURLM* const multi_;

  std::mutex mutex_;
  std::vector<Command> commands_;
  bool is_stopping_ = false;

  // Of the thread only:
  std::optional<SteadyClock::time_point> due_;  // when libcurl wants to be called
  std::unordered_map<Transfer*, std::shared_ptr<Transfer>> all_;
  std::unordered_map<std::string, Origin> origins_;
  std::deque<Origin*> ring_;  // with some that wait, and room for one
  std::size_t waiting_ = 0;
  std::uint64_t waiting_bytes_ = 0;
  std::size_t running_ = 0;
  std::uint64_t running_bytes_ = 0;
  std::set<std::pair<SteadyClock::time_point, Transfer*>> deadlines_;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace synap::outbound

// Messages: short texts that sessions of one database tell each other (NOTIFY). Whoever does not
// listen at the time does not hear one: nothing is kept. A thread and a connection.
//
// Not through a pooler of transactions, behind which nobody can listen.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"

struct pg_conn;

namespace synap::db::postgres {

class Messages {
 public:
  /// Of one message: PostgreSQL takes less than 8,000.
  static constexpr std::size_t kBytesMax = 7'999;
  /// Of those that wait to be sent.
  static constexpr std::size_t kWaitingBytesMax = 4 * 1024 * 1024;

  struct Options {
    World& world = real_world();
    std::string url;                    // of the database
    std::vector<std::string> channels;  // that it listens to: names of SQL
    /// On a thread of its own: what others have sent.
    std::function<void(std::string_view message)> hear;
  };
  explicit Messages(Options options);
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  ~Messages();

  /// False: there is no connection now, or too much waits. True is no promise. Does not block; any
  /// thread.
  bool send(std::string channel, std::string message);

 private:
  struct Message {
    std::string channel;
    std::string text;
  };
  bool turn();
  bool connect();
  bool execute(const std::string& sql);
  void send_waiting();
  void hear_all();

  const Options options_;
  const int wake_;  // an eventfd
  std::atomic<bool> is_closing_{false};
  std::atomic<bool> is_connected_{false};
  std::mutex mutex_;
  std::vector<Message> waiting_;
  std::size_t waiting_bytes_ = 0;
  pg_conn* handle_ = nullptr;  // the thread's own
  std::unique_ptr<WorldThread> thread_;
};

}  // namespace synap::db::postgres

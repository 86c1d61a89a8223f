// WatchedNumber: a number in the database that any node may raise, and that every node wants to
// know of soon. Whoever has raised it tells the others (NOTIFY), after the commit and once for many
// raises; whoever was not told looks by itself, now and then, or hears of it from somebody who
// does. A thread and a connection.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/world.h"

struct pg_conn;

namespace synap::db::postgres {

class WatchedNumber {
 public:
  struct Options {
    World& world = real_world();
    std::string url;       // of the database
    std::string channel;   // of NOTIFY
    std::string question;  // SQL that answers one number
    /// Nothing: it is left to somebody else to look where nothing was told, and to check() then.
    std::optional<std::chrono::milliseconds> look_every{1'000};
    /// Nobody can be told of anything behind a pooler of transactions: the number is looked at.
    bool is_pooled = false;
    /// On the watching thread, with what the number is now.
    std::function<void(std::int64_t)> is_now;
    /// The same, behind that, when others have told of something; empty: it does not matter.
    std::function<void()> others_have_told = {};
  };
  explicit WatchedNumber(Options options);
  WatchedNumber(const WatchedNumber&) = delete;
  WatchedNumber& operator=(const WatchedNumber&) = delete;
  ~WatchedNumber();

  /// The number was raised by this node, in a transaction that is committed. Any thread.
  void tell();
  /// Somebody has found it raised, and nothing told of it here: looks, so that a connection that
  /// is dead is found to be. Any thread.
  void check();

 private:
  void wake(std::uint64_t why);
  bool turn();
  bool connect();
  bool execute(const std::string& sql);
  bool look();
  bool has_heard();

  const Options options_;
  const int wake_;  // an eventfd
  std::atomic<bool> is_closing_{false};
  pg_conn* handle_ = nullptr;  // the thread's own
  std::int64_t seen_ = -1;
  SteadyClock::time_point looked_at_{};  // by the machine's clock
  std::unique_ptr<WorldThread> thread_;
};

}  // namespace synap::db::postgres

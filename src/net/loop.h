// Loop: one thread of the server, its asio::io_context and the connections that live on it. It is
// the Executor of everything that runs for those connections. Private to the room: the only
// header, with connection.h, that shows asio.
//
// Unless it says "any thread", a method is called on the loop's own thread.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/background.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "net/http.h"
#include "net/server.h"

namespace synap::net {

using SteadyTime = std::chrono::steady_clock::time_point;
inline constexpr SteadyTime kNever = SteadyTime::max();
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// The bytes that the kernel has taken from us and the peer has not yet acknowledged. The only sure
/// sign that a slow peer reads: a socket counts as writable again only when a third of a buffer of
/// megabytes is free, which can take minutes.
int unacknowledged_bytes(Socket& socket);

/// What the loops of a server have in common. Thread-safe.
struct Shared {
  const ServerOptions options;
  Handler& handler;
  Budget budget;

  /// Counts the connections of all loops, from accept to the end of their object, and with them
  /// their WebSockets, whose pending operations can outlive the connection by a moment.
  void connection_opened();
  void connection_closed();
  void websocket_opened();
  void websocket_closed();
  void count_response(int status) { responses_[static_cast<std::size_t>(status) / 100 % 6].add(); }
  void count_accept_failure() { accept_failures_.add(); }
  ServerStatistics statistics() const;
  std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
  void count_stranger(int change) {
    strangers_.fetch_add(static_cast<std::size_t>(change), std::memory_order_relaxed);
  }
  /// Whether a newcomer would be one too many, of all or of strangers; he is counted already.
  bool is_full() const { return connections() > options.connections_max; }
  bool is_full_of_strangers() const {
    const auto kept = options.connections_kept.value_or(options.connections_max / 4);
    return strangers_.load(std::memory_order_relaxed) + kept >= options.connections_max;
  }
  /// Waits until nothing is left. False: the time is over and something is.
  bool wait_for_none(std::chrono::milliseconds limit);

 private:
  void end_one();

  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> strangers_{0};
  std::atomic<std::size_t> alive_{0};
  std::array<Counter, 6> responses_;
  Counter accept_failures_;
  std::mutex mutex_;
  std::condition_variable none_;

 public:
  Shared(ServerOptions server_options, Handler& server_handler)
      : options(std::move(server_options)), handler(server_handler), budget(options.bytes) {}
};

class Loop;

/// Something on a loop whose time can run out: an HTTP connection or a WebSocket. In the loop's
/// register for as long as it exists.
class Guest {
 public:
  explicit Guest(Loop& loop);
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  virtual ~Guest();

  /// Called every now and then, from no other guest's coroutine: ends waits that are over.
  virtual void sweep(SteadyTime now) = 0;
  /// The server is stopping: end if idle, tell handlers of endless answers.
  virtual void begin_stop() = 0;
  /// The grace is over: close the socket and end every wait.
  virtual void force() = 0;
  /// Whether it is at work for a client, and must not be asked to make room.
  virtual bool is_at_work() const = 0;

 private:
  friend class Loop;
  Loop& loop_;
  std::size_t place_;
};

/// A connection's place among those of strangers, from its accept until its caller is known.
class StrangerPlace {
 public:
  /// `guest` is whom to ask for the place.
  StrangerPlace(Loop& loop, Guest& guest);
  StrangerPlace(const StrangerPlace&) = delete;
  StrangerPlace& operator=(const StrangerPlace&) = delete;
  ~StrangerPlace() { set_known(true); }

  /// A caller who was known may be followed by one who is not: then it is the newest of strangers.
  void set_known(bool is_known);
  bool is_known() const { return !place_; }
  /// From now on another guest stands for the connection.
  void hand_over(Guest& guest) { guest_ = &guest; }
  Guest& guest() const { return *guest_; }

 private:
  Loop& loop_;
  Guest* guest_;
  std::optional<std::list<StrangerPlace*>::iterator> place_;
};

class Loop final : public Executor {
 public:
  Loop(Shared& shared, int number);
  ~Loop() override;

  // Any thread.
  /// Takes over an accepted socket. Where there are too many, it makes room for it or has `next`
  /// do so, and so on, `tries` times; then it is refused.
  void adopt(int fd, std::string peer, std::size_t tries);
  /// The system has no more sockets: a stranger who waits gives up his.
  void give_way();
  void begin_stop();
  void force();
  /// Before the first adopt().
  void set_next(Loop& next) { next_ = &next; }
  /// Ends the thread, when nothing lives on the loop any more.
  void join();

  bool is_stopping() const { return stopping_; }
  SteadyTime now() { return options().world.now(); }
  Shared& shared() { return shared_; }
  const ServerOptions& options() const { return shared_.options; }
  Handler& handler() { return shared_.handler; }
  Budget& budget() { return shared_.budget; }
  boost::asio::io_context& io() { return io_; }
  /// The value of a Date header, made once a second.
  std::string_view date();
  /// Where sockets are read into: one for all, since each read is copied out at once.
  std::vector<char>& scratch() { return scratch_; }

 private:
  friend class Guest;
  void wake() override;
  friend class StrangerPlace;
  bool make_room();
  void run(int number);
  void keep_sweeping();
  Task<void> sweep();
  template <class Visit>
  void each_guest(Visit visit);

  Shared& shared_;
  std::chrono::milliseconds sweep_interval_;
  // Before io_: what io_ still holds when it goes signs off here.
  std::vector<Guest*> guests_;
  std::list<StrangerPlace*> strangers_;  // in the order in which they came
  Loop* next_ = nullptr;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  bool is_sweeping_ = false;
  bool stopping_ = false;
  std::vector<char> scratch_;
  std::int64_t date_second_ = -1;
  std::string date_;
  Background background_{*this};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace synap::net

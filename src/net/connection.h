// Connection: one client's TCP connection, from accept to close. Private to the room.
//
// One coroutine, run(), receives a request, has it served, sends the answer, and begins again. A
// read stays outstanding on the socket all the while, because that is the only way to learn that
// a client has left while its answer is being made; what it brings then belongs to the next
// request and is kept, up to a limit beyond which the socket is simply not read.
//
// The object lives as long as run() or an operation on the socket. All of it is on its loop's
// thread. A waiting coroutine is resumed only by the loop (a socket's readiness, a sweep, a stop),
// never from inside another coroutine's call.
//
// Its sources: connection.cpp receives requests, connection_answers.cpp answers them,
// connection_socket.cpp moves the bytes, and connection_waits.h is where the first two wait for it.
#pragma once

#include <sys/uio.h>

#include <array>
#include <coroutine>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/task.h"
#include "net/budget.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/request_parser.h"

namespace synap::net {

/// Serves the accepted socket `fd` on `loop`, or refuses it with a 503.
void serve_socket(Loop& loop, int fd, std::string peer, bool is_refused);

class Connection final : public Guest, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Socket socket, std::string peer);
  ~Connection() override;

  static Task<> run(std::shared_ptr<Connection> self, bool is_refused);

  void sweep(SteadyTime now) override;
  void begin_stop() override;
  void force() override;
  bool is_at_work() const override;

 private:
  enum class Phase : std::uint8_t {
    kIdle,       // no byte of the next request is here
    kReceiving,  // its head or body is on the way
    kServing,    // the handler is at work, or a plain answer is being sent
    kStreaming,  // a streamed answer is being sent: it may be endless
    kLingering,  // all is said; the client is given time to read it
  };
  class More;
  class Send;
  class Body;
  friend class Body;

  Task<bool> exchange();
  Task<bool> receive_head();
  Task<bool> receive_body(const Admission& admission);
  void hand_on(const Admission& admission);
  Task<bool> answer_from_head(Response response);
  Task<bool> parse();
  Task<bool> has_more();
  Task<bool> has_room_for_chunks();
  Task<bool> has_room(std::size_t bytes);
  Task<bool> answer(const Request& request, Response response);
  Task<bool> stream(const Request& request, Response& response);
  Task<bool> upgrade();
  Task<> refuse(Error error, int status);
  Task<> end();
  Task<> linger();

  /// Awaitable: until there are new bytes (true), or will be none (false).
  More more();
  /// Awaitable: until the socket has taken all (true) or cannot (false).
  Send send(std::string_view first, std::string_view second = {}, std::string_view third = {});

  void note_received();
  void keep_reading();
  void on_readable();
  void on_writable();
  bool send_some();
  void wait_writable();
  void renew_write_deadline(SteadyTime now);
  void break_off();
  void wake(std::coroutine_handle<>& waiting);
  void wake_reader();
  std::string_view unread() const { return std::string_view(in_).substr(in_taken_); }
  void take(std::size_t count);
  bool keeps_alive() const;
  bool is_over() const { return is_eof_ || is_broken_ || is_late_; }

  Loop& loop_;
  Socket socket_;
  std::string peer_;
  StrangerPlace place_;
  RequestParser parser_;
  std::stop_source gone_;
  Phase phase_ = Phase::kIdle;

  std::string in_;
  std::size_t in_taken_ = 0;
  std::size_t in_max_ = 0;           // of what is not taken yet; beyond, the socket is not read
  Budget::Grant grant_;              // of the request's bytes
  Budget::Wait* waiting_ = nullptr;  // for more of them
  std::size_t drained_ = 0;
  bool is_reading_ = false;  // a wait for readability is outstanding
  bool is_fresh_ = false;    // bytes came since somebody last looked
  bool is_eof_ = false;
  bool is_broken_ = false;
  bool is_late_ = false;
  bool must_close_ = false;  // a body is on its way that nobody will read
  SteadyTime read_deadline_ = kNever;
  std::coroutine_handle<> reader_;

  std::string head_;
  std::array<iovec, 3> out_{};
  SteadyTime write_deadline_ = kNever;
  int unacknowledged_ = 0;  // at the start of the present write_deadline_
  std::coroutine_handle<> writer_;
};

}  // namespace synap::net

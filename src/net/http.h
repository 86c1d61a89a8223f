// HTTP/1.1 as plain values: what a handler is given and what it gives back. No word of sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "net/budget.h"

namespace synap::net {

struct Header {
  std::string name;
  std::string value;
};

/// Header fields in their order. Names are compared without regard to case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  /// The first value of this name, or nullptr.
  const std::string* find(std::string_view name) const;
  void add(std::string name, std::string value);
  /// Replaces every field of this name by one.
  void set(std::string name, std::string value);
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Header> fields_;
};

struct Request {
  std::string method;  // "GET"
  std::string target;  // as sent: path and query
  std::string path;    // target up to '?', still percent-encoded
  std::string query;   // target behind '?', still percent-encoded; empty if there is none
  Headers headers;
  std::string body;
  std::string peer;  // "127.0.0.1"
  /// Asked to stop when the client has gone away or the server is shutting down (HttpServer::stop
  /// says when). A client that closes its side of the connection counts as gone. A WebSocket's is
  /// noticed by a pending read().
  std::stop_token gone;
  /// Admission::caller, which admit() gave.
  std::shared_ptr<const void> caller = {};
};

/// Where a streamed response body is written. Owned by the server.
class BodyWriter {
 public:
  BodyWriter() = default;
  BodyWriter(const BodyWriter&) = delete;
  BodyWriter& operator=(const BodyWriter&) = delete;
  virtual ~BodyWriter() = default;
  /// Sends one chunk at once and returns when the socket has taken it. False: the client is gone,
  /// or has not read for longer than the limit; nothing more can be sent.
  virtual Task<bool> write(std::string_view chunk) = 0;
};

/// The bytes of a response: its own, or some that are there for as long as the program, as a page
/// that is compiled in, which are not copied for each request.
class ResponseBody {
 public:
  ResponseBody() = default;
  ResponseBody(std::string bytes) : own_(std::move(bytes)) {}
  ResponseBody(const char* text) : own_(text) {}
  static ResponseBody of_static(std::string_view bytes) {
    ResponseBody body;
    body.static_ = bytes;
    return body;
  }

  std::string_view view() const { return static_.empty() ? std::string_view(own_) : static_; }
  operator std::string_view() const { return view(); }
  std::size_t size() const { return view().size(); }

 private:
  std::string own_;
  std::string_view static_;
};

struct Response {
  int status = 200;
  Headers headers;  // content-length, transfer-encoding, date and connection are the server's
  ResponseBody body;
  /// If set, `body` is ignored: the head is sent, then this writes the body, chunked.
  std::move_only_function<Task<void>(BodyWriter&)> stream = nullptr;
};

/// "Not Found"; empty for a status that has no name here.
std::string_view reason_phrase(int status);
/// After how many seconds a client may try again what was answered with this status: refused for
/// lack of room or of a disk, or because it asked too often. Empty if that would not help.
std::string_view retry_after_seconds(int status);

/// One side of an open WebSocket. The server owns it; all calls come from its executor.
class WebSocket {
 public:
  struct Message {
    bool is_text = true;
    std::string data;
    /// Of its bytes: to be kept for as long as what comes of them is.
    Budget::Grant grant = {};
  };

  WebSocket() = default;
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;
  virtual ~WebSocket() = default;

  /// Says on whose account the messages are from now on. Until then this is a stranger, whose
  /// messages are small and whose connection ends after ServerOptions::stranger_timeout.
  virtual void know(std::string account) = 0;
  /// How large a message of a stranger may be, before the first read(): where more is needed to
  /// say who one is.
  virtual void let_strangers_send(std::size_t bytes_max) = 0;
  /// The next whole message; nothing once the connection is closed or broken. One read at a time,
  /// beside a write. Pings, closes and the peer's silence are only dealt with while a read is
  /// pending: keep one pending.
  virtual Task<std::optional<Message>> read() = 0;
  /// Whether another message is there to be written at once: then this one may be kept back until
  /// the next, so that many small ones go out in few packets.
  enum class Then : std::uint8_t { kNothing, kMore };
  /// Sends one text message and returns when the socket has taken it. One write at a time.
  /// False: the peer is gone or has not read for longer than the limit.
  virtual Task<bool> write(std::string_view text, Then then) = 0;
  /// The same with one binary message.
  virtual Task<bool> write_binary(std::string_view bytes) = 0;
  /// Sends a close frame (RFC 6455 7.4; 1005 sends none of its own) and ends the connection. A
  /// pending read() yields nothing.
  virtual Task<void> close(std::uint16_t code, std::string_view reason) = 0;
  /// Ends the connection at once, without a word. Safe while a write is pending.
  virtual void abort() = 0;
};

/// What a handler says to the head of a request, before any byte of its body is read.
struct Admission {
  /// The answer, where the head alone is enough for one: a refusal most often. A body that has
  /// arrived with it is passed over; one that is still to come ends the connection.
  std::optional<Response> answer;
  /// On whose account its bytes are (budget.h); empty: nobody knows who it is.
  std::string account = {};
  /// What the handler found out about who asks, for its serve() alone.
  std::shared_ptr<const void> caller = {};
  /// How large a body may be here, if that is less than the server allows.
  std::size_t body_bytes_max = std::numeric_limits<std::size_t>::max();
  /// Is handed the body as it comes, and serve() then has none. It may take its time: until the
  /// next piece there may pass so much.
  std::function<void(std::string_view piece)> take_piece = nullptr;
  std::chrono::milliseconds piece_timeout{30'000};
};

/// What a server serves. Called on the executor of the connection, concurrently from several.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  /// Asked once about every request but upgrades; its body is empty then. Without an answer of its
  /// own it admits everybody, on one account.
  virtual Task<Admission> admit(const Request& head);
  /// Answers a request that was admitted.
  virtual Task<Response> serve(const Request& request) = 0;
  /// Asked before a WebSocket upgrade is accepted; a response refuses it.
  virtual std::optional<Response> refuse_upgrade(const Request& request) = 0;
  /// Which of the subprotocols that an accepted upgrade offers is spoken (RFC 6455 4.2.2); empty:
  /// none.
  virtual std::string websocket_protocol(const Request& request);
  /// Runs a WebSocket; when it returns, the connection is closed.
  virtual Task<void> serve_websocket(const Request& request, WebSocket& socket) = 0;
  /// The response to something that is not a request at all (malformed, too large, too slow): the
  /// server asks for it so that even this refusal has the protocol's own shape.
  virtual Response refusal(const Error& error) = 0;
  /// The same where something of the head was read, its request line at least: so that a handler
  /// that serves several protocols knows which of them was meant. The others need not look at it.
  virtual Response refusal_to(const Request& head, const Error& error);
};

}  // namespace synap::net

#include "net/websocket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "net/ascii.h"

namespace synap::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

// How long a peer may take to answer our close frame, and to end the connection after that.
constexpr std::chrono::milliseconds kClosingTime{5'000};

// What each connection may hold of a message without being on anybody's account.
constexpr std::size_t kFreeBytes = 4 * 1024;

// Enough to say who one is, and to ask for what needs no caller.
constexpr std::size_t kStrangersMessageBytesMax = 16 * 1024;

// RFC 6455 7.4.1 and its registry: "Policy Violation", "Try Again Later".
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kTryAgainLater = 1013;

// The longest reason that a close frame can carry (RFC 6455 5.5: 125 bytes with the code).
constexpr std::size_t kReasonBytesMax = 123;

// A socket that counts how often it is asked to move bytes. Beast asks again only when it has got
// what it asked for before, so a count that changes is a peer that is alive: a message of many
// megabytes on a slow line is not mistaken for silence.
class Wire : public Socket {
 public:
  explicit Wire(Socket socket) : Socket(std::move(socket)) {}

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    ++reads;
    return Socket::async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    ++writes;
    return Socket::async_write_some(buffers, std::forward<Handler>(handler));
  }

  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  // Close frames went both ways: nothing more will come, so nobody need wait for it.
  bool is_agreed = false;
};

// Beast finds these by their argument. Its own async_teardown reads on until the peer ends its
// side: right after a violation, where a close with bytes unread would be a reset that can take
// our close frame with it, but a needless wait after a proper goodbye.
[[maybe_unused]] void teardown(beast::role_type role, Wire& wire, error_code& ec) {
  websocket::teardown(role, static_cast<Socket&>(wire), ec);
}
template <class Handler>
void async_teardown(beast::role_type role, Wire& wire, Handler&& handler) {
  if (wire.is_agreed) {
    error_code ec;
    wire.shutdown(Socket::shutdown_send, ec);
    wire.close(ec);
    asio::post(wire.get_executor(),
               beast::bind_front_handler(std::forward<Handler>(handler), error_code{}));
    return;
  }
  websocket::async_teardown(role, static_cast<Socket&>(wire), std::forward<Handler>(handler));
}

// One accepted WebSocket. A wait for the peer is always bounded: a write by write_timeout without
// progress, silence by a ping and then the same time again, our own close by kClosingTime.
// The message that is being read. Not in the coroutine that reads it: what the system was asked to
// read goes on when that is destroyed, until the socket is closed.
struct Incoming {
  std::string data;
  asio::dynamic_string_buffer<char, std::char_traits<char>, std::allocator<char>> buffer{data};
};

class Session final : public WebSocket, public Guest, public std::enable_shared_from_this<Session> {
 public:
  Session(Loop& loop, Socket socket, std::stop_source gone, StrangerPlace& place)
      : Guest(loop),
        loop_(loop),
        stream_(Wire(std::move(socket))),
        gone_(std::move(gone)),
        place_(&place),
        stranger_deadline_(loop.now() + loop.options().stranger_timeout) {
    place.set_known(false);
    place.hand_over(*this);
    loop_.shared().websocket_opened();
    stream_.set_option(websocket::stream_base::timeout{loop.options().head_timeout,
                                                       websocket::stream_base::none(), false});
    stream_.read_message_max(kStrangersMessageBytesMax);
    stream_.auto_fragment(false);
    stream_.control_callback([this](websocket::frame_type type, beast::string_view) {
      heard();
      if (type == websocket::frame_type::close) wire().is_agreed = true;
    });
  }

  ~Session() override { loop_.shared().websocket_closed(); }

  // Only what the answer depends on is passed on: Beast throws at a field of 64 KiB.
  Task<bool> accept(const Request& request) {
    http::request<http::empty_body> handshake(http::verb::get, "/", 11);
    handshake.set(http::field::host, "synap");
    handshake.set(http::field::connection, "upgrade");
    handshake.set(http::field::upgrade, "websocket");
    handshake.set(http::field::sec_websocket_version, "13");
    handshake.set(http::field::sec_websocket_key,
                  trimmed(*request.headers.find("sec-websocket-key")));
    if (auto protocol = loop_.handler().websocket_protocol(request); !protocol.empty()) {
      stream_.set_option(websocket::stream_base::decorator(
          [protocol = std::move(protocol)](websocket::response_type& answer) {
            answer.set(http::field::sec_websocket_protocol, protocol);
          }));
    }
    const auto ec = co_await start(
        kAccept, [&](auto handler) { stream_.async_accept(handshake, std::move(handler)); });
    stream_.set_option(
        websocket::stream_base::timeout{kClosingTime, websocket::stream_base::none(), false});
    heard();
    if (ec) lose();
    if (loop_.is_stopping()) gone_.request_stop();
    co_return !ec;
  }

  void know(std::string account) override {
    account_ = std::move(account);
    stranger_deadline_ = kNever;
    place_->set_known(true);
    stream_.read_message_max(loop_.options().websocket_message_bytes_max);
  }

  void let_strangers_send(std::size_t bytes_max) override { stream_.read_message_max(bytes_max); }

  // A message is read piece by piece, each of them no larger than there is room for.
  Task<std::optional<Message>> read() override {
    SYNAP_CHECK(!is_under_way(kRead) && room_wait_ == nullptr, "one read at a time");
    // One that was cut off may still be writing there.
    if (!is_usable()) {
      lose();
      co_return std::nullopt;
    }
    heard();
    incoming_.emplace();
    std::string& data = incoming_->data;
    Budget::Grant grant(loop_.budget(), account_);
    do {
      const auto room = std::max(grant.bytes(), kFreeBytes);
      if (data.size() == room) {
        if (!co_await has_room(grant, 2 * room - grant.bytes())) co_return std::nullopt;
        data.reserve(grant.bytes());
      } else if (!co_await read_some(incoming_->buffer, room - data.size())) {
        co_return std::nullopt;
      }
    } while (!stream_.is_message_done());
    heard();
    grant.shrink(data.size());
    if (!co_await has_room(grant, data.size() - grant.bytes())) co_return std::nullopt;
    co_return Message{stream_.got_text(), std::move(data), std::move(grant)};
  }

  Task<bool> write(std::string_view text, Then then) override {
    if (then == Then::kMore) keep_back(true);
    const bool is_sent = co_await send(text, false);
    if (then == Then::kNothing) keep_back(false);
    co_return is_sent;
  }

  Task<bool> write_binary(std::string_view bytes) override { return send(bytes, true); }

  Task<> close(std::uint16_t code, std::string_view reason) override {
    if (is_closing_ || !is_usable()) co_return;
    is_closing_ = true;
    keep_back(false);
    wire().is_agreed = true;               // by the time it is torn down
    websocket::close_reason close_reason;  // code "none", 1005: an empty frame
    if (code != 1005) {
      close_reason.code = code;
      reason = reason.substr(0, valid_utf8_prefix(reason.substr(0, kReasonBytesMax)));
      close_reason.reason.assign(reason.data(), reason.size());
    }
    co_await start(kClose,
                   [&](auto handler) { stream_.async_close(close_reason, std::move(handler)); });
    lose();
  }

  void abort() override {
    is_aborted_ = true;
    error_code ec;
    wire().close(ec);  // ends what is pending, later, from the loop
    if (room_wait_ != nullptr) room_wait_->cancel();
    lose();
  }

  // Says goodbye if the handler did not.
  Task<> finish() {
    co_await close(loop_.is_stopping() ? 1001 : 1000, "");
    abort();
  }

  void sweep(SteadyTime now) override {
    const auto self = shared_from_this();
    if (is_aborted_) return;
    if (now >= write_deadline_) {
      if (writes_seen_ == wire().writes && unacknowledged_ == unacknowledged_bytes(wire())) {
        return abort();
      }
      renew_write_deadline(now);
    }
    if (!stream_.is_open()) {
      // Closing, at our wish or the peer's. Beast waits for the peer without end.
      if (closing_deadline_ == kNever) closing_deadline_ = now + kClosingTime;
      if (now >= closing_deadline_) abort();
      return;
    }
    if (now >= room_deadline_) room_wait_->cancel();
    if (now >= stranger_deadline_) {
      stranger_deadline_ = kNever;
      spawn(loop_, dismiss(self));
    }
    // Only a pending read can hear the answer.
    if (is_under_way(kRead)) sweep_silence(now);
  }

  // Whoever has not said who he is by now.
  static Task<> dismiss(std::shared_ptr<Session> self) {
    co_await self->close(kPolicyViolation, "nobody knows who you are: an API key is needed");
  }

  bool is_at_work() const override { return false; }
  void begin_stop() override { gone_.request_stop(); }
  void force() override {
    const auto self = shared_from_this();
    abort();
  }

 private:
  Task<bool> send(std::string_view bytes, bool is_binary) {
    SYNAP_CHECK(!is_under_way(kWrite), "one write at a time");
    if (!is_usable()) co_return false;
    renew_write_deadline(loop_.now());
    stream_.binary(is_binary);
    const auto ec = co_await start(kWrite, [&](auto handler) {
      stream_.async_write(asio::buffer(bytes.data(), bytes.size()), std::move(handler));
    });
    write_deadline_ = kNever;
    if (ec) lose();
    co_return !ec;
  }

  template <class Buffer>
  Task<bool> read_some(Buffer& buffer, std::size_t most) {
    if (!is_usable()) {
      lose();
      co_return false;
    }
    const auto ec = co_await start(
        kRead, [&](auto handler) { stream_.async_read_some(buffer, most, std::move(handler)); });
    if (ec) lose();
    co_return !ec;
  }

  // Waits until so many bytes more are free; meanwhile nothing is read. False: they were not in
  // time, and the connection ends.
  Task<bool> has_room(Budget::Grant& grant, std::size_t bytes) {
    if (bytes == 0) co_return true;
    Budget::Wait wait(grant, bytes);
    room_wait_ = &wait;
    room_deadline_ = loop_.now() + loop_.options().body_timeout;
    const bool is_granted = co_await wait;
    room_wait_ = nullptr;
    room_deadline_ = kNever;
    if (!is_granted) co_await close(kTryAgainLater, "too many bytes are on their way already");
    co_return is_granted;
  }

  // One of each kind can be under way at a time.
  enum Kind : std::uint8_t { kAccept, kRead, kWrite, kClose, kKinds };
  // The coroutine that awaits one.
  struct Waiting {
    std::coroutine_handle<> coroutine;
    error_code result;
  };

  // Awaits an asynchronous operation: `begin` starts it with the handler it is given. The handler
  // keeps the session, and with it the socket, until the operation has ended. It finds the
  // coroutine through the session, where one that is destroyed meanwhile takes itself out; what it
  // had begun cannot be taken back, so that is the end of the connection.
  template <class Begin>
  struct Operation : Waiting {
    Session& session;
    Kind kind;
    Begin begin;
    Operation(Session& of, Kind what, Begin how) : session(of), kind(what), begin(std::move(how)) {}
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    ~Operation() {
      if (session.waiting_[kind] != this) return;
      session.waiting_[kind] = nullptr;
      session.abort();
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      this->coroutine = self;
      session.waiting_[kind] = this;
      begin([keep = session.shared_from_this(), what = kind](error_code ec, auto&&...) {
        Waiting* waiting = std::exchange(keep->waiting_[what], nullptr);
        if (waiting == nullptr) return;
        waiting->result = ec;
        waiting->coroutine.resume();
      });
    }
    error_code await_resume() const noexcept { return this->result; }
  };
  template <class Begin>
  Operation<Begin> start(Kind kind, Begin begin) {
    return {*this, kind, std::move(begin)};
  }
  bool is_under_way(Kind kind) const { return waiting_[kind] != nullptr; }

  Wire& wire() { return stream_.next_layer(); }
  bool is_usable() const { return !is_aborted_ && stream_.is_open(); }
  void lose() { gone_.request_stop(); }

  // TCP_CORK: the kernel sends whole packets only, and what is left when it is pulled (tcp(7)).
  void keep_back(bool is_wanted) {
    if (is_kept_back_ == is_wanted || is_aborted_) return;
    is_kept_back_ = is_wanted;
    const int value = is_wanted ? 1 : 0;
    ::setsockopt(wire().native_handle(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
  }

  void heard() {
    heard_at_ = loop_.now();
    is_pinged_ = false;
  }

  void renew_write_deadline(SteadyTime now) {
    write_deadline_ = now + loop_.options().write_timeout;
    writes_seen_ = wire().writes;
    unacknowledged_ = unacknowledged_bytes(wire());
  }

  void sweep_silence(SteadyTime now) {
    if (std::exchange(reads_seen_, wire().reads) != wire().reads) return heard();
    if (now - heard_at_ < loop_.options().websocket_ping) return;
    if (is_pinged_) return abort();
    is_pinged_ = true;
    heard_at_ = now;  // the same time again for the answer
    if (!std::exchange(is_pinging_, true)) {
      stream_.async_ping({},
                         [self = shared_from_this()](error_code) { self->is_pinging_ = false; });
    }
  }

  Loop& loop_;
  websocket::stream<Wire, false> stream_;
  std::stop_source gone_;
  std::array<Waiting*, kKinds> waiting_{};
  std::optional<Incoming> incoming_;
  StrangerPlace* place_;  // the connection's, which lives until serve_websocket() has returned
  SteadyTime stranger_deadline_;
  std::string account_;  // empty: a stranger's
  Budget::Wait* room_wait_ = nullptr;
  SteadyTime room_deadline_ = kNever;
  bool is_kept_back_ = false;
  bool is_closing_ = false;
  bool is_aborted_ = false;
  bool is_pinging_ = false;  // the frame is on its way out
  bool is_pinged_ = false;   // and not answered
  SteadyTime heard_at_{};
  std::uint64_t reads_seen_ = 0;
  std::uint64_t writes_seen_ = 0;
  int unacknowledged_ = 0;
  SteadyTime write_deadline_ = kNever;
  SteadyTime closing_deadline_ = kNever;
};

}  // namespace

std::optional<Error> check_handshake(const Request& request) {
  const auto* version = request.headers.find("sec-websocket-version");
  const auto* key = request.headers.find("sec-websocket-key");
  if (request.method != "GET") return Error{Code::kBadRequest, "a WebSocket begins with GET"};
  if (version == nullptr || trimmed(*version) != "13") {
    return Error{Code::kBadRequest, "the only WebSocket version spoken is 13"};
  }
  // 16 bytes in base64 (RFC 6455 4.1).
  if (key == nullptr || trimmed(*key).size() != 24) {
    return Error{Code::kBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64"};
  }
  return std::nullopt;
}

Task<> run_websocket(Loop& loop, Socket socket, const Request& request, std::stop_source gone,
                     StrangerPlace& place) {
  const auto session = std::make_shared<Session>(loop, std::move(socket), std::move(gone), place);
  if (co_await session->accept(request)) {
    co_await loop.handler().serve_websocket(request, *session);
    co_await session->finish();
  }
  session->abort();
  place.set_known(true);  // the session may be gone before the connection is
}

}  // namespace synap::net

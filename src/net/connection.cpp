#include "net/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "net/ascii.h"
#include "net/response_writer.h"
#include "net/websocket.h"

namespace synap::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Up to here a body is copied behind its head, so that one piece is sent; beyond, the copy costs
// more than the kernel's walk over two pieces.
constexpr std::size_t kCoalescedBytesMax = 16 * 1024;

// After a refusal the client may still be sending. Closing at once would answer that with a reset,
// which makes its kernel throw away the refusal unread; so we listen on a little.
constexpr std::chrono::milliseconds kLingerTime{1000};
constexpr std::size_t kLingerBytesMax = 1024 * 1024;

// What an idle connection keeps of its buffers.
constexpr std::size_t kKeptBytesMax = 16 * 1024;

// What each connection may hold of what has come without being on anybody's account. Most heads are
// far smaller; those that are not are on the account of strangers, since nobody knows before
// their end who sends them.
constexpr std::size_t kFreeBytes = 16 * 1024;
constexpr std::string_view kStrangers;

}  // namespace

void serve_socket(Loop& loop, int fd, std::string peer, bool is_refused) {
  error_code ec;
  Socket socket(loop.io().get_executor());
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd, ec);
  if (ec) {
    ::close(fd);
    loop.shared().connection_closed();
    return;
  }
  socket.non_blocking(true, ec);
  socket.set_option(tcp::no_delay(true), ec);
  socket.set_option(asio::socket_base::keep_alive(true), ec);
  auto connection = std::make_shared<Connection>(loop, std::move(socket), std::move(peer));
  spawn(loop, Connection::run(std::move(connection), is_refused));
}

// --- waiting -----------------------------------------------------------------------------------
//
// A coroutine that is destroyed while it waits is forgotten here, by `reader_` or `writer_`. It is
// resumed from the loop's own calls, never posted, so nothing else can still know it.

class Connection::More {
 public:
  explicit More(Connection& connection) : c_(connection) {}
  ~More() {
    if (self_ && c_.reader_ == self_) c_.reader_ = {};
  }
  bool await_ready() const {
    return c_.is_fresh_ || c_.is_over() || (c_.loop_.is_stopping() && c_.phase_ == Phase::kIdle);
  }
  void await_suspend(std::coroutine_handle<> self) {
    c_.reader_ = self_ = self;
    c_.keep_reading();
  }
  bool await_resume() const { return std::exchange(c_.is_fresh_, false); }

 private:
  Connection& c_;
  std::coroutine_handle<> self_;
};

class Connection::Send {
 public:
  explicit Send(Connection& connection) : c_(connection) {}
  // What it was sending goes with it, and nothing can follow the half of it that is sent.
  ~Send() {
    if (!self_ || c_.writer_ != self_) return;
    c_.writer_ = {};
    c_.write_deadline_ = kNever;
    c_.is_broken_ = true;
    c_.gone_.request_stop();
  }
  bool await_ready() { return c_.is_broken_ || c_.send_some(); }
  void await_suspend(std::coroutine_handle<> self) {
    c_.writer_ = self_ = self;
    c_.renew_write_deadline(c_.loop_.now());
    c_.wait_writable();
  }
  bool await_resume() {
    c_.write_deadline_ = kNever;
    return !c_.is_broken_;
  }

 private:
  Connection& c_;
  std::coroutine_handle<> self_;
};

Connection::More Connection::more() {
  return More(*this);
}

Connection::Send Connection::send(std::string_view first, std::string_view second,
                                  std::string_view third) {
  SYNAP_CHECK(!writer_, "one write at a time");
  const std::array parts = {first, second, third};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out_[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  }
  return Send(*this);
}

// --- the socket --------------------------------------------------------------------------------

Connection::Connection(Loop& loop, Socket socket, std::string peer)
    : Guest(loop),
      loop_(loop),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      place_(loop, *this),
      parser_({loop.options().header_bytes_max, loop.options().body_bytes_max}) {}

Connection::~Connection() {
  loop_.shared().connection_closed();
}

void Connection::wake(std::coroutine_handle<>& waiting) {
  if (auto coroutine = std::exchange(waiting, {})) coroutine.resume();
}

// So that whoever waits, for bytes or for room, looks around.
void Connection::wake_reader() {
  if (waiting_ != nullptr) waiting_->cancel();
  wake(reader_);
}

void Connection::keep_reading() {
  const bool is_full = phase_ != Phase::kLingering && in_.size() - in_taken_ >= in_max_;
  if (is_reading_ || is_eof_ || is_broken_ || is_full || !socket_.is_open()) return;
  is_reading_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->is_reading_ = false;
    if (!ec && self->socket_.is_open()) self->on_readable();
  });
}

void Connection::on_readable() {
  error_code ec;
  auto& scratch = loop_.scratch();
  const std::size_t unread_bytes = in_.size() - in_taken_;
  const auto wanted =
      phase_ == Phase::kLingering ? scratch.size() : in_max_ - std::min(in_max_, unread_bytes);
  const std::size_t count =
      socket_.read_some(asio::buffer(scratch.data(), std::min(scratch.size(), wanted)), ec);
  if (ec == asio::error::would_block || ec == asio::error::interrupted) return keep_reading();
  if (ec == asio::error::eof) {
    is_eof_ = true;
    gone_.request_stop();
    return wake_reader();
  }
  if (ec) return break_off();
  if (phase_ == Phase::kLingering) {
    drained_ += count;
  } else {
    in_.append(scratch.data(), count);
  }
  is_fresh_ = true;
  keep_reading();
  wake(reader_);
}

void Connection::take(std::size_t count) {
  in_taken_ += count;
  if (in_taken_ == in_.size()) {
    in_.clear();
    in_taken_ = 0;
    if (in_.capacity() > kKeptBytesMax) in_.shrink_to_fit();
  } else if (in_taken_ > kKeptBytesMax) {
    in_.erase(0, in_taken_);
    in_taken_ = 0;
  }
}

// True: nothing is left to be sent, or nothing can be.
bool Connection::send_some() {
  for (;;) {
    std::size_t first = 0;
    while (first < out_.size() && out_[first].iov_len == 0) ++first;
    if (first == out_.size()) return true;
    msghdr message{};
    message.msg_iov = &out_[first];
    message.msg_iovlen = out_.size() - first;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      is_broken_ = true;
      gone_.request_stop();
      return true;
    }
    auto left = static_cast<std::size_t>(sent);
    for (auto& part : out_) {
      const auto step = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + step;
      part.iov_len -= step;
      left -= step;
    }
  }
}

void Connection::wait_writable() {
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& ec) {
    if (ec) {
      if (ec != asio::error::operation_aborted) self->break_off();
    } else {
      self->on_writable();
    }
  });
}

void Connection::on_writable() {
  if (!writer_ || is_broken_) return;
  if (send_some()) return wake(writer_);
  renew_write_deadline(loop_.now());
  wait_writable();
}

void Connection::renew_write_deadline(SteadyTime now) {
  write_deadline_ = now + loop_.options().write_timeout;
  unacknowledged_ = unacknowledged_bytes(socket_);
}

// Ends the connection where it is. Only from the loop, never from a coroutine: it resumes them.
void Connection::break_off() {
  const auto self = shared_from_this();
  is_broken_ = true;
  error_code ec;
  socket_.close(ec);
  gone_.request_stop();
  wake(writer_);
  wake_reader();
}

void Connection::sweep(SteadyTime now) {
  if (now >= write_deadline_) {
    if (unacknowledged_bytes(socket_) >= unacknowledged_) return break_off();
    renew_write_deadline(now);
  }
  if (now < read_deadline_) return;
  const auto self = shared_from_this();
  read_deadline_ = kNever;
  is_late_ = true;
  wake_reader();
}

void Connection::begin_stop() {
  const auto self = shared_from_this();
  if (phase_ == Phase::kStreaming) gone_.request_stop();
  if (phase_ == Phase::kIdle) wake(reader_);
}

void Connection::force() {
  break_off();
}

bool Connection::is_at_work() const {
  return phase_ != Phase::kIdle && phase_ != Phase::kReceiving && phase_ != Phase::kLingering;
}

// --- the conversation --------------------------------------------------------------------------

Task<> Connection::run(std::shared_ptr<Connection> self, bool is_refused) {
  if (is_refused) {
    co_await self->refuse({Code::kServiceUnavailable, "the server has too many connections"}, 503);
  } else {
    while (co_await self->exchange()) {
    }
  }
  error_code ec;
  self->socket_.close(ec);
  // Nobody reads any more; whoever still holds the token should know.
  self->gone_.request_stop();
}

// One request and its answer. False: the connection is done.
Task<bool> Connection::exchange() {
  if (!co_await receive_head()) co_return false;
  Request& head = parser_.head();
  head.peer = peer_;
  head.gone = gone_.get_token();
  if (parser_.wants_websocket()) co_return co_await upgrade();
  Admission admission = co_await loop_.handler().admit(head);
  // An answer to a known caller's head (a preflight, a health check) leaves him who he was.
  if (!admission.answer || !admission.account.empty()) place_.set_known(!admission.account.empty());
  if (admission.answer) co_return co_await answer_from_head(std::move(*admission.answer));
  if (!co_await receive_body(admission)) co_return false;
  const Request request = parser_.take();
  Response response = co_await loop_.handler().serve(request);
  co_return co_await answer(request, std::move(response));
}

Task<bool> Connection::receive_head() {
  parser_.reset();
  must_close_ = false;
  grant_ = {};
  in_max_ = kFreeBytes;
  phase_ = Phase::kIdle;
  const auto& options = loop_.options();
  read_deadline_ =
      loop_.now() + (place_.is_known() ? options.idle_timeout
                                       : std::min(options.idle_timeout, options.stranger_timeout));
  for (;;) {
    if (!unread().empty() && phase_ == Phase::kIdle) {
      phase_ = Phase::kReceiving;
      read_deadline_ = loop_.now() + loop_.options().head_timeout;
    }
    if (!co_await parse()) co_return false;
    if (parser_.state() != RequestParser::State::kHead) break;
    if (parser_.head_bytes() + unread().size() >= in_max_) {
      if (in_max_ == kFreeBytes) grant_ = Budget::Grant(loop_.budget(), kStrangers);
      if (!co_await has_room(in_max_)) co_return false;
      in_max_ += in_max_;
    }
    if (!co_await has_more()) co_return false;
  }
  in_max_ = kFreeBytes;
  // From here on the client waits for us.
  read_deadline_ = kNever;
  phase_ = Phase::kServing;
  keep_reading();
  co_return true;
}

Task<bool> Connection::receive_body(const Admission& admission) {
  using State = RequestParser::State;
  if (parser_.state() == State::kDone) co_return true;
  parser_.limit_body(admission.body_bytes_max);
  phase_ = Phase::kReceiving;
  read_deadline_ = loop_.now() + loop_.options().body_timeout;
  grant_ = Budget::Grant(loop_.budget(), admission.account);
  const auto length = parser_.content_length();
  if (length && parser_.state() != State::kFailed) {
    if (!co_await has_room(*length)) co_return false;
    parser_.reserve_body(*length);
  }
  if (parser_.expects_continue() && unread().empty() && parser_.state() != State::kFailed &&
      !co_await send("HTTP/1.1 100 Continue\r\n\r\n")) {
    co_return false;
  }
  // More than a chunk's head may have, so that one that is too long is seen.
  in_max_ = std::max(loop_.scratch().size(), loop_.options().header_bytes_max + 1);
  for (;;) {
    if (!length && !co_await has_room_for_chunks()) co_return false;
    if (!co_await parse()) co_return false;
    if (parser_.state() == State::kDone) break;
    if (!co_await has_more()) co_return false;
  }
  in_max_ = kFreeBytes;
  read_deadline_ = kNever;
  phase_ = Phase::kServing;
  keep_reading();
  co_return true;
}

// Nobody knows how long a chunked body will be: it is given twice as much again and again, up to
// what a body may have.
Task<bool> Connection::has_room_for_chunks() {
  const auto most = loop_.options().body_bytes_max;
  const auto needed = std::min(parser_.head().body.size() + unread().size(), most);
  if (needed <= grant_.bytes()) co_return true;
  const auto wanted = std::min(std::max(needed, 2 * grant_.bytes()), most);
  if (!co_await has_room(wanted - grant_.bytes())) co_return false;
  parser_.reserve_body(wanted);
  co_return true;
}

// Waits until so many bytes more are free, without reading on. False: they were not in time, and
// the client has been told so.
Task<bool> Connection::has_room(std::size_t bytes) {
  if (is_over()) co_return false;
  Budget::Wait wait(grant_, bytes);
  waiting_ = &wait;
  const bool is_granted = co_await wait;
  waiting_ = nullptr;
  if (is_granted) co_return true;
  if (is_eof_ || is_broken_) co_return false;
  const Error error =
      grant_.is_account_full(bytes)
          ? Error{Code::kTooManyRequests, "too many bytes of this caller are on their way already"}
          : Error{Code::kServiceUnavailable,
                  "too many bytes are on their way to this server already"};
  co_await refuse(error, info(error.code).http_status);
  co_return false;
}

// Gives the parser what has come. False: it is no request, and the client has been told so.
Task<bool> Connection::parse() {
  using State = RequestParser::State;
  if (parser_.state() != State::kFailed && !unread().empty()) take(parser_.put(unread()));
  if (parser_.state() != State::kFailed) co_return true;
  const auto failure = parser_.failure();
  co_await refuse(failure.error, failure.status);
  co_return false;
}

// Waits for more than the parser has seen. False: nothing more comes, and a client that is only
// slow has been told so.
Task<bool> Connection::has_more() {
  if (co_await more()) co_return true;
  if (is_late_ && phase_ == Phase::kReceiving) {
    const bool in_head = parser_.state() == RequestParser::State::kHead;
    co_await refuse({Code::kTimeout, in_head ? "the head of the request took too long"
                                             : "the body of the request took too long"},
                    info(Code::kTimeout).http_status);
  }
  co_return false;
}

// A body that has come already is passed over. For one that has not, waiting would only let the
// client send for nothing: he is answered, and the connection ends.
Task<bool> Connection::answer_from_head(Response response) {
  if (parser_.state() == RequestParser::State::kBody) {
    const auto length = parser_.content_length();
    must_close_ = !length || *length > unread().size();
    if (!must_close_) take(*length);
  }
  co_return co_await answer(parser_.head(), std::move(response));
}

bool Connection::keeps_alive() const {
  return parser_.keeps_alive() && !must_close_ && !loop_.is_stopping();
}

Task<bool> Connection::answer(const Request& request, Response response) {
  loop_.shared().count_response(response.status);
  if (response.stream) co_return co_await stream(request, response);
  const bool is_kept = keeps_alive();
  head_.clear();
  write_head(response,
             {.keeps_alive = is_kept, .is_http_1_0 = parser_.is_http_1_0(), .date = loop_.date()},
             head_);
  std::string_view body;
  if (request.method != "HEAD" && status_has_body(response.status)) body = response.body;
  if (body.size() <= kCoalescedBytesMax) head_ += std::exchange(body, {});
  if (!co_await send(head_, body)) co_return false;
  if (!is_kept) co_await end();
  co_return is_kept;
}

// What a handler writes a streamed body with.
class Connection::Body final : public BodyWriter {
 public:
  Body(Connection& connection, bool is_chunked) : c_(connection), is_chunked_(is_chunked) {}

  Task<bool> write(std::string_view chunk) override {
    if (c_.is_eof_ || c_.is_broken_) co_return false;
    if (chunk.empty()) co_return true;  // an empty chunk would be the end of the body
    if (!is_chunked_) co_return co_await c_.send(chunk);
    char size[18];
    auto* end = std::to_chars(size, size + 16, chunk.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    co_return co_await c_.send({size, end}, chunk, "\r\n");
  }

 private:
  Connection& c_;
  bool is_chunked_;
};

Task<bool> Connection::stream(const Request& request, Response& response) {
  const bool is_chunked = !parser_.is_http_1_0();
  const bool is_kept = is_chunked && keeps_alive();
  head_.clear();
  write_head(response,
             {.framing = is_chunked ? Framing::kChunked : Framing::kClose,
              .keeps_alive = is_kept,
              .is_http_1_0 = parser_.is_http_1_0(),
              .date = loop_.date()},
             head_);
  if (!co_await send(head_)) co_return false;
  if (request.method == "HEAD" || !status_has_body(response.status)) co_return is_kept;
  phase_ = Phase::kStreaming;
  if (loop_.is_stopping()) gone_.request_stop();
  {
    Body body(*this, is_chunked);
    co_await response.stream(body);
  }
  phase_ = Phase::kServing;
  if (is_broken_) co_return false;
  if (is_chunked && !co_await send("0\r\n\r\n")) co_return false;
  if (is_kept && !loop_.is_stopping()) co_return true;
  co_await end();
  co_return false;
}

Task<bool> Connection::upgrade() {
  if (parser_.state() != RequestParser::State::kDone) {
    co_await refuse({Code::kBadRequest, "a request for an upgrade has no body"}, 400);
    co_return false;
  }
  const Request request = parser_.take();
  if (auto refused = loop_.handler().refuse_upgrade(request)) {
    co_return co_await answer(request, std::move(*refused));
  }
  if (auto error = check_handshake(request)) {
    Response response = loop_.handler().refusal(*error);
    response.headers.set("sec-websocket-version", "13");  // RFC 6455 4.4
    co_return co_await answer(request, std::move(response));
  }
  // A client may say nothing between its request and our answer (RFC 6455 4.1).
  if (!unread().empty()) {
    co_await refuse({Code::kBadRequest, "there is data behind a request for an upgrade"}, 400);
    co_return false;
  }
  loop_.shared().count_response(101);
  error_code ec;
  socket_.cancel(ec);
  co_await run_websocket(loop_, std::move(socket_), request, gone_, place_);
  co_return false;
}

// Says why, if the socket still takes it, and ends the conversation.
Task<> Connection::refuse(Error error, int status) {
  is_late_ = false;
  read_deadline_ = kNever;
  phase_ = Phase::kServing;
  const Request& head = parser_.head();
  Response response =
      head.path.empty() ? loop_.handler().refusal(error) : loop_.handler().refusal_to(head, error);
  response.status = status;
  response.stream = nullptr;
  loop_.shared().count_response(status);
  head_.clear();
  write_head(response, {.keeps_alive = false, .date = loop_.date()}, head_);
  head_ += response.body;
  if (co_await send(head_)) co_await linger();
}

// After the last answer. A client that did not ask for the end may be sending its next request.
Task<> Connection::end() {
  if (parser_.keeps_alive() || must_close_ || !unread().empty()) co_await linger();
}

Task<> Connection::linger() {
  error_code ec;
  socket_.shutdown(tcp::socket::shutdown_send, ec);
  phase_ = Phase::kLingering;
  parser_.reset();
  grant_ = {};
  in_ = {};
  in_taken_ = 0;
  drained_ = 0;
  is_fresh_ = false;
  read_deadline_ = loop_.now() + kLingerTime;
  while (!is_over() && drained_ < kLingerBytesMax) co_await more();
}

}  // namespace synap::net

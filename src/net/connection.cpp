#include "net/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "net/connection_waits.h"

namespace synap::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

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
  Request request = parser_.take();
  request.caller = std::move(admission.caller);
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
  note_received();
  co_return true;
}

// From here on the client waits for us.
void Connection::note_received() {
  in_max_ = kFreeBytes;
  read_deadline_ = kNever;
  phase_ = Phase::kServing;
  keep_reading();
}

Task<bool> Connection::receive_body(const Admission& admission) {
  using State = RequestParser::State;
  if (parser_.state() == State::kDone) co_return true;
  parser_.limit_body(admission.body_bytes_max);
  phase_ = Phase::kReceiving;
  read_deadline_ =
      loop_.now() + (admission.take_piece ? admission.piece_timeout : loop_.options().body_timeout);
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
    if (admission.take_piece) hand_on(admission);
    if (parser_.state() == State::kDone) break;
    if (!co_await has_more()) co_return false;
  }
  note_received();
  co_return true;
}

void Connection::hand_on(const Admission& admission) {
  auto& body = parser_.head().body;
  if (body.empty()) return;
  admission.take_piece(body);
  body.clear();
  read_deadline_ = loop_.now() + admission.piece_timeout;
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

}  // namespace synap::net

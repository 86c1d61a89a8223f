// Connection's answers: whole, streamed, by an upgrade to a WebSocket, or a refusal; and how the
// conversation ends behind the last one.
#include <charconv>
#include <utility>

#include "net/connection.h"
#include "net/connection_waits.h"
#include "net/response_writer.h"
#include "net/websocket.h"

namespace synap::net {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

// Up to here a body is copied behind its head, so that one piece is sent; beyond, the copy costs
// more than the kernel's walk over two pieces.
constexpr std::size_t kCoalescedBytesMax = 16 * 1024;

// After a refusal the client may still be sending. Closing at once would answer that with a reset,
// which makes its kernel throw away the refusal unread; so we listen on a little. Programs that
// read no answer before all is sent (fetch of Node) find it where their body is not much larger
// than what may come.
constexpr std::chrono::milliseconds kLingerTime{1000};
constexpr std::size_t kLingerBytesMax = 32 * 1024 * 1024;

}  // namespace

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
    // It may last for hours, and nothing is asked beside it.
    if (in_.empty()) in_.shrink_to_fit();
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

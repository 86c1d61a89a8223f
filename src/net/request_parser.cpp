#include "net/request_parser.h"

#include <fmt/format.h>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "net/ascii.h"

namespace synap::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// What is left of a chunked body always has at least these bytes: "0\r\n\r\n". Beast 1.81 asserts
// (basic_parser.ipp, parse_chunk_header) that it is shown so many once it has seen the last chunk's
// size, but asks for more after three; so it is never shown fewer.
constexpr std::size_t kLastChunkBytes = 5;

// Each field costs far more than its bytes, in memory and in time; browsers and proxies send some
// forty.
constexpr std::size_t kFieldsMax = 128;

// Fills a Request from Beast's events.
class Reader final : public http::basic_parser<true> {
 public:
  Request request;
  int version = 11;
  bool in_head = true;
  bool is_refused = false;  // by a rule of our own, given in `refusal`
  std::string_view refusal;
  bool has_too_many_fields = false;
  int hosts = 0;
  bool expects_continue = false;
  bool wants_websocket = false;

 private:
  void refuse(std::string_view why, error_code& ec) {
    is_refused = true;
    refusal = why;
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int http_version, error_code& ec) override {
    version = http_version;
    request.method = view(method);
    request.target = view(target);
    split_target(ec);
  }

  // The forms of a target: /path?query, http://host/path?query (a client that thinks it talks to
  // a proxy; servers must take it, RFC 9112 3.2.2) and * (OPTIONS only).
  void split_target(error_code& ec) {
    std::string_view rest = request.target;
    if (rest.starts_with("http://") || rest.starts_with("https://")) {
      rest.remove_prefix(rest.find("//") + 2);
      rest.remove_prefix(std::min(rest.find_first_of("/?"), rest.size()));
    } else if (!rest.starts_with('/') && !(rest == "*" && request.method == "OPTIONS")) {
      return refuse("the request target must be a path that begins with '/'", ec);
    }
    const auto question = std::min(rest.find('?'), rest.size());
    request.path = rest.substr(0, question);
    if (request.path.empty()) request.path = "/";
    request.query = rest.substr(std::min(question + 1, rest.size()));
  }

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (!in_head) return;  // trailers: nothing here needs one, and merging them is a known hole
    if (field == http::field::transfer_encoding) {
      if (version < 11) return refuse("HTTP/1.0 has no Transfer-Encoding", ec);
      if (!equal_ignoring_case(trimmed(view(value)), "chunked")) {
        return refuse("the only Transfer-Encoding understood is chunked", ec);
      }
    }
    if (field == http::field::host && ++hosts > 1) return refuse("Host is given twice", ec);
    if (request.headers.size() == kFieldsMax) {
      has_too_many_fields = true;
      ec = http::error::header_limit;
      return;
    }
    request.headers.add(std::string(view(name)), std::string(view(value)));
  }

  void on_header_impl(error_code& ec) override {
    in_head = false;
    if (version < 11) return;
    if (hosts == 0) return refuse("HTTP/1.1 needs a Host header", ec);
    const auto* expect = request.headers.find("expect");
    expects_continue = expect != nullptr && equal_ignoring_case(*expect, "100-continue");
    const auto* protocol = upgrade() ? request.headers.find("upgrade") : nullptr;
    wants_websocket = protocol != nullptr && list_has(*protocol, "websocket");
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
};

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(Limits limits) : limits_(limits) { reset(); }

  void reset() {
    reader_.emplace();
    // The reader's own limit counts the request line and the fields apart; ours, below, counts
    // both, and must be the one that speaks.
    reader_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max + 4));
    body_bytes_max_ = limits_.body_bytes_max;
    reader_->body_limit(body_bytes_max_);
    state = State::kHead;
    failure.reset();
    head_bytes_ = 0;
  }

  void limit_body(std::size_t bytes_max) {
    SYNAP_CHECK(state == State::kBody);
    if (bytes_max >= body_bytes_max_) return;
    body_bytes_max_ = bytes_max;
    if (reader_->chunked()) return reader_->body_limit(bytes_max);
    if (reader_->content_length_remaining().value_or(0) > bytes_max) fail_body_too_large();
  }

  std::size_t put(std::string_view bytes) {
    SYNAP_CHECK(state == State::kHead || state == State::kBody);
    std::size_t taken = 0;
    // Empty lines before a request are ignored (RFC 9112 2.2): old clients send one after a body.
    while (state == State::kHead && head_bytes_ == 0 && bytes.substr(taken).starts_with("\r\n")) {
      taken += 2;
    }
    while (state == State::kHead || state == State::kBody) {
      const auto rest = bytes.substr(taken);
      if (rest.empty() || (head_bytes_ == 0 && rest == "\r")) break;
      if (state == State::kBody && reader_->chunked() && rest.size() < kLastChunkBytes) break;
      error_code ec;
      const std::size_t n = reader_->put({rest.data(), rest.size()}, ec);
      taken += n;
      if (state == State::kHead) {
        head_bytes_ += n;
        const bool ended = reader_->is_header_done() && (!ec || ec == http::error::need_more);
        const std::size_t seen =
            head_bytes_ + (ec == http::error::need_more && !ended ? rest.size() - n : 0);
        if (seen > limits_.header_bytes_max) {
          fail_head_too_large();
          break;
        }
      } else if (ec == http::error::need_more && rest.size() - n > limits_.header_bytes_max) {
        fail(Code::kBadRequest, "a chunk's head or the trailers are too long");
        break;
      }
      if (ec && ec != http::error::need_more) {
        fail(ec);
        break;
      }
      if (reader_->is_done()) {
        state = State::kDone;
      } else if (reader_->is_header_done() && state == State::kHead) {
        state = State::kBody;
        break;
      }
      if (ec == http::error::need_more) break;
    }
    return taken;
  }

  void fail(Code code, std::string message) {
    state = State::kFailed;
    failure = Failure{{code, std::move(message)}, info(code).http_status};
  }
  void fail_head_too_large() {
    fail(Code::kPayloadTooLarge,
         fmt::format("the head of a request may have at most {} bytes", limits_.header_bytes_max));
    failure->status = 431;
  }
  void fail_body_too_large() {
    fail(Code::kPayloadTooLarge,
         fmt::format("the body of a request may have at most {} bytes here", body_bytes_max_));
  }
  void fail(const error_code& ec) {
    if (reader_->is_refused) return fail(Code::kBadRequest, std::string(reader_->refusal));
    if (reader_->has_too_many_fields) {
      fail(Code::kPayloadTooLarge,
           fmt::format("the head of a request may have at most {} fields", kFieldsMax));
      failure->status = 431;
      return;
    }
    if (ec == http::error::header_limit) return fail_head_too_large();
    if (ec == http::error::body_limit) return fail_body_too_large();
    fail(Code::kBadRequest, fmt::format("this is no HTTP/1.1 request: {}", ec.message()));
  }

  const Reader& reader() const { return *reader_; }
  Reader& reader() { return *reader_; }

  std::size_t head_bytes() const { return head_bytes_; }

  State state = State::kHead;
  std::optional<Failure> failure;

 private:
  Limits limits_;
  std::optional<Reader> reader_;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_max_ = 0;
};

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  impl_->reset();
}
std::size_t RequestParser::put(std::string_view bytes) {
  return impl_->put(bytes);
}
RequestParser::State RequestParser::state() const {
  return impl_->state;
}
const RequestParser::Failure& RequestParser::failure() const {
  return *impl_->failure;
}

bool RequestParser::is_http_1_0() const {
  return impl_->reader().version < 11;
}
bool RequestParser::keeps_alive() const {
  return impl_->reader().keep_alive();
}

bool RequestParser::expects_continue() const {
  return impl_->reader().expects_continue;
}
bool RequestParser::wants_websocket() const {
  return impl_->reader().wants_websocket;
}

std::size_t RequestParser::head_bytes() const {
  return impl_->head_bytes();
}

Request& RequestParser::head() {
  return impl_->reader().request;
}
std::optional<std::uint64_t> RequestParser::content_length() const {
  if (impl_->reader().chunked()) return std::nullopt;
  return impl_->reader().content_length_remaining().value_or(0);
}

void RequestParser::limit_body(std::size_t bytes_max) {
  impl_->limit_body(bytes_max);
}

void RequestParser::reserve_body(std::size_t bytes) {
  head().body.reserve(bytes);
}

Request RequestParser::take() {
  SYNAP_CHECK(impl_->state == State::kDone);
  return std::move(impl_->reader().request);
}

}  // namespace synap::net

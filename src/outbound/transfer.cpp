#include "outbound/transfer.h"

#include <fmt/format.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/json.h"

namespace synap::outbound {
namespace {

// A server's own limits are 8 to 64 KiB; more is no header but an attack on our memory.
constexpr std::size_t kHeaderBytesMax = 64 * 1024;
// Events are small and their streams last, thousands of them at once: libcurl keeps a buffer for
// each, of 16 KiB unless it is told otherwise.
constexpr long kEventBufferBytes = 4 * 1024;
// The body of a redirect is a line for people. It is read so that the connection can be used again,
// but not at any length.
constexpr std::uint64_t kRedirectBytesMax = 64 * 1024;
// Seconds. Servers close what is idle after 5 s (Node) or more; what may be sent only once had
// better not meet that.
constexpr long kKeptForChangesMax = 3;

// RFC 9110 5.6.2: what a method or a header's name consists of.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [name](std::string_view other) {
    return name.size() == other.size() &&
           ::strncasecmp(name.data(), other.data(), name.size()) == 0;
  });
}

bool is_clients_own(std::string_view name) {
  return is_one_of(name, {"host", "content-length", "transfer-encoding", "connection", "expect",
                          "upgrade", "te", "trailer", "keep-alive", "proxy-connection"});
}

// What another origin may see after a redirect. A list of what is harmless and not of what is
// secret: the key of an API has a header of any name.
bool is_harmless(std::string_view name) {
  return is_one_of(name, {"accept", "accept-language", "accept-encoding", "content-type",
                          "content-language", "content-encoding", "user-agent", "range",
                          "if-none-match", "if-modified-since", "traceparent"});
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<> check_request(const Request& request) {
  if (!is_token(request.method) || is_one_of(request.method, {"connect", "trace"})) {
    return fail(Code::kBadRequest,
                fmt::format("\"{}\" is no method of HTTP that can be sent", request.method));
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) {
      return fail(Code::kBadRequest, fmt::format("\"{}\" is no name of a header", name));
    }
    if (is_clients_own(name)) {
      return fail(Code::kBadRequest,
                  fmt::format("The header {} is made by the client and cannot be given", name));
    }
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(Code::kBadRequest, fmt::format("The header {} has a line end in it", name));
    }
  }
  return {};
}

// The largest number there is, where it would be more.
std::uint64_t sum(std::uint64_t left, std::uint64_t right) {
  return left + std::min(right, std::numeric_limits<std::uint64_t>::max() - left);
}

void append(curl_slist*& list, const std::string& line) {
  auto* longer = curl_slist_append(list, line.c_str());
  SYNAP_CHECK(longer != nullptr, "out of memory");
  list = longer;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  SYNAP_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK, "libcurl lacks an option");
}

}  // namespace

Result<std::shared_ptr<Transfer>> Transfer::make(Request request, const Options& options,
                                                 Mailbox::Delivery delivery, const Policy& policy) {
  auto url = parse_url(request.url);
  if (!url) return fail(url.error());
  if (auto may = policy.check({url->host, url->port}); !may) return fail(may.error());
  if (auto good = check_request(request); !good) return fail(good.error());
  return std::make_shared<Transfer>(std::move(*url), std::move(request), options, delivery);
}

Transfer::Transfer(Url url, Request request, const Options& options, Mailbox::Delivery delivery)
    : mailbox_(delivery),
      url_(std::move(url)),
      request_(std::move(request)),
      deadline_(options.deadline),
      response_bytes_max_(options.response_bytes_max),
      bytes_max_(
          sum(request_.sent_body().size(), std::min(mailbox_.bytes_max(), response_bytes_max_))),
      silence_max_(options.silence_max),
      redirects_max_(options.redirects_max) {}

void Transfer::drop_handle() {
  handle_.reset();
  header_list_.reset();
}

CURL* Transfer::begin_hop(const Setup& setup) {
  setup_ = &setup;
  if (handle_ == nullptr) handle_.reset(curl_easy_init());
  CURL* handle = handle_.get();
  SYNAP_CHECK(handle != nullptr, "out of memory");
  curl_easy_reset(handle);
  head_ = {};
  header_bytes_ = 0;
  has_head_ = is_cut_ = is_sent_ = false;
  location_.reset();
  refusal_.reset();
  bytes_ = 0;

  set(handle, CURLOPT_PRIVATE, this);
  set(handle, CURLOPT_URL, url_.text.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);  // ours: each hop is looked at (follow())
  set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set(handle, CURLOPT_NOSIGNAL, 1L);
  // A look-up that is no longer wanted is left to end by itself. Otherwise removing its transfer
  // would wait for a name server that does not answer, and all others with it.
  set(handle, CURLOPT_QUICK_EXIT, 1L);
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!setup.options.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, setup.options.ca_file.c_str());
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(setup.options.connect_timeout.count()));
  set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(silence_max_.count()));
  // A proxy of the environment would answer for its own loopback.
  if (setup.options.proxy == Proxy::kNone || is_loopback_name(url_.host)) {
    set(handle, CURLOPT_PROXY, "");
  }
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(handle, CURLOPT_HEADERDATA, this);
  set(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(handle, CURLOPT_WRITEDATA, this);
  if (is_for_events()) set(handle, CURLOPT_BUFFERSIZE, kEventBufferBytes);
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, this);
  set(handle, CURLOPT_PREREQFUNCTION, &Transfer::on_send);
  set(handle, CURLOPT_PREREQDATA, this);
  if (!may_be_sent_again()) set(handle, CURLOPT_MAXAGE_CONN, kKeptForChangesMax);
  set_method_and_body();
  set_headers();
  return handle;
}

bool Transfer::is_for_events() const {
  const auto* accepted = find(request_.headers, "accept");
  return accepted != nullptr && *accepted == "text/event-stream";
}

bool Transfer::may_be_sent_again() const {
  const auto& method = request_.method;
  return request_.is_repeatable || method == "GET" || method == "HEAD" || method == "PUT" ||
         method == "DELETE" || method == "OPTIONS";
}

// libcurl sends a request again by itself where a connection that was kept has closed before the
// answer began, though it may have been read and done.
int Transfer::on_send(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto& refuse = transfer.setup_->options.refuse_to_send;
  if (refuse != nullptr) {
    if (auto error = refuse()) {
      transfer.failure_ = std::move(error);
      return CURL_PREREQFUNC_ABORT;
    }
  }
  if (std::exchange(transfer.is_sent_, true) && !transfer.may_be_sent_again()) {
    transfer.failure_ = Error{
        Code::kBadGateway,
        fmt::format("{} has closed the connection before it answered; whether it has done what it "
                    "was asked for is not known",
                    transfer.origin()),
        nullptr};
    return CURL_PREREQFUNC_ABORT;
  }
  return CURL_PREREQFUNC_OK;
}

void Transfer::set_method_and_body() {
  CURL* handle = handle_.get();
  const auto& method = request_.method;
  const bool takes_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
  } else if (takes_body || !request_.sent_body().empty()) {
    // Not copied: the request lives as long as the handle.
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.sent_body().size()));
    set(handle, CURLOPT_POSTFIELDS, request_.sent_body().data());
    if (method != "POST") set(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    set(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void Transfer::set_headers() {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request_.headers) {
    // libcurl takes "name:" for a header to leave out, and "name;" for one without a value.
    append(list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  append(list, "Expect:");  // no round trip before a large body
  if (find(request_.headers, "content-type") == nullptr) append(list, "Content-Type:");
  header_list_.reset(list);
  set(handle_.get(), CURLOPT_HTTPHEADER, list);
}

// The guard. It is asked for the address that is about to be connected to, after the name was
// looked up, for each address of the name that is tried: so no second look-up can give another
// answer than the one that was judged, and the socket is not even made for what is refused.
curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const Destination destination{transfer.url_.host, transfer.url_.port};
  const auto& policy = transfer.setup_->policy;
  if (policy.is_guarding()) {
    const auto peer = IpAddress::from(address->addr);
    auto allowed = peer ? policy.check(destination, *peer)
                        : fail(Code::kForbidden, "Requests go to IPv4 and IPv6 addresses only");
    if (!allowed) {
      if (!transfer.refusal_) transfer.refusal_ = std::move(allowed.error());
      return CURL_SOCKET_BAD;
    }
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  const std::string_view line(bytes, size * count);
  return static_cast<Transfer*>(self)->receive_header(line) ? line.size() : 0;
}

bool Transfer::receive_header(std::string_view line) {
  if (has_head_) return true;  // a trailer, of which nobody has asked
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) {
    failure_ = Error{Code::kBadGateway, fmt::format("The headers of the answer of {} are larger "
                                                    "than {} bytes",
                                                    origin(), kHeaderBytesMax)};
    return false;
  }
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    head_ = {};
  } else if (line.empty()) {
    end_head();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    head_.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  return true;
}

void Transfer::end_head() {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return;  // an interim answer: the real one follows
  has_head_ = true;
  const auto* location = find(head_.headers, "location");
  if (is_redirect(status) && location != nullptr && redirects_max_ > 0) {
    location_ = *location;
    return;
  }
  head_.status = static_cast<int>(status);
  head_.url = url_.text;
  mailbox_.put_head(std::move(head_));
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->receive_body({bytes, size * count});
}

std::size_t Transfer::receive_body(std::string_view bytes) {
  constexpr std::size_t kBreakOff = 0;
  if (location_) {
    bytes_ += bytes.size();
    is_cut_ = bytes_ > kRedirectBytesMax;
    return is_cut_ ? kBreakOff : bytes.size();
  }
  if (bytes.size() > response_bytes_max_ - bytes_) {
    failure_ = Error{Code::kPayloadTooLarge,
                     fmt::format("The answer of {} is larger than {} bytes, which is all that was "
                                 "asked for",
                                 origin(), response_bytes_max_)};
    return kBreakOff;
  }
  if (!mailbox_.put(bytes)) return CURL_WRITEFUNC_PAUSE;  // they come again after the pause
  if (bytes_ == 0) let_go_of_body();
  bytes_ += bytes.size();
  return bytes.size();
}

// An answer may come for minutes, and libcurl reads no more of what it has sent once that begins.
void Transfer::let_go_of_body() {
  curl_off_t sent = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  if (static_cast<std::uint64_t>(sent) < body_bytes()) return;
  request_.body = {};
  request_.kept_body.reset();
}

std::optional<Result<>> Transfer::end_hop(CURLcode code) {
  if (failure_) return fail(*failure_);
  if (location_ && (code == CURLE_OK || is_cut_)) return follow();
  if (code == CURLE_OK && has_head_) return Result<>{};
  if (code == CURLE_OK) {
    return fail(Code::kBadGateway, fmt::format("What {} answers is no answer of HTTP", origin()));
  }
  if (refusal_) return fail(*refusal_);
  return fail(error_of(code));
}

std::optional<Result<>> Transfer::follow() {
  if (++redirects_ > redirects_max_) {
    return fail(Code::kBadGateway, fmt::format("{} is one redirect too many: {} are followed",
                                               origin(), redirects_max_));
  }
  auto next = resolve_url(url_, *location_);
  if (!next) {
    return fail(Code::kForbidden,
                fmt::format("{} redirects to what is no URL of http or https", origin()));
  }
  if (url_.is_https && !next->is_https) {
    return fail(Code::kForbidden, fmt::format("{} redirects to {}, which is not encrypted; that is "
                                              "not followed",
                                              origin(), next->origin()));
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  const auto& method = request_.method;
  // RFC 9110 15.4, and what all clients do with 301 and 302.
  const bool is_for_get =
      status == 303 ? method != "GET" && method != "HEAD" : status < 303 && method == "POST";
  if (is_for_get) become_get();
  if (next->origin() != url_.origin()) {
    if (next->has_user) {
      return fail(Code::kForbidden, fmt::format("{} redirects to {} with a user of its own; that "
                                                "is not followed",
                                                origin(), next->origin()));
    }
    std::erase_if(request_.headers, [](const Header& header) { return !is_harmless(header.name); });
  }
  if (auto may = setup_->policy.check({next->host, next->port}); !may) return may;
  url_ = std::move(*next);
  return std::nullopt;
}

void Transfer::become_get() {
  request_.method = "GET";
  request_.body.clear();
  request_.kept_body.reset();
  std::erase_if(request_.headers, [](const Header& header) {
    return ::strncasecmp(header.name.c_str(), "content-", 8) == 0;
  });
}

Error Transfer::error_of(CURLcode code) const {
  const char* reason = curl_easy_strerror(code);
  Error error{Code::kBadGateway, "",
              std::make_shared<const Json>(Json::object({{"reason", reason}}))};
  curl_off_t before_transfer = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_PRETRANSFER_TIME_T, &before_transfer);
  const bool was_connected = before_transfer > 0;
  if (code == CURLE_OPERATION_TIMEDOUT && was_connected) {
    error.code = Code::kGatewayTimeout;
    error.message = fmt::format("{} has sent nothing for {} s", origin(), silence_max_.count());
  } else if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
             code == CURLE_OPERATION_TIMEDOUT) {
    error.code = Code::kServiceUnavailable;
    error.message = fmt::format("Nobody answers at {}: {}", origin(), reason);
  } else {
    error.message = fmt::format("The request to {} has failed: {}", origin(), reason);
  }
  return error;
}

}  // namespace synap::outbound

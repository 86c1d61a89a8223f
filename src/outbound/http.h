// HTTP as plain values, as a client sees it: what is asked and what is answered. No word of
// libcurl.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.h"

namespace synap::outbound {

/// One header field.
struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;

/// The first value of this name, whatever its case, or nullptr.
const std::string* find(const Headers& headers, std::string_view name);

/// What is asked. Host, Content-Length, Connection and Transfer-Encoding are the client's own.
struct Request {
  std::string method = "GET";
  std::string url;  // absolute, http or https
  Headers headers = {};
  std::string body = {};
  /// Instead of `body`, where whoever asks keeps it to ask again: it is not copied. Null: `body`.
  std::shared_ptr<const std::string> kept_body = nullptr;
  /// It may be done twice: where a connection that was kept closes before the answer begins, it is
  /// sent again, over another one. So it is with GET, HEAD, PUT and DELETE in any case; whether a
  /// POST was done then, nobody can tell, and it fails.
  bool is_repeatable = false;

  const std::string& sent_body() const { return kept_body != nullptr ? *kept_body : body; }
};

/// What is answered, without its body. `url` is the one that answered, after redirects.
struct Head {
  int status = 0;
  Headers headers;
  std::string url;
};

/// A whole answer.
struct Response : Head {
  std::string body;
};

/// A piece of an answer that is read as it comes. The first one comes with the head and may be
/// empty; all of them share the head.
struct Chunk {
  std::shared_ptr<const Head> head;
  std::string bytes;
};

/// A stream's answer has come to its end.
struct End {
  std::uint64_t bytes = 0;
};

/// How long, how much and how far one request may go.
struct Options {
  /// When it must be over, with its wait for a free place, its redirects and its body.
  SteadyClock::time_point deadline = SteadyClock::now() + std::chrono::seconds(30);
  /// Ends it at once when asked to stop.
  std::stop_token stop = {};
  /// A body with more bytes is an error. Of a whole answer, as much memory is set aside.
  std::uint64_t response_bytes_max = std::uint64_t{10} * 1024 * 1024;
  /// The request is given up when no byte moves for so long, while somebody waits for one. libcurl
  /// takes the mean of five seconds, so behind other bytes it is noticed up to so much later.
  std::chrono::seconds silence_max{45};
  /// How many redirects are followed. 0: a redirect is an answer like any other.
  int redirects_max = 5;
};

}  // namespace synap::outbound

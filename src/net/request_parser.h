// RequestParser: makes one Request out of bytes, however they are cut. It knows no sockets, so it
// can be fuzzed as it is. Beast's parser does the reading of the grammar (RFC 9112); what Beast is
// too kind about is refused here, because a proxy in front of Synap may read it differently and
// let a second request hide in the first: any Transfer-Encoding but a single "chunked", a
// Transfer-Encoding together with a Content-Length, a missing or repeated Host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "net/http.h"

namespace synap::net {

class RequestParser {
 public:
  struct Limits {
    std::size_t header_bytes_max;
    std::size_t body_bytes_max;
  };
  enum class State { kHead, kBody, kDone, kFailed };
  struct Failure {
    Error error;
    int status;  // differs from the code's own for 431, which has no code
  };

  explicit RequestParser(Limits limits);
  ~RequestParser();

  /// Makes it ready for the next request.
  void reset();

  /// Takes bytes from the front of `bytes` and says how many. What it leaves behind must be shown
  /// again, with more behind it; after kDone it belongs to the next request. It stops behind the
  /// head, so that somebody can look at that before the body is read. Not to be called in the
  /// states kDone and kFailed.
  std::size_t put(std::string_view bytes);

  State state() const;
  /// Why it failed. Only in kFailed.
  const Failure& failure() const;

  /// The head, once it is read: in kBody and kDone. Before, and in kFailed, head() has what of it
  /// was read so far.
  bool is_http_1_0() const;
  bool keeps_alive() const;
  bool expects_continue() const;
  bool wants_websocket() const;
  Request& head();
  /// Those of the head that were taken so far; they are kept in one form or another.
  std::size_t head_bytes() const;
  /// What the head says of the body's length; nothing if it comes in chunks.
  std::optional<std::uint64_t> content_length() const;

  /// Between head and body, in kBody: the body may have at most so many bytes. kFailed if it is
  /// known to have more.
  void limit_body(std::size_t bytes_max);
  /// Makes room for a body of this size, so that it need not grow into one.
  void reserve_body(std::size_t bytes);

  /// The request, without peer and gone. Only in kDone, once.
  Request take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace synap::net

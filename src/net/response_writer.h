// The bytes of a response's head. Private to the room.
//
//   head = "HTTP/1.1 " status " " reason CRLF *(name ": " value CRLF) CRLF
//
// The fields that say how the connection and the body are to be read are the server's own; a
// handler that sets one of them is not heard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace synap::net {

enum class Framing : std::uint8_t {
  kLength,   // Content-Length
  kChunked,  // Transfer-Encoding: chunked
  kClose,    // the body ends with the connection: HTTP/1.0
};

struct HeadOptions {
  Framing framing = Framing::kLength;
  bool keeps_alive = true;
  bool is_http_1_0 = false;
  std::string_view date;
};

/// False for the statuses that never have a body (RFC 9110 6.4.1).
bool status_has_body(int status);

/// Appends the head of `response` to `out`.
void write_head(const Response& response, const HeadOptions& options, std::string& out);

/// "Mon, 31 Jan 2026 12:00:00 GMT" (RFC 9110 5.6.7).
std::string http_date(std::int64_t unix_seconds);

}  // namespace synap::net

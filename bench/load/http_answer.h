#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace synap::bench {

struct HttpAnswer {
  int status = 0;
  std::string body;
  bool keeps_alive = true;
  std::size_t size = 0;  // Bytes it took on the wire, head included.
};

// Reads one HTTP/1.1 answer from the front of `bytes`; nothing while it is incomplete. The body is
// delimited by Content-Length or by chunks. Throws std::runtime_error when it cannot be HTTP.
std::optional<HttpAnswer> parse_answer(std::string_view bytes);

}  // namespace synap::bench

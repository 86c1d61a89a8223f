// CORS: which web pages of other origins a browser lets talk to this server (the Fetch standard,
// "HTTP CORS protocol"). It protects users' browsers, not the server.
#pragma once

#include <optional>
#include <string_view>

#include "net/http.h"
#include "net/origins.h"

namespace synap::net {

/// A value; any thread.
struct CorsPolicy {
  /// Cookies are never allowed along: callers prove who they are with a header.
  Origins origins{};

  /// The answer to an OPTIONS request, nothing to any other: nothing here uses OPTIONS but a
  /// browser's preflight. To an origin that is not allowed it allows nothing; to others, to send
  /// the header fields named, with a comma between two, by these methods.
  std::optional<Response> preflight(const Request& request, std::string_view headers,
                                    std::string_view methods = "GET, POST") const;

  /// Adds what lets the page read `response`. To be called for every response, refusals as well:
  /// a page may not read an error without it either.
  void apply(const Request& request, Response& response) const;
};

}  // namespace synap::net

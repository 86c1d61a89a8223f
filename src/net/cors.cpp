#include "net/cors.h"

namespace synap::net {
namespace {

constexpr const char* kMaxAgeSeconds = "86400";

// A cache that keeps one answer for all origins would give one page the permission of another.
void vary_by_origin(Headers& headers) {
  const auto* present = headers.find("vary");
  headers.set("vary", present == nullptr ? "Origin" : *present + ", Origin");
}

}  // namespace

std::optional<Response> CorsPolicy::preflight(const Request& request, std::string_view headers,
                                              std::string_view methods) const {
  if (request.method != "OPTIONS") return std::nullopt;
  Response response{.status = 204};
  apply(request, response);
  if (response.headers.find("access-control-allow-origin") != nullptr) {
    response.headers.add("access-control-allow-methods", std::string(methods));
    if (!headers.empty()) {
      response.headers.add("access-control-allow-headers", std::string(headers));
    }
    response.headers.add("access-control-max-age", kMaxAgeSeconds);
  }
  return response;
}

void CorsPolicy::apply(const Request& request, Response& response) const {
  vary_by_origin(response.headers);
  const auto* origin = request.headers.find("origin");
  if (origin == nullptr) return;
  if (origins.allows_all()) {
    response.headers.set("access-control-allow-origin", "*");
  } else if (origins.allows(request)) {
    response.headers.set("access-control-allow-origin", *origin);
  }
}

}  // namespace synap::net

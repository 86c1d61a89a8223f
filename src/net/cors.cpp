#include "net/cors.h"

#include <algorithm>

namespace synap::net {
namespace {

constexpr const char* kMethods = "GET, POST";
// What the official tRPC client and EventSource send; each of them would otherwise stop at its
// preflight.
constexpr const char* kHeaders =
    "content-type, authorization, trpc-accept, last-event-id, idempotency-key";
constexpr const char* kMaxAgeSeconds = "86400";

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

// A cache that keeps one answer for all origins would give one page the permission of another.
void vary_by_origin(Headers& headers) {
  const auto* present = headers.find("vary");
  headers.set("vary", present == nullptr ? "Origin" : *present + ", Origin");
}

}  // namespace

std::optional<Response> CorsPolicy::preflight(const Request& request) const {
  if (request.method != "OPTIONS") return std::nullopt;
  Response response{.status = 204};
  apply(request, response);
  if (response.headers.find("access-control-allow-origin") != nullptr) {
    response.headers.add("access-control-allow-methods", kMethods);
    response.headers.add("access-control-allow-headers", kHeaders);
    response.headers.add("access-control-max-age", kMaxAgeSeconds);
  }
  return response;
}

void CorsPolicy::apply(const Request& request, Response& response) const {
  vary_by_origin(response.headers);
  const auto* origin = request.headers.find("origin");
  if (origin == nullptr) return;
  if (has(allowed_origins, "*")) {
    response.headers.set("access-control-allow-origin", "*");
  } else if (has(allowed_origins, *origin)) {
    response.headers.set("access-control-allow-origin", *origin);
  }
}

}  // namespace synap::net

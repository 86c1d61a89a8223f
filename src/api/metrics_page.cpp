#include "api/metrics_page.h"

#include "api/front.h"
#include "base/crypto.h"

namespace synap::api {
namespace {

// What the page of the pod asks for every other second: nine of ten lines are buckets of
// histograms, which it does not show.
constexpr std::string_view kNoBuckets = "buckets=no";

std::string without_buckets(std::string_view text) {
  std::string rest;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n') + 1);
    text.remove_prefix(line.empty() ? text.size() : line.size());
    if (!line.substr(0, line.find('{')).ends_with("_bucket")) rest += line;
  }
  return rest;
}

}  // namespace

Result<> MetricsPage::may_read(const net::Request& head) const {
  const rpc::Origin origin{.headers = head.headers, .peer = head.peer};
  const auto shown = credential_of(origin, cookie_);
  if (!key_.empty() && is_equal_in_constant_time(bearer_token(head.headers), key_)) return {};
  const auto actor = keys_.authenticate(shown, head.peer);
  if (!actor) return fail(actor.error());
  if ((*actor)->role == Role::kOwner && (*actor)->scopes.allow(kScope)) return {};
  return fail(
      Code::kForbidden,
      "The metrics are for an owner of the pod, with a key that has the scope metrics:read, "
      "and for its metrics_key");
}

Task<net::Admission> MetricsPage::admit(const net::Request& head) {
  net::Admission admission;
  if (head.method != "GET" && head.method != "HEAD") {
    admission.answer = refusal({Code::kMethodNotSupported, "Metrics are read with GET or HEAD"});
    admission.answer->headers.add("allow", "GET, HEAD");
  } else if (auto allowed = may_read(head); !allowed) {
    admission.answer = refusal(allowed.error());
    if (allowed.error().code == Code::kUnauthorized) {
      admission.answer->headers.add("www-authenticate", "Bearer");
    }
  } else {
    admission.answer = co_await serve(head);
  }
  co_return admission;
}

Task<net::Response> MetricsPage::serve(const net::Request& request) {
  net::Response response;
  response.headers.add("content-type", std::string(Metrics::kContentType));
  response.headers.add("cache-control", "no-store");
  response.body = metrics_.text();
  if (request.query == kNoBuckets) response.body = without_buckets(response.body);
  co_return response;
}

std::optional<net::Response> MetricsPage::refuse_upgrade(const net::Request&) {
  return refusal({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> MetricsPage::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response MetricsPage::refusal(const Error& error) {
  return trpc::Server::error_response(error);
}

}  // namespace synap::api

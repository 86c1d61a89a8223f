#include "inngest/endpoints/endpoint_transport.h"

#include "base/check.h"
#include "inngest/canonical.h"
#include "inngest/endpoints/http_request.h"
#include "inngest/http_transport.h"
#include "inngest/reply.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

// What the SDK looks at: the body of a POST or PUT, read as JSON and written anew.
std::string signed_text(const HttpRequest& request) {
  if (request.method != "POST" && request.method != "PUT") return {};
  const auto body = parse_json(request.body);
  if (!body) return request.body;
  return body->is_string() ? body->as_string() : canonical_json(*body);
}

}  // namespace

Task<Result<outbound::Response>> EndpointTransport::ask(AppRequest asked) {
  SYNAP_CHECK(asked.event != nullptr, "the run's event");
  const Json* data = asked.event->find("data");
  const bool is_of_request = asked.event->string_or("name", "") == kHttpRequest.name;
  if (data == nullptr || !is_of_request) {
    co_return fail(Code::kBadRequest, "An endpoint has runs for the requests that it answers only");
  }
  auto request = HttpRequest::read(*data);
  if (!request) co_return fail(request.error());
  outbound::Request sent{.method = request->method, .url = request->url()};
  sent.headers = {
      {"x-inngest-signature", key_.sign(signed_text(*request), world_.unix_ms() / 1'000)},
      {"x-run-id", ulid_of(asked.run_id)},
      {"x-inngest-step-id", asked.step_id},
      {"x-request-id", asked.id}};
  if (asked.is_planning) sent.headers.push_back({"x-inngest-force-step-plan", "true"});
  if (!request->content_type.empty()) {
    sent.headers.push_back({"content-type", request->content_type});
  }
  if (!asked.traceparent.empty()) {
    sent.headers.push_back({"traceparent", std::move(asked.traceparent)});
  }
  sent.body = std::move(request->body);
  co_return co_await send_whole({client_, kReplyBytesMax, 0}, std::move(sent));
}

}  // namespace synap::inngest

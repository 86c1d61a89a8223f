#include "inngest/http_transport.h"

#include "inngest/call_body.h"
#include "inngest/reply.h"
#include "inngest/ulid.h"

namespace synap::inngest {

// Piece by piece: for a whole answer the client would set aside what it may have at most, and few
// apps answer that much.
Task<Result<outbound::Response>> send_whole(Sending how, outbound::Request request) {
  auto stream = how.client.stream(
      std::move(request), {.deadline = SteadyClock::now() + kRequestTimeMax,
                           .response_bytes_max = how.bytes_max,
                           .silence_max = std::chrono::ceil<std::chrono::seconds>(kRequestTimeMax),
                           .redirects_max = how.redirects_max});
  outbound::Response response;
  while (auto chunk = co_await stream.next()) {
    if (response.status == 0) static_cast<outbound::Head&>(response) = *chunk->head;
    response.body += chunk->bytes;
  }
  if (const auto& end = stream.end(); !end) co_return fail(end.error());
  co_return response;
}

Task<Result<outbound::Response>> HttpTransport::ask(AppRequest request) {
  outbound::Request sent{
      .method = "POST", .url = call_url(url_, request.step_id), .body = std::move(request.body)};
  sent.headers = {{"content-type", "application/json"},
                  {"x-inngest-signature", key_.sign(sent.body, world_.unix_ms() / 1'000)},
                  {"x-run-id", ulid_of(request.run_id)},
                  {"x-inngest-step-id", request.step_id},
                  {"x-request-id", request.id}};
  if (!request.traceparent.empty()) {
    sent.headers.push_back({"traceparent", std::move(request.traceparent)});
  }
  co_return co_await send_whole({client_, kReplyBytesMax, 0}, std::move(sent));
}

}  // namespace synap::inngest

#include "inngest/connect/worker_reply.h"

#include "inngest/reply.h"

namespace synap::inngest {
namespace {

enum Status : std::int64_t { kNotCompleted = 0, kDone = 1 };

// npm's inngest says of an error that is not to be tried again (HTTP's 400) that it is done: it has
// a word for 200, 206 and 500 only. Of what is done it never says that it is not to be retried.
int http_status_of(const WorkerReply& reply) {
  if (reply.status == kNotCompleted) return 206;
  if (reply.status != kDone) return 500;
  return reply.no_retry ? 400 : 200;
}

}  // namespace

Result<outbound::Response> response_of(const WorkerReply& reply) {
  if (reply.body.size() > kReplyBytesMax) {
    return fail(Code::kPayloadTooLarge, "The worker has answered more than 8 MiB");
  }
  outbound::Response response;
  response.status = http_status_of(reply);
  response.headers = {{"x-inngest-sdk", std::string(reply.sdk_version)},
                      {"x-inngest-no-retry", reply.no_retry ? "true" : "false"}};
  if (!reply.retry_after.empty()) {
    response.headers.push_back({"retry-after", std::string(reply.retry_after)});
  }
  if (reply.request_version > 0) {
    response.headers.push_back({"x-inngest-req-version", std::to_string(reply.request_version)});
  }
  response.body = reply.body;
  return response;
}

}  // namespace synap::inngest

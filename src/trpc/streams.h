// The two framings of HTTP that answer over time. Each makes a Response whose stream runs the
// calls: nothing has run when it is returned.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "net/http.h"
#include "trpc/call.h"
#include "trpc/server.h"

namespace synap::trpc {

/// The calls of a batch, whose answers are sent in the order in which they are ready.
struct JsonlPlan {
  std::vector<ReadyCall> calls;
  const Options& options;
  std::stop_token gone;
};
net::Response jsonl_response(JsonlPlan plan);

/// One subscription.
struct SsePlan {
  ReadyCall call;
  const Options& options;
  std::stop_token gone;
  std::string last_event_id;
};
net::Response sse_response(SsePlan plan);

/// The header fields of every answer.
net::Headers common_headers(std::string content_type);

}  // namespace synap::trpc

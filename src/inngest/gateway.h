// Gateway: requests that the pod makes for a step (step.fetch, step.ai.infer), so that no process
// of the app waits for the answer. The op says what is asked; it is never stored, since it may hold
// the key of an API: where another attempt is to come, the app is asked for it again.
//
//   op           memo
//   Gateway      {"data":{"url","status_code","headers","body"}}, whatever the status
//   AIGateway    {"data": what the provider has answered, as JSON}; a status of 300 or more has
//                failed, and so has what is no JSON
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "inngest/reply.h"
#include "outbound/http.h"

namespace synap::inngest {

/// Stands in the User-Agent of what is asked for apps: keyless routes of this pod refuse it, or any
/// user's app could ask for what is the owner's.
inline constexpr std::string_view kGatewayAgent = "synap-gateway";

inline bool is_gateway_op(std::string_view op) {
  return op == "Gateway" || op == "AIGateway";
}

/// What `op` asks for. kBadRequest says what is wrong with it.
Result<outbound::Request> gateway_request(const ReportedOp& op);
/// What came of it, as a Reply of kind kDone or kFailed. `unix_ms` as in read_reply.
Reply gateway_reply(const ReportedOp& op, Result<outbound::Response> response,
                    std::int64_t unix_ms);

}  // namespace synap::inngest

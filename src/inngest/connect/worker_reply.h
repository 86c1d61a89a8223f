// What a worker has answered, as HTTP would have it: so it is read as every app's answer is
// (reply.h).
#pragma once

#include "base/status.h"
#include "inngest/connect/messages.h"
#include "outbound/http.h"

namespace synap::inngest {

/// kPayloadTooLarge: more than kReplyBytesMax.
Result<outbound::Response> response_of(const WorkerReply& reply);

}  // namespace synap::inngest

// What a WaitForEvent op waits for, as the workers look for it.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "inngest/reply.h"
#include "workers/op.h"

namespace synap::inngest {

/// `event` is what the run is for, as SDKs see it: its values are put into the condition now.
/// `user_id` is whose run it is.
/// kBadRequest: the condition is none; kNotImplemented: the event cannot be waited for.
Result<workers::EventWait> wait_of(const ReportedOp& op, const Json& event,
                                   std::string_view user_id);

}  // namespace synap::inngest

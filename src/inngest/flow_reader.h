// Reads the flow control of a function as SDKs register it.
//
//   idempotency  "event.data.id"
//   rateLimit    {limit, period, key?}          throttle   {limit, period, key?, burst?}
//   debounce     {period, key?, timeout?}       singleton  {mode: "skip" | "cancel", key?}
//   batchEvents  {maxSize, timeout, key?, if?}
//
// Periods are durations ("5s"), keys and conditions are expressions over `event`.
#pragma once

#include "base/json.h"
#include "base/status.h"
#include "bus/flow.h"

namespace synap::inngest {

/// Of a function's registration. kBadRequest says which member is wrong, and why.
Result<bus::Flow> read_flow(const Json& function);

/// Of one condition or key. kBadRequest: it is no expression, or not over these variables.
Result<cel::Expression> read_expression(std::string_view text,
                                        std::vector<std::string> variables = {"event"});

}  // namespace synap::inngest

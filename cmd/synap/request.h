// Requests: a command is answered when it is on disk; what became of it is known a moment later.
#pragma once

#include "base/json.h"
#include "base/status.h"
#include "synap/pod_client.h"

namespace synap::cli {

/// "--wait".
Option wait_option(bool& waits);

/// Watches until the command with this answer has completed, at most a minute, and gives the answer
/// with its "status" as it is then. What was never pending is given as it is. The error of one that
/// failed, with {"requestId"}; kTimeout: it is still under way.
Result<Json> wait_for(PodClient& pod, Json answer);

}  // namespace synap::cli

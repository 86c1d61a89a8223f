// Requests: a command is answered when it is on disk; what became of it is known a moment later.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "synap/pod_client.h"

namespace synap::cli {

/// Whether what becomes of a command is waited for, and for how long.
struct Waiting {
  static constexpr std::int64_t kSecondsDefault = 60;
  bool waits = false;
  std::optional<std::string> seconds = {};  // as typed
};
/// "--wait" and "--timeout".
std::vector<Option> wait_options(Waiting& waiting);
/// kBadRequest, before a pod is asked: no number of seconds, or one of what is not waited for.
Result<std::chrono::seconds> time_to_wait(const Waiting& waiting);

/// "--caused-by": the event because of which a command is given (PodClient::set_cause).
Option cause_option(std::string& event_id);

/// "--reason": why it is given (PodClient::set_reason).
Option reason_option(std::string& reason);

/// Watches until the command with this answer has completed, at most so long, and gives the answer
/// with its "status" as it is then, and the numbers of what it came to ("changed"). What was never
/// pending is given as it is. The error of one that failed; kTimeout of one that is still under
/// way; kPreconditionFailed of one whose end cannot be asked for, as by a key without
/// requests:read. All with {"requestId"}.
Result<Json> wait_for(PodClient& pod, Json answer, std::chrono::seconds time_max);

/// Says on stderr of a renamed tag that nothing had it, where its answer says so.
void tell_if_nothing_changed(const Json& answer);

/// Says on stderr of an answer that the command became a proposal: nothing is done yet. Nothing of
/// any other.
void tell_if_proposed(const Json& answer);

}  // namespace synap::cli

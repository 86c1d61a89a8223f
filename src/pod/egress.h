// Egress: where a pod sends what is its users'. Each client that calls what users name, or sends
// what they have written, is made with one policy.
#pragma once

#include "outbound/policy.h"
#include "pod/pod.h"
#include "workers/node_lease.h"

namespace synap::pod {

/// Of the settings egress_allowed and outbound_allowed. `own`: what the owner's settings name
/// besides, as providers of models; it is allowed in any case.
Result<outbound::Policy> egress_policy(const PodOptions& options,
                                       const std::vector<std::string>& own);

/// Of what asks providers: their addresses are the owner's own, as he has set them, and the guard
/// is for what others have written.
Result<outbound::Policy> egress_policy_of_models(const PodOptions& options);

/// Why nothing is sent now: this node has stood still for longer than its lease, and may have a
/// successor that does the same (outbound::ClientOptions::refuse_to_send). `code`: by which whoever
/// asked knows that it is to be asked anew, when the lease holds.
std::optional<Error> refusal_without(const workers::NodeLease& lease, Code code);

}  // namespace synap::pod

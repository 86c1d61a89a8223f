// Egress: where a pod sends what is its users'. Each client that calls what users name, or sends
// what they have written, is made with one policy.
#pragma once

#include "outbound/policy.h"
#include "pod/pod.h"

namespace synap::pod {

/// Of the settings egress_allowed and outbound_allowed. `own`: what the owner's settings name
/// besides, as providers of models; it is allowed in any case.
Result<outbound::Policy> egress_policy(const PodOptions& options,
                                       const std::vector<std::string>& own);

}  // namespace synap::pod

#include "pod/egress.h"

namespace synap::pod {

Result<outbound::Policy> egress_policy(const PodOptions& options,
                                       const std::vector<std::string>& own) {
  auto allowed = options.outbound_allowed;
  allowed.insert(allowed.end(), own.begin(), own.end());
  const auto& only = options.egress_allowed;
  if (only.empty()) return outbound::Policy::public_only(allowed);
  allowed.insert(allowed.end(), only.begin(), only.end());
  return outbound::Policy::these_only(allowed);
}

}  // namespace synap::pod

#include "pod/egress.h"

namespace synap::pod {

Result<outbound::Policy> egress_policy(const PodOptions& options,
                                       const std::vector<std::string>& own) {
  auto allowed = options.outbound_allowed;
  allowed.insert(allowed.end(), own.begin(), own.end());
  const auto& only = options.egress_allowed;
  if (only.empty()) return outbound::Policy::public_only(allowed);
  return outbound::Policy::these_only(only, allowed);
}

Result<outbound::Policy> egress_policy_of_models(const PodOptions& options) {
  std::vector<std::string> providers;
  for (const auto* list : {&options.models.chat, &options.models.embed}) {
    for (const auto& provider : *list) providers.push_back(models::destination_of(provider));
  }
  return egress_policy(options, providers);
}

std::optional<Error> refusal_without(const workers::NodeLease& lease, Code code) {
  if (lease.holds()) return std::nullopt;
  return Error{code, "This node has stood still, and looks first whether it is still there",
               nullptr};
}

}  // namespace synap::pod

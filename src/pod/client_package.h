// The TypeScript client of this version, as the pod carries it: a pod and a client that was
// installed from it always match.
#pragma once

#include <string_view>

namespace synap::pod {

/// The bytes of synap-client.tgz, which npm installs (tools/client_package.sh). Static.
std::string_view client_package();

}  // namespace synap::pod

// The TypeScript client of this version, as the pod carries it: a pod and a client that was
// installed from it always match.
#pragma once

#include "page/files.h"

namespace synap::pod {

/// synap-client.tgz, which npm installs (tools/client_package.sh). The next version of the pod has
/// another under this name.
page::File client_package();

}  // namespace synap::pod

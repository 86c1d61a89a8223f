// apps.list, apps.keys, apps.sync and apps.remove: what a user sees and does of their apps.
#pragma once

#include <functional>

#include "inngest/apps.h"
#include "inngest/syncer.h"
#include "rpc/procedure.h"

namespace synap::inngest {

/// Who answers. Nothing is called before a procedure is.
struct AppsOfPod {
  std::function<Apps&()> apps;
  std::function<Syncer&()> syncer;
};

void add_procedures(rpc::ProcedureTable& procedures, AppsOfPod pod);

}  // namespace synap::inngest

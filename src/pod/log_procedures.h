// pod.logs and pod.watchLogs: the newest lines of the pod's log for its owners, wherever they are.
#pragma once

#include <string>

#include "base/recent_lines.h"
#include "rpc/procedure.h"

namespace synap::pod {

/// `lines` must outlive every call. `process` tells the lines of this process from those of the
/// ones before it, whose numbers are the same: no dot in it.
void add_log_procedures(rpc::ProcedureTable& procedures, RecentLines& lines, std::string process);

}  // namespace synap::pod

// nodes.list: which nodes the pod has, which of them leads, and how far its followers are.
#pragma once

#include <functional>

#include "pod/nodes.h"
#include "projections/projections.h"
#include "rpc/procedure.h"

namespace synap::pod {

/// `nodes`: null while there are none, or where the pod is alone. All must outlive the procedures.
void add_node_procedures(rpc::ProcedureTable& procedures, std::function<Nodes*()> nodes,
                         projections::Projections& projections);

}  // namespace synap::pod

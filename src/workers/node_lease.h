// NodeLease: whether what this node has claimed is still its own. Who is removed from the nodes of
// a pod can store nothing any more (db/postgres/nodes.h), but could still call others: so before
// anything begins outside of the database it is asked for this. A node that is alone has no lease,
// and needs none.
#pragma once

#include <functional>

#include "base/status.h"
#include "base/task.h"

namespace synap::workers {

struct NodeLease {
  /// Nobody else can have been given what this node has claimed. Asks nobody; any thread.
  std::function<bool()> holds = [] { return true; };
  /// Where nothing but the database can tell, it is asked. kServiceUnavailable: it is not so, or
  /// there is no answer, and nothing may begin.
  std::function<Task<Result<>>()> hold = []() -> Task<Result<>> { co_return Result<>{}; };
};

}  // namespace synap::workers

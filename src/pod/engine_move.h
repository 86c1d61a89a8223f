// EngineMove: a pod's events, runs and all else that its database has, copied from one engine to
// the other: from synap.db of a data directory into a database of a PostgreSQL server, or back.
//
// The log is copied as it is stored, so its chain is the same; tables that do not follow from it
// are copied row by row in the order of their keys; read models are made again from the log and
// compared with those that were left. What is copied is left as it was, but told that it was left,
// so that no pod goes on there. Broken off anywhere, it goes on where it was when it is begun
// again: what is there is behind a mark, on which no pod starts, or under another name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "db/database.h"
#include "pod/pod.h"

namespace synap::pod {

struct MovedEngine {
  std::int64_t events = 0;
  std::string head;              // the link of the last one, hexadecimal
  std::int64_t rows = 0;         // of tables that do not follow from the log
  std::int64_t projections = 0;  // read models, made again from the log
  /// An earlier call had moved it, and was broken off before it could say so: the log was verified
  /// again, and no more.
  bool was_there = false;
  /// Those of them that are other than they were before.
  std::vector<std::string> different;
};

struct EngineMoveOptions {
  /// Of the pod: its directory, and all but `database`.
  PodOptions pod;
  std::string url;  // the database on a server
  bool is_to_server = true;
  /// Told of progress, in a sentence, now and then.
  std::function<void(std::string_view)> tell;
};

/// Blocks. Nothing else may have the pod. kPreconditionFailed, kConflict, kNotFound: it cannot be
/// done as asked, with a sentence; nothing was changed but in what it is copied to.
/// Fault::kDamaged: the copy is not what it was made from.
Result<MovedEngine> move_engine(const EngineMoveOptions& options);

std::vector<db::Database::Migration> engine_move_migrations();
/// kPreconditionFailed: the database is being moved to, or was left.
Task<Result<>> check_not_moved(db::Database& database);

}  // namespace synap::pod

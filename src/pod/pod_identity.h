// Which pod a database and a data directory are of, where the one is on a server: whoever starts a
// pod may name a database and a directory that do not belong together, and would find none of its
// texts, or lay others beside them.
#pragma once

#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "db/database.h"
#include "pod/data_directory.h"

namespace synap::pod {

std::vector<db::Database::Migration> pod_identity_migrations();

/// Makes the directory that of the database's pod, or finds that it is. kPreconditionFailed, with a
/// sentence: it is another pod's, or the pod keeps its texts in another one. `keeps_texts`: texts
/// are in the directory. To be called when the tables of notes are there, and before anything is
/// stored.
Task<Result<>> enter_data_directory(db::Database& database, const DataDirectory& directory,
                                    bool keeps_texts);

}  // namespace synap::pod

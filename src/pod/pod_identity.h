// Which pod a database and a data directory are of, where the one is on a server: whoever starts a
// pod may name a database and a directory that do not belong together, and would find none of its
// texts, or lay others beside them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "db/database.h"
#include "pod/data_directory.h"

namespace synap::pod {

std::vector<db::Database::Migration> pod_identity_migrations();

/// Where the texts are of the pod of a data directory.
enum class Texts : std::uint8_t {
  kElsewhere,   // in a bucket
  kHere,        // in the directory
  kHereForAll,  // there, where all nodes reach them
};

/// Within the first transaction on the database: aborts it where enter_data_directory() would
/// refuse, with the same sentences, so that a database of nobody's stays one.
void check_data_directory(db::Tx& tx, const DataDirectory& directory, Texts texts);

/// Makes the directory that of the database's pod, or finds that it is. kPreconditionFailed, with a
/// sentence: it is another pod's, or the pod keeps its texts in another one. To be called when the
/// tables of notes are there, and before anything is stored.
Task<Result<>> enter_data_directory(db::Database& database, const DataDirectory& directory,
                                    Texts texts);

/// By how many the secret is used from which signing keys are derived.
enum class Sharing : std::uint8_t { kOne, kMany };
/// That of all nodes: the first of many has brought its `own`. Of a pod that never had many: `own`.
Task<Result<std::string>> shared_secret(db::Database& database, std::string own, Sharing sharing);

}  // namespace synap::pod

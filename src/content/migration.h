// Migration of content from one store to another, of any kinds: all names, each copied, read back
// from where it was put, and compared.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/task.h"
#include "content/store.h"

namespace synap::content {

/// How far a migration has come.
struct Migrated {
  std::int64_t count = 0;  // pieces of content
  std::int64_t bytes = 0;
  /// All up to here are there, in the order of the store they come from: where to go on.
  std::string after;
};

/// Copies what comes behind `begin.after`, and tells of each page when it is there, on the
/// executor; what it tells goes on from `begin`. The stores must not change meanwhile, but for what
/// this does; what is in `to` under a name of `from` is replaced where it differs, and all else
/// stays. Fault::kDamaged: what `to` gives back is not what it was given. Other errors are those of
/// the stores; then it can be called again with what was told last.
Task<Result<Migrated>> migrate(ContentStore& from, ContentStore& to, Migrated begin,
                               std::function<Result<>(const Migrated&)> tell);

}  // namespace synap::content

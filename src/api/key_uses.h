// KeyUses: when each key was last used, written down now and then.
//
// It is known in memory from the moment of the call and reaches the disk within a minute, all keys
// in one go: no call costs a write. It is not in the log (events/log.h) and no projection: a crash
// loses the last minute of it, a clean stop nothing.
#pragma once

#include <stop_token>
#include <vector>

#include "api/live_keys.h"
#include "base/task.h"
#include "base/world.h"
#include "db/database.h"

namespace synap::api {

class KeyUses {
 public:
  /// Table `key_uses`: a key's row is there once it was used.
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  KeyUses(db::Database& database, LiveKeys& keys, World& world)
      : database_(database), keys_(keys), world_(world) {}
  KeyUses(const KeyUses&) = delete;
  KeyUses& operator=(const KeyUses&) = delete;

  /// Writes once a minute, and ends what goes on with keys that have expired. Writes once more when
  /// it is asked to stop, which ends it: while the database is open.
  Task<void> run(std::stop_token stop);
  /// Writes what is not written. Where that fails it is tried again next time.
  Task<Result<>> write();

 private:
  db::Database& database_;
  LiveKeys& keys_;
  World& world_;
};

}  // namespace synap::api

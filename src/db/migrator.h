// Migrator: which migrations a database has been through, and which are still to be run.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/world.h"
#include "db/database.h"

namespace synap::db {

class Migrator {
 public:
  explicit Migrator(World& world) : world_(world) {}

  /// Runs the statements of one.
  using Execute = std::function<Result<>(const Database::Migration&)>;
  /// Within a transaction, with a table `migrations(name, applied_at)`: as Database::migrate; what
  /// goes wrong is the closure's error.
  void run(Tx& tx, const std::vector<Database::Migration>& migrations,
           const std::vector<Database::Retired>& retired, const Execute& execute);

 private:
  void check(Tx& tx, const std::vector<Database::Retired>& retired) const;
  void apply(Tx& tx, const Database::Migration& migration, const Execute& execute);

  World& world_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace synap::db

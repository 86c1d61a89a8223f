#include "db/migrator.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::db {

void Migrator::run(Tx& tx, const std::vector<Database::Migration>& migrations,
                   const std::vector<Database::Retired>& retired, const Execute& execute) {
  for (const auto& migration : migrations) known_.emplace(migration.name);
  check(tx, retired);
  for (const auto& migration : migrations) apply(tx, migration, execute);
}

// Another version's tables are not touched: this one does not know what its writes would break.
void Migrator::check(Tx& tx, const std::vector<Database::Retired>& retired) const {
  auto rows = tx.query("SELECT name FROM migrations ORDER BY name");
  while (rows.next()) {
    const auto name = rows.view(0);
    if (known_.contains(name)) continue;
    const auto old = std::ranges::find(retired, name, &Database::Retired::name);
    tx.abort({Code::kPreconditionFailed,
              old != retired.end()
                  ? fmt::format("This data directory was made by {}", old->made_by)
                  : fmt::format("This data directory was made by a newer Synap (it has {}); "
                                "use that version",
                                name),
              nullptr});
    return;
  }
}

void Migrator::apply(Tx& tx, const Database::Migration& migration, const Execute& execute) {
  {
    auto rows = tx.query("SELECT 1 FROM migrations WHERE name = $1", migration.name);
    if (rows.next() || !tx.ok()) return;
  }
  if (auto done = execute(migration); !done) {
    auto error = done.error();
    error.message = fmt::format("Migration {} failed: {}", migration.name, error.message);
    tx.abort(std::move(error));
    return;
  }
  tx.run("INSERT INTO migrations(name, applied_at) VALUES ($1, $2)", migration.name,
         world_.unix_ms());
}

}  // namespace synap::db

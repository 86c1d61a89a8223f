#include "pod/store.h"

#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"
#include "events/postgres/postgres_event_log.h"
#include "events/sqlite/sqlite_event_log.h"

namespace synap::pod {
namespace {

using Migrations = std::vector<db::Database::Migration>;

Migrations in_order(Migrations log, const Migrations& behind) {
  log.insert(log.end(), behind.begin(), behind.end());
  return log;
}

Result<events::Store> in_file(const StoreOptions& options, const Migrations& behind_log,
                      const std::vector<db::Database::Retired>& retired) {
  auto database = db::sqlite::SqliteDatabase::open({.path = options.file, .world = options.world});
  if (!database) return fail(database.error());
  const auto migrations = in_order(events::sqlite::SqliteEventLog::migrations(), behind_log);
  if (auto done = (*database)->migrate(migrations, retired); !done) return fail(done.error());
  auto log = events::sqlite::SqliteEventLog::open(**database, options.world);
  if (!log) return fail(log.error());
  return events::Store{std::move(*database), std::move(*log)};
}

Result<events::Store> on_server(const StoreOptions& options, const Migrations& behind_log,
                        const std::vector<db::Database::Retired>& retired) {
  // Claims of jobs, timers and limits are in memory, so they are one process's.
  auto database = db::postgres::PostgresDatabase::open(
      {.url = options.url, .world = options.world, .is_alone = true});
  if (!database) return fail(database.error());
  const auto migrations = in_order(events::postgres::PostgresEventLog::migrations(), behind_log);
  if (auto done = (*database)->migrate(migrations, retired); !done) return fail(done.error());
  auto log = events::postgres::PostgresEventLog::open(
      **database, {.world = options.world,
                   .positions = events::postgres::Positions::kAtOnce,
                   .is_alone = true});
  if (!log) return fail(log.error());
  return events::Store{std::move(*database), std::move(*log)};
}

}  // namespace

Result<events::Store> open_store(const StoreOptions& options, const Migrations& behind_log,
                         const std::vector<db::Database::Retired>& retired) {
  return options.url.empty() ? in_file(options, behind_log, retired)
                             : on_server(options, behind_log, retired);
}

}  // namespace synap::pod

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

template <class Engine>
Result<std::unique_ptr<Engine>> migrated(Result<std::unique_ptr<Engine>> database,
                                         const Migrations& of_log, const Migrations& behind_log,
                                         const std::vector<db::Database::Retired>& retired) {
  if (!database) return database;
  if (auto done = (*database)->migrate(in_order(of_log, behind_log), retired); !done) {
    return fail(done.error());
  }
  return database;
}

auto open_file(const StoreOptions& options, const Migrations& behind_log,
               const std::vector<db::Database::Retired>& retired) {
  return migrated(
      db::sqlite::SqliteDatabase::open(
          {.path = options.file, .world = options.world, .is_in_place = options.is_in_place}),
      events::sqlite::SqliteEventLog::migrations(), behind_log, retired);
}

auto open_server(const StoreOptions& options, const Migrations& behind_log,
                 const std::vector<db::Database::Retired>& retired) {
  using events::postgres::PostgresEventLog;
  auto database = migrated(db::postgres::PostgresDatabase::open({.url = options.url,
                                                                 .world = options.world,
                                                                 .is_alone = !options.node,
                                                                 .node = options.node,
                                                                 .check_first = options.check_first,
                                                                 .is_pooled = options.is_pooled}),
                           PostgresEventLog::migrations(), behind_log, retired);
  if (!database) return database;
  const auto kept =
      PostgresEventLog::keep_in_parts(**database, options.log_part_events, options.world);
  if (!kept) database = fail(kept.error());
  return database;
}

Result<events::Store> in_file(const StoreOptions& options, const Migrations& behind_log,
                              const std::vector<db::Database::Retired>& retired) {
  auto database = open_file(options, behind_log, retired);
  if (!database) return fail(database.error());
  auto log = events::sqlite::SqliteEventLog::open(**database, options.world);
  if (!log) return fail(log.error());
  return events::Store{std::move(*database), std::move(*log)};
}

Result<events::Store> on_server(const StoreOptions& options, const Migrations& behind_log,
                                const std::vector<db::Database::Retired>& retired) {
  auto database = open_server(options, behind_log, retired);
  if (!database) return fail(database.error());
  auto log = events::postgres::PostgresEventLog::open(
      **database, {.world = options.world,
                   .url = options.url,
                   .look_every = std::nullopt,  // the heartbeat of a node does
                   .positions = events::postgres::Positions::kAtOnce,
                   .others_have_appended = options.others_have_appended,
                   .is_pooled = options.is_pooled,
                   .is_alone = !options.node});
  if (!log) return fail(log.error());
  return events::Store{std::move(*database), std::move(*log)};
}

}  // namespace

Result<std::unique_ptr<db::Engine>> open_database(
    const StoreOptions& options, const Migrations& behind_log,
    const std::vector<db::Database::Retired>& retired) {
  const auto as_engine = [](auto opened) -> Result<std::unique_ptr<db::Engine>> {
    if (!opened) return fail(opened.error());
    return std::unique_ptr<db::Engine>(std::move(*opened));
  };
  if (options.url.empty()) return as_engine(open_file(options, behind_log, retired));
  return as_engine(open_server(options, behind_log, retired));
}

Result<std::shared_ptr<db::Engine>> open_beside(const StoreOptions& options) {
  if (options.url.empty()) return nullptr;
  auto opened = db::postgres::PostgresDatabase::open(
      {.url = options.url,
       .world = options.world,
       .readers = 2,
       .is_pooled = options.is_pooled,
       // A look for words that nearly all texts have; what is beyond is ranked within a window.
       .read_time_max = std::chrono::milliseconds(1'000),
       // Terms are made within the transaction: those of a few texts of 1 MiB take seconds, and
       // nothing is locked meanwhile but tables of this index.
       .idle_time_max = std::chrono::minutes(1)});
  if (!opened) return fail(opened.error());
  return std::shared_ptr<db::Engine>(std::move(*opened));
}

Result<std::shared_ptr<db::Engine>> open_for_long(const StoreOptions& options) {
  auto opened = db::postgres::PostgresDatabase::open({.url = options.url,
                                                      .world = options.world,
                                                      .readers = 1,
                                                      .is_pooled = options.is_pooled,
                                                      .statement_time_max = std::chrono::hours(6)});
  if (!opened) return fail(opened.error());
  return std::shared_ptr<db::Engine>(std::move(*opened));
}

bool is_lost(const db::Engine& database) {
  const auto* on_server = dynamic_cast<const db::postgres::PostgresDatabase*>(&database);
  return on_server != nullptr && on_server->is_lost();
}

std::chrono::nanoseconds shown_at(const db::Engine& database) {
  const auto* on_server = dynamic_cast<const db::postgres::PostgresDatabase*>(&database);
  return on_server != nullptr ? on_server->shown_at() : std::chrono::nanoseconds(0);
}

void tell_others(events::EventLog& log) {
  if (auto* shared = dynamic_cast<events::postgres::PostgresEventLog*>(&log)) shared->tell_others();
}

void look_at_log(events::EventLog& log, db::Tx& tx) {
  if (auto* shared = dynamic_cast<events::postgres::PostgresEventLog*>(&log)) shared->look(tx);
}

std::optional<std::int64_t> node_of(const db::Engine& database) {
  const auto* on_server = dynamic_cast<const db::postgres::PostgresDatabase*>(&database);
  return on_server != nullptr ? on_server->node() : std::nullopt;
}

Result<events::Store> open_store(const StoreOptions& options, const Migrations& behind_log,
                                 const std::vector<db::Database::Retired>& retired) {
  return options.url.empty() ? in_file(options, behind_log, retired)
                             : on_server(options, behind_log, retired);
}

}  // namespace synap::pod

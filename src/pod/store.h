// Where a pod keeps its events, runs and read models: a database and the log in it, of the engine
// that its settings name.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/world.h"
#include "db/postgres/nodes.h"
#include "events/store.h"

namespace synap::pod {

struct StoreOptions {
  /// A database of a PostgreSQL server, as libpq takes it; empty: it is in `file`.
  std::string url;
  std::string file;
  /// Between it and the pod is a pooler of transactions (db::postgres::ConnectionOptions).
  bool is_pooled = false;
  /// One of many nodes on the server, by this name and version; nothing: alone.
  std::optional<db::postgres::NodeName> node = {};
  /// Of a node, on a thread of its own: another one has appended.
  std::function<void()> others_have_appended = {};
  std::int64_t log_part_events = 1'000'000;  // on a server
  /// There: db::postgres::PostgresOptions.
  std::function<void(db::Tx&)> check_first = {};
  World& world = real_world();
  /// Of a file: asked before each group of writes (db::sqlite::SqliteOptions).
  std::function<Result<>()> is_in_place = {};
};

/// Opens the database alone, without its log, and brings the tables up to date: for whoever copies
/// what is in them. Errors as below.
Result<std::unique_ptr<db::Engine>> open_database(
    const StoreOptions& options, const std::vector<db::Database::Migration>& behind_log,
    const std::vector<db::Database::Retired>& retired = {});

/// Opens, brings the tables up to date, `behind_log` behind those of the log, and finds the end of
/// the log. kServiceUnavailable: it cannot be reached, or another pod has it; kPreconditionFailed:
/// it is of another version; with sentences.
Result<events::Store> open_store(const StoreOptions& options,
                                 const std::vector<db::Database::Migration>& behind_log,
                                 const std::vector<db::Database::Retired>& retired = {});

/// The same database once more, for what nobody's command is to wait for: indexes, which its nodes
/// share. nullptr: it is in a file.
Result<std::shared_ptr<db::Engine>> open_beside(const StoreOptions& options);
/// Another one beside that, for statements that take minutes and for which nobody waits.
Result<std::shared_ptr<db::Engine>> open_for_long(const StoreOptions& options);

/// Another pod has the database, or has had it meanwhile, or the other nodes go on without this
/// one. Any thread.
bool is_lost(const db::Engine& database);
/// db::postgres::PostgresDatabase::shown_at().
std::chrono::nanoseconds shown_at(const db::Engine& database);
/// Tells other nodes that something is committed which is theirs. Any thread.
void tell_others(events::EventLog& log);
/// In a transaction of the pod's database: finds what other nodes have appended to the log
/// (PostgresEventLog::look).
void look_at_log(events::EventLog& log, db::Tx& tx);
/// The number of this one of many nodes; nothing: it is alone.
std::optional<std::int64_t> node_of(const db::Engine& database);

}  // namespace synap::pod

// Every feature of a pod, in one list. A new noun is a file and a line in features.cpp.
#pragma once

#include <vector>

#include "db/database.h"
#include "features/rooms.h"

namespace synap::pod {

/// The tables of all rooms and features but the log's, in the order in which they are made: behind
/// those of the log, which each engine has its own.
std::vector<db::Database::Migration> migrations_behind_log();
/// The names of those, and of the log's: what a database of this version has been through.
/// `database`: on a server, as PodOptions has it; empty: in a data directory.
std::vector<std::string_view> migration_names(const std::string& database);
/// Those of earlier versions, whose data directories cannot be used.
std::vector<db::Database::Retired> retired_migrations();

/// Registers event types, functions and procedures. They keep `rooms`, which must outlive them;
/// nothing of it but its registries is used before one of them is called.
void add_features(const features::Rooms& rooms);

}  // namespace synap::pod

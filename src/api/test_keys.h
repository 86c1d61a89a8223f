// A log with users and their keys, for the tests of this room. Included by tests only.
#pragma once

#include <memory>

#include "api/keys.h"
#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "projections/projections.h"

namespace synap::api {

/// Where it is kept can be opened again and again, one at a time.
struct TestKeys {
  void open(const std::string& directory, RateLimit limit = RateLimit(0),
            World& world = real_world()) {
    close();
    if (types.all().empty()) {
      types = events::EventTypes(world);
      Keys::add_event_types(types);
    }
    database = std::move(*db::sqlite::SqliteDatabase::open({.path = directory + "/test.db"}));
    auto tables = events::sqlite::SqliteEventLog::migrations();
    for (const auto& list : {projections::Projections::migrations(), Keys::migrations()}) {
      tables.insert(tables.end(), list.begin(), list.end());
    }
    SYNAP_CHECK(database->migrate(tables).has_value());
    log = std::move(*events::sqlite::SqliteEventLog::open(*database));
    projections = std::make_unique<projections::Projections>(*database, *log, types);
    projections->add(Keys::projection());
    SYNAP_CHECK(projections->prepare().has_value());
    keys = std::make_unique<Keys>(*database, *log, types, limit, world);
  }
  void close() {
    keys.reset();
    projections.reset();
    log.reset();
    database.reset();
  }

  events::EventTypes types;
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  std::unique_ptr<projections::Projections> projections;
  std::unique_ptr<Keys> keys;
};

}  // namespace synap::api

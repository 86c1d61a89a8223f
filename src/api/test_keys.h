// A log with users and their keys, for the tests of this room. Included by tests only.
#pragma once

#include <memory>

#include "api/keys.h"
#include "base/test_support.h"
#include "events/test_store.h"
#include "projections/projections.h"

namespace synap::api {

/// Where it is kept can be opened again and again, one at a time.
struct TestKeys {
  void open(RateLimit limit = RateLimit(0), World& world = real_world()) {
    close();
    if (types.all().empty()) {
      types = events::EventTypes(world);
      Keys::add_event_types(types);
    }
    auto opened = store->open({projections::Projections::migrations(), Keys::migrations()});
    database = std::move(opened.database);
    log = std::move(opened.log);
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
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<events::EventLog> log;
  std::unique_ptr<projections::Projections> projections;
  std::unique_ptr<Keys> keys;
};

}  // namespace synap::api

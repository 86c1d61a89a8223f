// Store: an open database and the log in it.
#pragma once

#include <memory>

#include "db/engine.h"
#include "events/log.h"

namespace synap::events {

/// The database must outlive the log.
struct Store {
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<EventLog> log;

  void close() {
    log.reset();
    database.reset();
  }
};

}  // namespace synap::events

// Dispatcher: turns events into runs. It observes the log: for every event that is appended it
// makes one run for each function that the event triggers, in the transaction that appends the
// event. So a run is made exactly once, and is on disk with its event for no sync of its own: the
// log is the outbox.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/function.h"
#include "bus/queue.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::bus {

/// The tables `runs_data` and `jobs`, shared with the run store of the workers.
std::vector<db::Database::Migration> migrations();

class Dispatcher {
 public:
  /// All must outlive the log's last append.
  Dispatcher(const Functions& functions, Queue& queue, World& world = real_world())
      : functions_(functions), queue_(queue), world_(world) {}

  /// Dispatches what is appended from now on. Once, before anything is.
  void observe(events::EventLog& log);

 private:
  void dispatch(db::Tx& tx, std::span<const events::EventRef> events);
  Job make_run(db::Tx& tx, const Function& function, const events::Event& event);
  const std::vector<const Function*>& functions_for(const std::string& event_type);

  const Functions& functions_;
  Queue& queue_;
  World& world_;
  // Writer thread only.
  std::unordered_map<std::string, std::vector<const Function*>> functions_by_type_;
};

}  // namespace synap::bus

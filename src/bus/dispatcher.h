// Dispatcher: turns events into runs. It follows the log by position: for every event it makes one
// run for each function that the event triggers, and moves its checkpoint past the event, in one
// transaction. So a run is made exactly once, whatever happens in between: the log is the outbox.
//
// It does this within the commit that appends the events (Database::before_commit), so that a
// command's run is on disk with the command, for no sync of its own. What a crash or an error left
// behind is picked up by the next commit: it always goes on from the checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/function.h"
#include "bus/queue.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::bus {

/// The tables `runs_data`, `jobs` and `checkpoints`, shared with the run store of the workers.
std::vector<db::Database::Migration> migrations();

class Dispatcher {
 public:
  /// All must outlive the database's last commit.
  Dispatcher(db::Database& database, events::EventLog& log, const Functions& functions,
             Queue& queue);

  /// Follows the log from now on, and catches up with what is behind the checkpoint. Once.
  Task<Result<>> start();

 private:
  void dispatch(db::Tx& tx);
  /// Makes the runs of some events; where it got to.
  std::int64_t dispatch_batch(db::Tx& tx, std::int64_t after, std::vector<Job>& jobs);
  Job make_run(db::Tx& tx, const Function& function, const events::EventHead& event);
  const std::vector<const Function*>& functions_for(std::string_view event_type);

  db::Database& database_;
  events::EventLog& log_;
  const Functions& functions_;
  Queue& queue_;
  // Writer thread only.
  std::unordered_map<std::string_view, std::vector<const Function*>> functions_by_type_;
  std::int64_t checkpoint_ = -1;  // -1: not read yet
};

}  // namespace synap::bus

// Threads of LangGraph: what its checkpointers outside keep here, so that a graph goes on where it
// was when its process has died. A thread has checkpoints in namespaces (one for each subgraph);
// values of channels are kept once a version, so a step costs what it changed; writes of tasks
// belong to the checkpoint that they were made from.
//
// All of it is state of runs: tables, not events, and it can be pruned. What is an event is that a
// thread was created, waits for an answer, goes on, or was deleted. What the values mean is the
// serializer's affair: a type and bytes.
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "base/world.h"
#include "features/rooms.h"

namespace synap::features::checkpoints {

std::vector<db::Database::Migration> migrations();

void add(const Rooms& rooms);

/// Takes away threads that nobody has used for long, and what deleted ones have left. Never one
/// that waits for an answer.
class ThreadPruner {
 public:
  /// `age` 0: none is taken away for its age. All must outlive it.
  ThreadPruner(std::chrono::milliseconds age, db::Database& database, events::EventLog& log,
               events::EventTypes& types)
      : age_(age), database_(database), log_(log), types_(types) {}

  /// Takes away what is to go by now, in slices. How many threads were taken away.
  Task<Result<std::int64_t>> round(std::stop_token stop);
  /// Some time after the start, and each hour, until `stop` is asked for.
  Task<void> run(std::stop_token stop);

 private:
  const std::chrono::milliseconds age_;
  db::Database& database_;
  events::EventLog& log_;
  events::EventTypes& types_;
};

}  // namespace synap::features::checkpoints

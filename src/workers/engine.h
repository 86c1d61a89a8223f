// Engine: the bus and the workers of one pod, put together: functions, the queue and the tables of
// jobs, what makes runs of events, what is stored of runs, and the pool that has them done.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/world.h"
#include "bus/dispatcher.h"
#include "bus/function.h"
#include "bus/job_store.h"
#include "bus/queue.h"
#include "workers/admission.h"
#include "workers/replays.h"
#include "workers/run_control.h"
#include "workers/run_maker.h"
#include "workers/run_store.h"
#include "workers/scheduler.h"
#include "workers/worker_pool.h"

namespace synap::workers {

struct EngineOptions {
  World& world = real_world();
  bus::QueueLimits queue = {};
  WorkerPoolOptions pool = {};  // its World is the one above
  /// What is appended has runs here. False: of what was begun here the rest is done; whatever is
  /// new is another's (inngest/serve).
  bool takes_events = true;
  /// Who is told of spans; null: nobody.
  Tracer* tracer = nullptr;
};

struct Engine {
  /// Those of the bus and of the workers.
  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it, and the database be closed before it goes: closures that are queued there
  /// are its own.
  Engine(db::Database& database, events::EventLog& log, events::EventTypes& types,
         EngineOptions options = {});

  /// When all functions of C++ are added, and before anything is appended: runs are made of what is
  /// from now on. Blocks meanwhile.
  Result<> observe();
  /// Before anything else, of one of many nodes; by this name.
  void share(RunSharing::Options options, std::string name);
  /// Behind observe(), of a node that does not lead: it does what the one that does assigns to it.
  void help() { pool->help(); }
  /// Behind that, of one of many nodes when it leads: what an earlier process left is taken over
  /// and goes on. Blocks meanwhile.
  Result<> work() { return pool->start(); }
  /// Both.
  Result<> start();

  /// Of the node that leads: the others may have added work. `is_thorough`: of the kinds, too, that
  /// are rare, and may wait for a second.
  Task<Result<>> hear_others(bool is_thorough);

  events::EventLog& log;
  bus::Functions functions;
  bus::Queue queue;
  bus::JobStore jobs;
  bus::Dispatcher dispatcher;
  RunStore runs;
  RunMaker maker;
  Admission admission;
  Scheduler scheduler;
  RunControl control;
  Replays replays;                   // follow() is for whoever has the engine
  std::unique_ptr<WorkerPool> pool;  // may go before the others
  const bool takes_events;
};

}  // namespace synap::workers

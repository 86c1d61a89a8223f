#include "workers/engine.h"

#include "bus/function_events.h"
#include "workers/run_pruner.h"

namespace synap::workers {
namespace {

WorkerPoolOptions pool_options(const EngineOptions& options) {
  auto pool = options.pool;
  pool.keeps_schedules = pool.keeps_schedules && options.takes_events;
  return pool;
}

}  // namespace

std::vector<db::Database::Migration> Engine::migrations() {
  auto all = bus::migrations();
  for (const auto& more : RunStore::migrations()) all.push_back(more);
  for (const auto& more : Admission::migrations()) all.push_back(more);
  for (const auto& more : Scheduler::migrations()) all.push_back(more);
  for (const auto& more : RunControl::migrations()) all.push_back(more);
  for (const auto& more : Replays::migrations()) all.push_back(more);
  for (const auto& more : RunPruner::migrations()) all.push_back(more);
  return all;
}

Engine::Engine(db::Database& database, events::EventLog& the_log, events::EventTypes& types,
               EngineOptions options)
    : log(the_log),
      queue(options.queue),
      jobs(database, functions, queue, {.world = options.world}),
      dispatcher(functions, jobs, options.world),
      runs(database, jobs, dispatcher, log, types, options.world, options.tracer),
      maker(database, dispatcher, runs, options.world),
      admission(database, log, dispatcher, runs, maker, options.world),
      scheduler(database, log, types, dispatcher, options.world, options.tracer),
      control(
          {database, log, types, functions, queue, jobs, dispatcher, runs, maker, options.world}),
      replays({database, log, types, functions, jobs, queue, maker, options.world},
              options.takes_events),
      pool(std::make_unique<WorkerPool>(pool_options(options), options.world, functions, queue,
                                        runs, admission, scheduler, log, types)),
      takes_events(options.takes_events) {
  bus::add_function_events(types);
}

void Engine::share(RunSharing::Options options, std::string name) {
  jobs.share({.number = options.node,
              .name = std::move(name),
              .living = [nodes = options.nodes](db::Tx& tx) {
                std::vector<std::int64_t> numbers;
                for (const auto& node : nodes(tx)) numbers.push_back(node.number);
                return numbers;
              }});
  runs.share(options.lease);
  pool->share(std::move(options));
}

Result<> Engine::start() {
  if (auto observing = observe(); !observing) return observing;
  return work();
}

Task<Result<>> Engine::hear_others(bool is_thorough) {
  auto taken = co_await jobs.database().write(db::Lane::kBackground,
                                              [this](db::Tx& tx) { jobs.take_in(tx); });
  if (!taken) co_return taken;
  dispatcher.note_admissions();
  if (!is_thorough) co_return Result<>{};
  runs.limits().look_again();
  replays.look_again();
  co_return Result<>{};
}

Result<> Engine::observe() {
  // Before the first run goes on, since what a run appends makes runs too. Nobody else appends yet:
  // of the jobs that are taken over, none is one that this process has claimed.
  if (takes_events) dispatcher.observe(log);
  return sync_wait(pool->executor(), control.load());
}

}  // namespace synap::workers

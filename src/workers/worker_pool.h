// WorkerPool: takes jobs from the queue and calls their handlers, many at a time on one thread:
// handlers wait (for the disk, for the network) far more than they compute.
//
// One job goes a straight way: load what is stored, call the handler, look at how the call ended
// (completed, failed, parked), store that, let the next of the lane go.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "bus/function.h"
#include "bus/queue.h"
#include "workers/handler.h"
#include "workers/run_store.h"

namespace synap::workers {

struct WorkerPoolOptions {
  int concurrency = 256;  // runs under way at a time
  /// How long the pool must have run before a run that was done alone and saw the process end is
  /// done once more; after the second such end two and a half times as long.
  std::chrono::milliseconds suspect_pause{2'000};
  World& world = real_world();
};

/// How attempts of one function's runs have ended since the start. Any thread.
struct RunCounts {
  Counter completed;
  Counter retried;   // failed, and put away to be tried again
  Counter slept;     // put away until its time comes
  Counter given_up;  // dead letters
  Counter unstored;  // the end could not be stored, so the attempt is made again
  Histogram took = Histogram::of_latency();  // calls of the handler, their waits included
};

class WorkerPool {
 public:
  /// All must outlive the pool.
  WorkerPool(WorkerPoolOptions options, bus::Functions& functions, bus::Queue& queue,
             RunStore& store, events::EventLog& log, events::EventTypes& types);
  /// stop() with no grace. Runs that are still under way end where they are suspended, for good.
  ~WorkerPool();

  struct FunctionOptions {
    bus::RetryPolicy retry;
    bool in_aggregate_order = false;
    bool fulfills = false;                  // bus::Function
    std::vector<std::string> appends = {};  // bus::Function
  };
  /// Registers a handler as a function of this id. Before start(), which registers the `.failed`
  /// types of all triggers.
  void add(std::string function_id, std::unique_ptr<EventHandler> handler, FunctionOptions options);

  /// Fills the queue with the jobs of the table and begins. Blocks while it loads.
  Result<> start();
  /// Takes no more jobs and waits for those under way. A run that has not ended by then goes on
  /// after the next start, from its last stored step. False: some were still under way.
  bool stop(std::chrono::milliseconds grace);

  Executor& executor() { return *executor_; }
  /// Those that were added; any thread after start().
  const bus::Functions& functions() const { return functions_; }
  /// Of a function that was added; any thread after start(), for as long as the pool.
  const RunCounts& counts(const bus::Function& function) const {
    return handlers_.at(&function).counts;
  }
  /// Tries a dead letter again (RunStore::revive), or now what waits for its next attempt or
  /// sleeps. kConflict: there is nothing to hurry.
  Task<Result<>> retry(std::string user_id, Uuid run_id);

 private:
  Task<void> work();
  Task<void> watch_clock();
  Task<bool> may_start(const bus::Job& job);
  Task<void> do_job(bus::Job job);
  Task<void> do_suspects();
  Task<void> do_at_once(bus::Job job);
  Task<void> settle(bus::Job job, const events::Event& event, class Step& step,
                    std::optional<Outcome> outcome);
  Task<void> try_again_soon(bus::Job job);

  const WorkerPoolOptions options_;
  World& world_ = options_.world;
  bus::Functions& functions_;
  bus::Queue& queue_;
  RunStore& store_;
  events::EventLog& log_;
  events::EventTypes& types_;
  struct Handling {
    std::unique_ptr<EventHandler> handler;
    RunCounts counts = {};
  };
  std::unordered_map<const bus::Function*, Handling> handlers_;
  std::stop_source stopping_;
  // Of the executor: see do_suspects().
  std::vector<bus::Job> suspects_;
  Watermark suspects_seen_;  // how many there ever were
  SteadyClock::time_point started_at_;

  std::mutex mutex_;
  std::condition_variable ended_;
  int loops_ = 0;  // coroutines that have not ended
  bool is_started_ = false;

  std::unique_ptr<ThreadExecutor> executor_ =
      std::make_unique<ThreadExecutor>("workers", ThreadPriority::kBackground);
};

}  // namespace synap::workers

// WorkerPool: takes jobs from the queue and has their functions called, many at a time on one
// thread: handlers wait (for the disk, for the network) far more than they compute. Those that
// compute have a thread of their own.
//
// One job goes a straight way: load what is stored, call the driver, look at what the call came to
// (done, failed, waiting for steps), store that.
//
// When a run says that what it needs is out of order, a full disk or a host that is gone, no
// attempt is spent: it is tried again, later and later. When several runs of a function say so and
// none gets through, the function is paused: one run at a time looks whether it may go on.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/run_on.h"
#include "base/task.h"
#include "base/timer.h"
#include "base/world.h"
#include "bus/function.h"
#include "bus/job_store.h"
#include "bus/queue.h"
#include "workers/admission.h"
#include "workers/driver.h"
#include "workers/handler.h"
#include "workers/local_driver.h"
#include "workers/run_sharing.h"
#include "workers/run_store.h"
#include "workers/scheduler.h"

namespace synap::workers {

struct WorkerPoolOptions {
  /// Functions have runs by their schedules.
  bool keeps_schedules = true;
  /// How long the pool must have run before a run that was done alone and saw the process end is
  /// done once more; after the second such end two and a half times as long.
  std::chrono::milliseconds suspect_pause{2'000};
  /// How long a run, and a function, waits at first when what it needs is out of order; then twice
  /// as long each time, up to half a minute.
  std::chrono::milliseconds outage_pause{1'000};
  /// Of what calls have come to and could not be stored yet, in all; what is beyond is not kept,
  /// and its call is made again.
  std::int64_t unstored_bytes_max = std::int64_t{64} << 20;
};

class WorkerPool {
 public:
  /// All must outlive the pool.
  WorkerPool(WorkerPoolOptions options, World& world, bus::Functions& functions, bus::Queue& queue,
             RunStore& store, Admission& admission, Scheduler& scheduler, events::EventLog& log,
             events::EventTypes& types);
  /// stop() with no grace. Runs that are still under way end where they are suspended, for good.
  ~WorkerPool();

  struct FunctionOptions {
    bus::RetryPolicy retry;
    bool in_aggregate_order = false;
    bool fulfills = false;                           // bus::Function
    bool computes = false;                           // bus::Function
    bool is_shared = false;                          // bus::Function
    std::vector<bus::Concurrency> concurrency = {};  // bus::Flow
    std::function<std::vector<std::string>(const events::Event&)> limit_keys = nullptr;  // Function
    std::vector<std::string> appends = {};                     // bus::Function
    decltype(bus::Function::last_words) last_words = nullptr;  // bus::Function
  };
  /// Registers a handler as a function of this id. Before start(), which registers the `.failed`
  /// types of all triggers.
  void add(std::string function_id, std::unique_ptr<EventHandler> handler, FunctionOptions options);
  /// So many calls of one function may be under way at a time.
  int calls_of_function_max() const { return queue_.limits().running_of_function; }
  /// How functions are called that do what this handler does: for put(), of one handler as many as
  /// one likes.
  std::shared_ptr<Driver> make_driver(std::unique_ptr<EventHandler> handler) const;
  /// Also while the pool works: puts a function, and how it is called, in the place of the one of
  /// its id, or adds it. Runs that were begun go on with the new one. Any thread.
  void put(bus::Function function, std::shared_ptr<Driver> driver);
  /// Many at once, which costs what one does; and those of `removed` are triggered no more.
  struct Put {
    bus::Function function;
    std::shared_ptr<Driver> driver;
  };
  void put_all(std::vector<Put> functions, const std::vector<std::string>& removed = {});
  /// It is triggered no more. Its runs wait for its return.
  void remove(std::string_view function_id);

  /// Of one of many nodes, before anything begins.
  void share(RunSharing::Options options);
  /// Takes over what an earlier process left, and begins. Blocks meanwhile.
  Result<> start();
  /// Of a node that does not lead: does what the one that does assigns to it, until start().
  void help();
  /// Takes no more jobs and waits for those under way. A run that has not ended by then goes on
  /// after the next start, from its last stored step. False: some were still under way.
  bool stop(std::chrono::milliseconds grace);

  Executor& executor() { return *executor_; }
  /// How a function that was add()ed is called, by whoever executes runs of it elsewhere; null:
  /// there is none of this id. After start(), any thread.
  std::shared_ptr<LocalDriver> local_driver(std::string_view function_id) const;
  /// Does `task` where calls of this function are done, and waits for it, as a stop() does.
  template <class T>
  Task<T> run(const bus::Function& function, Task<T> task) {
    return run_on(function.computes ? *computing_ : *executor_, counted(std::move(task)));
  }
  /// Stores what a call came to that others have made, of a job that they have claimed
  /// (bus::JobStore::claim_unbegun). kConflict: the claim is not the last one. Any thread.
  Task<Result<>> settle(const bus::Job& job, const events::Event& event, Answer answer);
  /// Those that are there; any thread.
  const bus::Functions& functions() const { return functions_; }
  /// Of a function that is paused since what it needs is out of order: until it is looked at again.
  std::optional<std::chrono::milliseconds> outage_pause_left(std::string_view function_id) const;
  /// RunStore::cancel.
  Task<Result<>> cancel(std::string user_id, Uuid run_id, std::optional<events::Actor> actor) {
    return store_.cancel(std::move(user_id), run_id, std::move(actor));
  }

 private:
  struct Handling {
    std::mutex mutex;
    std::shared_ptr<Driver> driver;
    std::unordered_map<Uuid, int> outages_of;  // runs: how often, one after another
    std::vector<Uuid> out_of_order;            // runs, since one got through; a few
    int pauses = 0;                            // since then
    SteadyClock::time_point paused_until{};
  };

  template <class T>
  Task<T> counted(Task<T> task) {
    one_more();
    auto value = co_await std::move(task);
    one_less();
    co_return value;
  }
  void begin_to_take();
  std::optional<bus::Job> next();
  Task<void> take();
  using PartOfSharing = Task<void> (RunSharing::*)(std::stop_token);
  void begin(PartOfSharing part);
  Task<void> carry_on(PartOfSharing part);
  Task<void> watch();
  Task<void> claim();
  Task<void> extend_leases();
  Task<void> follow_waits();
  Task<void> admit();
  Task<void> keep_schedules();
  Task<void> keep_deadlines();
  void begin(bus::Job job);
  Executor& executor_of(const bus::Job& job);
  static bool keeps_place(const bus::Job& job);
  Task<void> do_jobs(bus::Job job);
  Task<void> do_job(bus::Job& job);
  Task<void> do_suspects();
  /// Raises `over` to 1 behind it.
  Task<void> do_suspect(bus::Job job, std::shared_ptr<Watermark> over);
  Task<void> do_until_stored(bus::Job& job);
  Task<Result<>> do_once(bus::Job& job);
  Task<Result<>> settle(const bus::Job& job, const events::Event& event, Handling& handling,
                        Answer answer, bool may_be_pending);
  Task<Result<>> give_up(const bus::Job& job, const events::Event& event, const Error& error,
                         int attempts, RunStore::Steps steps);
  std::chrono::milliseconds note_outage(const bus::Job& job, Handling& handling);
  void note_order(const bus::Job& job, Handling& handling);
  void note_start(const bus::Job& job, const StoredResults& stored);
  /// Null: the function was taken away.
  std::shared_ptr<Handling> handling_of(std::string_view function_id) const;
  void set_driver(const std::string& function_id, std::shared_ptr<Driver> driver);
  void one_more();
  void one_less();

  const WorkerPoolOptions options_;
  World& world_;
  bus::Functions& functions_;
  bus::Queue& queue_;
  RunStore& store_;
  Admission& admission_;
  Scheduler& scheduler_;
  events::EventLog& log_;
  events::EventTypes& types_;
  mutable std::mutex handlers_mutex_;
  std::unordered_map<std::string, std::shared_ptr<Handling>> handlers_;
  std::unordered_map<std::string, std::shared_ptr<LocalDriver>> locals_;  // changed before start()
  std::stop_source stopping_;
  // Of the executor: see do_suspects().
  std::vector<bus::Job> suspects_;
  Watermark suspects_seen_;  // how many there ever were
  SteadyClock::time_point started_at_;

  std::mutex mutex_;
  std::condition_variable ended_;
  int under_way_ = 0;  // coroutines that have not ended

  std::atomic<std::int64_t> unstored_bytes_ = 0;

  std::unique_ptr<RunSharing> sharing_;  // if this is one of many nodes
  bool is_taking_ = false;               // take() goes on

  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Executor> computing_;  // made when a function computes
};

}  // namespace synap::workers

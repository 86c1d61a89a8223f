#include "workers/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/first_of.h"
#include "base/log.h"
#include "events/damage.h"
#include "workers/local_driver.h"
#include "workers/run_trace.h"

namespace synap::workers {
namespace {

using std::chrono::milliseconds;

// How soon it is tried again to store what became of a job (the disk is full, mostly); then twice
// as long each time, up to a minute: it costs one write that fails.
constexpr milliseconds kStoreRetry(1'000);
constexpr milliseconds kStoreRetryMax(60'000);
// How often a run may be done alone, and the process end before it does; and once before that it
// was done beside others.
constexpr int kStartsAloneMax = 3;
// By how many ends of a process a run has seen, the first beside others: how long the pool must
// have run before it begins alone, in halves of `suspect_pause`, and how long it is alone.
constexpr std::array<int, 3> kPauses{0, 2, 5};
constexpr std::array<milliseconds, 3> kAlone{milliseconds(10'000), milliseconds(60'000),
                                             milliseconds(300'000)};
// How late a jump of the wall clock is noticed at most, where something waits.
constexpr milliseconds kClockMax(200);
// How long a run, or a function, waits at most for what is out of order; how many runs must say so
// for their function to be paused; and of how many it is remembered how often they have.
constexpr milliseconds kPauseMax(30'000);
constexpr std::size_t kRunsThatPause = 3;
constexpr std::size_t kOutagesKept = 10'000;

// The request that an event belongs to, or what else it follows from.
std::string request_of(const events::Event& event) {
  if (event.request_id) return event.request_id->to_string();
  return event.correlation_id ? event.correlation_id->to_string() : event.id.to_string();
}

// Whoever wants each of them finds it by runs.list; the log tells that there are some.
void log_given_up(const bus::Job& job, const events::Event& event, const Error& error,
                  int attempts) {
  write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                    "run {run} of {function} was given up: {error}",
                    {{"run", job.run_id.to_string()},
                     {"function", job.function->id},
                     {"error", error.message},
                     {"code", info(error.code).name},
                     {"attempts", std::int64_t{attempts}},
                     {"user", job.user_id},
                     {"request", request_of(event)}});
}

void log_outage(const bus::Job& job, const events::Event& event, const Error& error) {
  write_log_bounded(Same::kMessage, LogLevel::kWarn, "workers",
                    "run {run} of {function} waits, since what it needs is out of order: {error}",
                    {{"run", job.run_id.to_string()},
                     {"function", job.function->id},
                     {"error", error.message},
                     {"code", info(error.code).name},
                     {"user", job.user_id},
                     {"request", request_of(event)}});
}

// Of a call that is stored.
void log_outcome(const bus::Job& job, const events::Event& event, std::string_view outcome,
                 std::string_view error = "none") {
  if (!is_logged(LogLevel::kDebug)) return;
  write_log(LogLevel::kDebug, "workers", "run {run} of {function} {outcome}",
            {{"run", job.run_id.to_string()},
             {"function", job.function->id},
             {"outcome", outcome},
             {"attempt", std::int64_t{job.attempt}},
             {"error", error},
             {"user", job.user_id},
             {"request", request_of(event)}});
}

// Nobody is told of it but the log: the one who has the job now says what becomes of the run.
void log_lost(const bus::Job& job) {
  write_log_bounded(
      Same::kMessage, LogLevel::kWarn, "workers",
      "run {run} of {function} is somebody else's by now; what was done is not kept",
      {{"run", job.run_id.to_string()}, {"function", job.function->id}, {"user", job.user_id}});
}

void log_unstored(const bus::Job& job, const Error& error) {
  write_log_bounded(Same::kMessage, LogLevel::kWarn, "workers",
                    "how a call of run {run} of {function} ended cannot be stored: {error}",
                    {{"run", job.run_id.to_string()},
                     {"function", job.function->id},
                     {"error", error.message},
                     {"code", info(error.code).name},
                     {"user", job.user_id}});
}

// What is too large, or no event, is so however often it is tried.
bool may_be_stored_later(const Error& error) {
  return error.code != Code::kPayloadTooLarge && error.code != Code::kBadRequest;
}

std::int64_t bytes_of(const Answer& answer) {
  auto bytes = sizeof(Answer) + answer.output.size() + answer.error.message.size();
  for (const auto& result : answer.results) {
    bytes += sizeof(StepResult) + result.memo.size() + result.input.size();
  }
  for (const auto& step : answer.pending) {
    bytes += sizeof(PendingStep) + step.error.size() + step.input.size();
  }
  return static_cast<std::int64_t>(bytes);
}

// A part of a bound that all share, given back at its end.
class Reservation {
 public:
  Reservation(std::atomic<std::int64_t>& all, std::int64_t bytes, std::int64_t most)
      : all_(all), bytes_(bytes), has_room_(all_.fetch_add(bytes) + bytes <= most) {}
  ~Reservation() { all_ -= bytes_; }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  bool has_room() const { return has_room_; }

 private:
  std::atomic<std::int64_t>& all_;
  const std::int64_t bytes_;
  const bool has_room_;
};

}  // namespace

WorkerPool::WorkerPool(WorkerPoolOptions options, World& world, bus::Functions& functions,
                       bus::Queue& queue, RunStore& store, Admission& admission,
                       Scheduler& scheduler, events::EventLog& log, events::EventTypes& types)
    : options_(options),
      world_(world),
      functions_(functions),
      queue_(queue),
      store_(store),
      admission_(admission),
      scheduler_(scheduler),
      log_(log),
      types_(types),
      executor_(world.make_executor("workers", ThreadPriority::kBackground)) {}

WorkerPool::~WorkerPool() {
  if (stop(milliseconds(0))) return;
  // Somebody (the database, mostly) holds coroutines of these executors and will post them. They
  // must be there to take them, and must not run them: they use this pool. So their threads end and
  // they stay, as do the frames of those runs, until the process goes.
  static std::mutex mutex;
  static auto* limbo = new std::vector<std::unique_ptr<Executor>>;
  for (auto* executor : {&executor_, &computing_}) {
    if (*executor == nullptr) continue;
    (*executor)->stop();
    std::lock_guard lock(mutex);
    limbo->push_back(std::move(*executor));
  }
}

void WorkerPool::add(std::string function_id, std::unique_ptr<EventHandler> handler,
                     FunctionOptions options) {
  const std::string trigger(handler->event_type());
  if (options.computes && computing_ == nullptr) {
    computing_ = world_.make_executor("computing", ThreadPriority::kBackground);
  }
  auto driver = std::make_shared<LocalDriver>(std::move(handler), store_);
  locals_[function_id] = driver;
  set_driver(function_id, std::move(driver));
  functions_.add({.id = std::move(function_id),
                  .triggers = {{trigger}},
                  .retry = options.retry,
                  .in_aggregate_order = options.in_aggregate_order,
                  .fulfills = options.fulfills,
                  .computes = options.computes,
                  .is_shared = options.is_shared,
                  .flow = {.concurrency = std::move(options.concurrency)},
                  .limit_keys = std::move(options.limit_keys),
                  .appends = std::move(options.appends),
                  .last_words = std::move(options.last_words)});
}

std::shared_ptr<Driver> WorkerPool::make_driver(std::unique_ptr<EventHandler> handler) const {
  return std::make_shared<LocalDriver>(std::move(handler), store_);
}

void WorkerPool::put(bus::Function function, std::shared_ptr<Driver> driver) {
  std::vector<Put> one;
  one.push_back({std::move(function), std::move(driver)});
  put_all(std::move(one));
}

void WorkerPool::put_all(std::vector<Put> functions, const std::vector<std::string>& removed) {
  std::vector<bus::Function> put;
  for (auto& one : functions) {
    SYNAP_CHECK(!one.function.computes, "functions that compute are added before the start");
    set_driver(one.function.id, std::move(one.driver));
    put.push_back(std::move(one.function));
  }
  const auto added = functions_.put_all(std::move(put), removed);
  // What was left to do for them may be claimed now.
  std::set<std::string_view> users;
  for (const auto& function : added) {
    if (function->user_id && users.insert(*function->user_id).second) {
      queue_.note_unclaimed(*function->user_id);
    }
  }
  {
    std::lock_guard lock(handlers_mutex_);
    for (const auto& id : removed) handlers_.erase(id);
  }
  // Whoever comes back by the name of one that was out of order begins anew.
  for (const auto& id : removed) queue_.resume(id);
}

void WorkerPool::remove(std::string_view function_id) {
  put_all({}, {std::string(function_id)});
}

void WorkerPool::set_driver(const std::string& function_id, std::shared_ptr<Driver> driver) {
  std::lock_guard lock(handlers_mutex_);
  auto& handling = handlers_[function_id];
  if (handling == nullptr) handling = std::make_shared<Handling>();
  std::lock_guard own_lock(handling->mutex);
  handling->driver = std::move(driver);
}

std::shared_ptr<WorkerPool::Handling> WorkerPool::handling_of(std::string_view function_id) const {
  std::lock_guard lock(handlers_mutex_);
  const auto found = handlers_.find(std::string(function_id));
  return found != handlers_.end() ? found->second : nullptr;
}

std::shared_ptr<LocalDriver> WorkerPool::local_driver(std::string_view function_id) const {
  const auto found = locals_.find(std::string(function_id));
  return found != locals_.end() ? found->second : nullptr;
}

Result<> WorkerPool::start() {
  // Now that all types are known: what a run that is given up appends must be one of them.
  for (const auto& function : functions_.now()->all()) {
    if (!function->fulfills) continue;
    const auto failed = events::failed_type_of(function->triggers.front().event);
    SYNAP_CHECK(types_.find(failed) != nullptr, failed);
  }
  auto taken = sync_wait(*executor_, store_.jobs().take_over());
  if (!taken) return fail(taken.error());
  if (auto loaded = sync_wait(*executor_, store_.waits().load()); !loaded) return loaded;
  if (sharing_ != nullptr) {
    if (auto leads = sync_wait(*executor_, sharing_->lead()); !leads) return leads;
    begin(&RunSharing::hand_out);
    begin(&RunSharing::look_on);
  }
  started_at_ = world_.now();
  begin_to_take();
  {
    // Others may have begun something, where it works only now that its node leads.
    std::lock_guard lock(mutex_);
    under_way_ += 7;
  }
  spawn(*executor_, watch());
  spawn(*executor_, extend_leases());
  spawn(*executor_, do_suspects());
  spawn(*executor_, follow_waits());
  spawn(*executor_, admit());
  spawn(*executor_, keep_schedules());
  spawn(*executor_, keep_deadlines());
  return {};
}

void WorkerPool::share(RunSharing::Options options) {
  sharing_ = std::make_unique<RunSharing>(
      std::move(options),
      RunSharing::Rooms{.world = world_,
                        .store = store_,
                        .queue = queue_,
                        .begin = [this](bus::Job job) { begin(std::move(job)); },
                        .go_on =
                            [this] {
                              while (auto job = next()) begin(std::move(*job));
                            }});
}

void WorkerPool::help() {
  begin_to_take();
  begin(&RunSharing::follow);
  begin(&RunSharing::tell_on);
}

// The same, whether it does its own jobs or those of the node that leads.
void WorkerPool::begin_to_take() {
  if (std::exchange(is_taking_, true)) return;
  one_more();
  spawn(*executor_, take());
}

void WorkerPool::begin(PartOfSharing part) {
  one_more();
  spawn(*executor_, carry_on(part));
}

Task<void> WorkerPool::carry_on(PartOfSharing part) {
  co_await ((*sharing_).*part)(stopping_.get_token());
  one_less();
}

bool WorkerPool::stop(milliseconds grace) {
  stopping_.request_stop();
  std::unique_lock lock(mutex_);
  return executor_->wait_for(lock, ended_, grace, [this] { return under_way_ == 0; });
}

void WorkerPool::one_more() {
  std::lock_guard lock(mutex_);
  ++under_way_;
}

void WorkerPool::one_less() {
  std::lock_guard lock(mutex_);
  if (--under_way_ == 0) ended_.notify_all();
}

// The next that is done here.
std::optional<bus::Job> WorkerPool::next() {
  auto job = queue_.next();
  while (job && sharing_ != nullptr && sharing_->takes(*job)) job = queue_.next();
  return job;
}

Task<void> WorkerPool::take() {
  const auto stop = stopping_.get_token();
  while (!stop.stop_requested()) {
    const auto seen = queue_.changes().value();
    while (!stop.stop_requested()) {
      auto job = next();
      if (!job) break;
      begin(std::move(*job));
    }
    co_await queue_.changes().wait_past(seen, stop);
  }
  one_less();
}

Executor& WorkerPool::executor_of(const bus::Job& job) {
  const bool is_suspect =
      job.is_found && job.starts > 0 && !job.function->is_remote;  // done by do_suspects()
  return job.function->computes && !is_suspect ? *computing_ : *executor_;
}

void WorkerPool::begin(bus::Job job) {
  one_more();
  auto& executor = executor_of(job);
  spawn(executor, do_jobs(std::move(job)));
}

// One after another, as long as there are some that may be done here.
Task<void> WorkerPool::do_jobs(bus::Job job) {
  auto& executor = executor_of(job);
  for (;;) {
    co_await do_job(job);
    if (stopping_.stop_requested()) break;
    auto following = next();
    while (following && &executor_of(*following) != &executor) {
      begin(std::move(*following));
      following = next();
    }
    if (!following) break;
    job = std::move(*following);
  }
  one_less();
}

// Sees to what nobody else brings about: that parked jobs are claimed when they are due, and ready
// ones when there is room, and that pauses end.
Task<void> WorkerPool::watch() {
  const auto stop = stopping_.get_token();
  auto& jobs = store_.jobs();
  while (!stop.stop_requested()) {
    const auto seen = queue_.wishes().value();
    const auto due = jobs.next_due();
    const auto now = jobs.clock().now();
    if ((due && *due <= now) || queue_.wants_claim()) {
      co_await claim();
      continue;
    }
    auto wait = due ? std::min(milliseconds(*due - now), kClockMax) : milliseconds::max();
    if (const auto end = queue_.next_end_of_pause()) {
      const auto left = std::chrono::ceil<milliseconds>(*end - world_.now());
      if (left <= milliseconds(0)) {
        queue_.end_pauses(world_.now());
        continue;
      }
      wait = std::min(wait, left);
    }
    const auto wished = [&](std::stop_token over) { return queue_.wishes().wait_past(seen, over); };
    if (wait == milliseconds::max()) {
      co_await wished(stop);
    } else {
      co_await first_of(stop, wished,
                        [&](std::stop_token over) { return world_.sleep_for(wait, over); });
    }
  }
  one_less();
}

Task<void> WorkerPool::follow_waits() {
  co_await store_.waits().follow(stopping_.get_token());
  one_less();
}

Task<void> WorkerPool::admit() {
  co_await admission_.follow(stopping_.get_token());
  one_less();
}

Task<void> WorkerPool::keep_schedules() {
  if (options_.keeps_schedules) co_await scheduler_.follow(stopping_.get_token());
  one_less();
}

Task<void> WorkerPool::keep_deadlines() {
  co_await store_.limits().follow(stopping_.get_token());
  one_less();
}

Task<void> WorkerPool::claim() {
  auto& jobs = store_.jobs();
  auto claimed =
      co_await jobs.database().write(db::Lane::kBackground, [&](db::Tx& tx) { jobs.claim(tx); });
  if (!claimed) co_await world_.sleep_for(kStoreRetry, stopping_.get_token());
}

Task<void> WorkerPool::extend_leases() {
  const auto stop = stopping_.get_token();
  auto& jobs = store_.jobs();
  while (co_await world_.sleep_for(jobs.lease() / 3, stop)) {
    if (queue_.running_count() + queue_.waiting_count() == 0) continue;
    // One that fails is followed by others before a lease ends.
    std::ignore =
        co_await jobs.database().write(db::Lane::kBackground, [&](db::Tx& tx) { jobs.extend(tx); });
  }
  one_less();
}

// One whose function has so many calls at a time and no more is one of them until it is done.
bool WorkerPool::keeps_place(const bus::Job& job) {
  return !job.function->flow.concurrency.empty();
}

// A job that was under way when a process ended may be what ended it. Such jobs begin one after
// another: so the next end of the process counts against one of them, and not against all that
// happened to be under way. Those that have the fewest ends against them are first, and one that
// was done alone before waits until the pool has run for a while: whoever kills a pod again and
// again makes no dead letters of bystanders, and a pod that has a deadly job serves between its
// ends. Alone is each for a time, not to its end, which may never come: longer the more ends it
// has seen, so that one that ends the process late is still found. Who has many such jobs has
// them begun in turns with others'.
Task<void> WorkerPool::do_job(bus::Job& job) {
  if (!job.is_found || job.starts == 0 || job.function->is_remote) {
    co_await do_until_stored(job);
    queue_.release(job);
    if (job.is_away) sharing_->note_done(job);
    co_return;
  }
  if (!keeps_place(job)) queue_.release(job);  // others go on meanwhile
  suspects_.push_back(std::move(job));
  suspects_seen_.raise(suspects_seen_.value() + 1);
}

Task<void> WorkerPool::do_suspects() {
  const auto stop = stopping_.get_token();
  std::unordered_map<std::string, int> begun_of;  // users
  while (!stop.stop_requested()) {
    const auto seen = suspects_seen_.value();
    const auto first = std::ranges::min_element(suspects_, {}, [&](const bus::Job& job) {
      const auto begun = begun_of.find(job.user_id);
      return std::pair(job.starts, begun == begun_of.end() ? 0 : begun->second);
    });
    if (first == suspects_.end()) {
      begun_of.clear();
      co_await suspects_seen_.wait_past(seen, stop);
      continue;
    }
    const auto ends = static_cast<std::size_t>(first->starts - 1);
    const auto pause = options_.suspect_pause * kPauses[std::min(ends, kPauses.size() - 1)] / 2;
    if (world_.now() < started_at_ + pause) {
      co_await world_.sleep_until(started_at_ + pause, stop);
      continue;  // others may have come
    }
    auto job = std::move(*first);
    suspects_.erase(first);
    ++begun_of[job.user_id];
    const auto over = std::make_shared<Watermark>();
    one_more();
    spawn(*executor_, do_suspect(std::move(job), over));
    const auto is_over = [&](std::stop_token given_up) { return over->wait_past(0, given_up); };
    const auto alone = kAlone[std::min(ends, kAlone.size() - 1)];
    const auto has_lived = [&](std::stop_token given_up) {
      return world_.sleep_for(alone, given_up);
    };
    co_await first_of(stop, is_over, has_lived);
  }
  one_less();
}

Task<void> WorkerPool::do_suspect(bus::Job job, std::shared_ptr<Watermark> over) {
  co_await do_until_stored(job);
  over->raise(1);
  if (keeps_place(job)) {
    queue_.release(job);
    while (auto following = next()) begin(std::move(*following));
  }
  one_less();
}

// What the attempt needs could not be read, or its beginning not be stored: it is made again. What
// it has come to is stored by do_once(), however long that takes.
Task<void> WorkerPool::do_until_stored(bus::Job& job) {
  const auto stop = stopping_.get_token();
  for (auto wait = kStoreRetry;; wait = std::min(wait * 2, kStoreRetryMax)) {
    job.began_at = world_.unix_ms();
    const auto done = co_await do_once(job);
    // Somebody else has it, and says what becomes of it.
    if (done) break;
    if (done.error().code == Code::kConflict) {
      if (!store_.take_cancelled(job.run_id)) {
        job.function->meter->lost_leases.add();
        log_lost(job);
      }
      break;
    }
    job.function->meter->unstored.add();
    log_unstored(job, done.error());
    job.may_have_results = true;
    if (!co_await world_.sleep_for(wait, stop)) break;
  }
}

// What a run found in the table at the start may have ended the process before: it gets a few
// chances, and then it is a dead letter rather than a pod that cannot start.
Task<Result<>> WorkerPool::do_once(bus::Job& job) {
  const auto handling = handling_of(job.function->id);
  if (store_.take_cancelled(job.run_id)) co_return Result<>{};
  // A function that this node has not heard of yet.
  if (handling == nullptr && job.is_away) co_return co_await store_.give_back(job, {});
  // It was taken away since the job was claimed: the run waits for its return.
  if (handling == nullptr) co_return co_await store_.retry_later(job, 0, std::nullopt, {});
  if (functions_.is_paused(job.function->id)) {
    co_return co_await store_.retry_later(job, 0, std::nullopt, {});
  }
  auto event = co_await log_.at(job.position);
  if (!event) co_return fail(event.error());
  if (store_.tracer() != nullptr && job.trace == nullptr) {
    job.trace = trace_of_run(**event, job.run_id);
  }
  // Nobody knows what it asked for, and trying again does not tell.
  if ((*event)->is_damaged()) {
    co_return co_await give_up(job, **event, events::damaged(**event), job.attempt + 1, {});
  }
  if (job.is_found && !job.function->is_remote) {
    auto starts = co_await store_.count_start(job);
    if (!starts) co_return fail(starts.error());
    if (*starts > 1 + kStartsAloneMax) {
      const Error error{
          Code::kInternalServerError,
          fmt::format("It was begun alone {} times, and each time the process ended before it did",
                      kStartsAloneMax),
          nullptr};
      // What it had begun is not looked at, and goes all the same.
      co_return co_await give_up(job, **event, error, job.attempt + 1, {.may_be_pending = true});
    }
  }
  const auto may_go = co_await store_.limits().begin(job);
  if (!may_go) co_return fail(may_go.error());
  if (!*may_go) co_return Result<>{};
  StoredResults stored;
  if (job.may_have_results) {
    auto loaded = co_await store_.load_results(job.run_id);
    if (!loaded) co_return fail(loaded.error());
    stored = std::move(*loaded);
  }
  const bool may_be_pending = !stored.pending.empty();
  note_start(job, stored);
  std::shared_ptr<Driver> driver;
  {
    std::lock_guard lock(handling->mutex);
    driver = handling->driver;
  }
  std::vector<events::EventRef> events;
  if (job.function->flow.batch || job.may_have_results) {
    auto loaded = co_await store_.load_events(job.run_id);
    if (!loaded) co_return fail(loaded.error());
    events = std::move(*loaded);
  }
  if (!store_.lease().holds()) {
    if (auto held = co_await store_.lease().hold(); !held) co_return held;
  }
  const auto began = world_.now();
  job.called_at = store_.clock().now();
  const auto answer = co_await driver->call({job, **event, std::move(stored), std::move(events)});
  job.function->meter->took.observe(world_.now() - began);
  // What was done is not done again because it could not be stored: it is kept here, as it was
  // during the call, until there is room for it.
  std::optional<Reservation> kept;
  for (auto wait = kStoreRetry;; wait = std::min(wait * 2, kStoreRetryMax)) {
    auto settled = co_await settle(job, **event, *handling, answer, may_be_pending);
    if (settled || settled.error().code == Code::kConflict) co_return settled;
    job.function->meter->unstored.add();
    log_unstored(job, settled.error());
    if (!may_be_stored_later(settled.error())) {
      co_return co_await give_up(job, **event, settled.error(), job.attempt + 1, {});
    }
    if (!kept) kept.emplace(unstored_bytes_, bytes_of(answer), options_.unstored_bytes_max);
    if (!kept->has_room()) co_return settled;
    if (!co_await world_.sleep_for(wait, stopping_.get_token())) co_return settled;
  }
}

// Of a run that is called for the first time. One that had no room in the queue, or was to begin
// later, counts from when it was ready.
void WorkerPool::note_start(const bus::Job& job, const StoredResults& stored) {
  if (job.attempt > 0 || job.is_found || !stored.memos.empty() || !stored.pending.empty()) return;
  const auto delay = job.made_at != SteadyClock::time_point{}
                         ? std::chrono::nanoseconds(world_.now() - job.made_at)
                         : milliseconds(store_.clock().now() - job.rank - job.priority_ms);
  job.function->meter->start_delay.observe(std::max(delay, std::chrono::nanoseconds(0)));
}

// How long the run is to wait.
milliseconds WorkerPool::note_outage(const bus::Job& job, Handling& handling) {
  const auto grown = [this](int before) {
    return std::min(options_.outage_pause * (1 << std::min(before, 5)), kPauseMax);
  };
  std::lock_guard lock(handling.mutex);
  if (handling.outages_of.size() >= kOutagesKept) handling.outages_of.clear();
  const auto wait = grown(handling.outages_of[job.run_id]++);
  auto& runs = handling.out_of_order;
  const bool is_known = std::ranges::find(runs, job.run_id) != runs.end();
  if (!is_known && runs.size() < kRunsThatPause) runs.push_back(job.run_id);
  // One run that cannot get at its own file says nothing about others.
  if (runs.size() < kRunsThatPause) return wait;
  // Those who were under way when it was paused say nothing new.
  const auto now = world_.now();
  if (now >= handling.paused_until) {
    handling.paused_until = now + grown(handling.pauses++);
    queue_.pause(job.function->id, handling.paused_until);
  }
  return std::max(wait, std::chrono::ceil<milliseconds>(handling.paused_until - now));
}

void WorkerPool::note_order(const bus::Job& job, Handling& handling) {
  std::lock_guard lock(handling.mutex);
  if (handling.outages_of.empty() && handling.out_of_order.empty()) return;
  handling.outages_of.erase(job.run_id);
  handling.out_of_order.clear();
  handling.paused_until = {};
  if (std::exchange(handling.pauses, 0) > 0) queue_.resume(job.function->id);
}

Task<Result<>> WorkerPool::settle(const bus::Job& job, const events::Event& event, Answer answer) {
  const auto handling = handling_of(job.function->id);
  auto settled = handling == nullptr
                     ? co_await store_.retry_later(job, 0, std::nullopt, {})
                     : co_await settle(job, event, *handling, std::move(answer), true);
  // No worker comes to take the note that it was cancelled.
  if (!settled && settled.error().code == Code::kConflict) store_.take_cancelled(job.run_id);
  co_return settled;
}

Task<Result<>> WorkerPool::settle(const bus::Job& job, const events::Event& event,
                                  Handling& handling, Answer answer, bool may_be_pending) {
  auto& counts = *job.function->meter;
  RunStore::Steps steps{std::move(answer.results), std::move(answer.pending), may_be_pending};
  milliseconds delay(0);
  if (answer.outage) {
    log_outage(job, event, *answer.outage);
    delay = note_outage(job, handling);
  } else {
    note_order(job, handling);
  }
  if (answer.kind == Answer::Kind::kDone) {
    Result<> stored;
    if (!answer.is_stored) {
      stored = co_await store_.complete(job, event, std::move(answer.output), std::move(steps));
    }
    if (stored) {
      counts.completed.add();
      log_outcome(job, event, "completed");
    }
    co_return stored;
  }
  store_.prepare(job, event, steps);
  bus::Job next = job;
  if (answer.has_made_progress) next.attempt = 0;
  if (answer.is_for_leader) co_return co_await store_.give_back(next, std::move(steps));
  if (answer.kind == Answer::Kind::kPending) {
    const bool has_failed =
        !answer.outage && std::ranges::any_of(steps.pending, [](const auto& step) {
          return step.op == OpCode::kStepError && !step.error.empty();
        });
    auto stored = co_await store_.park(next, delay.count(), has_failed, std::move(steps));
    if (stored) {
      (answer.outage ? counts.paused : has_failed ? counts.retried : counts.slept).add();
      if (!answer.outage) log_outcome(job, event, has_failed ? "is to be retried" : "waits");
    }
    co_return stored;
  }
  if (answer.outage) {
    auto stored = co_await store_.retry_later(next, delay.count(), std::nullopt, std::move(steps));
    if (stored) counts.paused.add();
    co_return stored;
  }
  if (answer.may_retry && next.attempt < job.function->retry.retries_max) {
    const auto wait = answer.retry_delay_ms.value_or(
        bus::retry_delay_ms(job.function->retry, next.attempt, store_.random()));
    ++next.attempt;
    auto stored = co_await store_.retry_later(next, wait, answer.error, std::move(steps));
    if (stored) {
      counts.retried.add();
      log_outcome(job, event, "is to be retried", answer.error.message);
    }
    co_return stored;
  }
  const int attempts = answer.step_attempts > 0 ? answer.step_attempts : next.attempt + 1;
  co_return co_await give_up(job, event, answer.error, attempts, std::move(steps));
}

Task<Result<>> WorkerPool::give_up(const bus::Job& job, const events::Event& event,
                                   const Error& error, int attempts, RunStore::Steps steps) {
  auto stored = co_await store_.give_up(job, event, error, attempts, std::move(steps));
  if (!stored) co_return stored;
  log_given_up(job, event, error, attempts);
  job.function->meter->given_up.add();
  co_return stored;
}

std::optional<milliseconds> WorkerPool::outage_pause_left(std::string_view function_id) const {
  const auto handling = handling_of(function_id);
  if (handling == nullptr) return std::nullopt;
  std::lock_guard lock(handling->mutex);
  const auto left = std::chrono::ceil<milliseconds>(handling->paused_until - world_.now());
  if (handling->pauses == 0 || left <= milliseconds(0)) return std::nullopt;
  return left;
}

}  // namespace synap::workers

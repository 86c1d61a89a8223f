#include "workers/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "workers/step.h"

namespace synap::workers {
namespace {

// How soon a job is taken up again whose state could not be stored (a full disk, mostly).
constexpr std::int64_t kStoreRetryMs = 1'000;
// How often a run may be done alone, and the process end before it does; and once before that it
// was done beside others.
constexpr int kStartsAloneMax = 3;
// How often the queue is asked for delayed jobs at most and at least.
constexpr std::chrono::milliseconds kClockMin(5);
constexpr std::chrono::milliseconds kClockMax(200);

double random_fraction(World& world) {
  std::uint8_t bytes[4];
  world.random(bytes, sizeof bytes);
  const std::uint32_t value = static_cast<std::uint32_t>(bytes[0]) << 24 |
                              static_cast<std::uint32_t>(bytes[1]) << 16 |
                              static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
  return static_cast<double>(value) / 4294967296.0;
}

Outcome failure_of(std::string_view thrown) {
  // Tried again, although the code says that it would not help: nobody knows what was thrown.
  return Outcome::failed_retry_in(
      {Code::kInternalServerError, fmt::format("The handler threw: {}", thrown), nullptr},
      Outcome::kUsualDelay);
}

// Whoever wants each of them finds it by runs.list; the log tells that there are some.
void log_given_up(const bus::Job& job, const Error& error) {
  write_log_bounded(Same::kMessage, LogLevel::kError, "workers",
                    "run {run} of {function} was given up: {error}",
                    {{"run", job.run_id.to_string()},
                     {"function", job.function->id},
                     {"error", error.message},
                     {"code", info(error.code).name},
                     {"attempt", std::int64_t{job.attempt}}});
}

void put_off(bus::Job& job, std::int64_t due_at, std::int64_t wait_ms) {
  // 0 would be at once, which a clock that stands there does not mean.
  job.due_at = due_at != 0 ? due_at : 1;
  job.wait_ms = std::max<std::int64_t>(wait_ms, 0);
}

struct SelfHandle {
  std::coroutine_handle<> handle;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> self) noexcept {
    handle = self;
    return false;
  }
  std::coroutine_handle<> await_resume() const noexcept { return handle; }
};

}  // namespace

WorkerPool::WorkerPool(WorkerPoolOptions options, bus::Functions& functions, bus::Queue& queue,
                       RunStore& store, events::EventLog& log, events::EventTypes& types)
    : options_(options),
      functions_(functions),
      queue_(queue),
      store_(store),
      log_(log),
      types_(types) {}

WorkerPool::~WorkerPool() {
  if (stop(std::chrono::milliseconds(0))) return;
  // Somebody (the database, mostly) holds coroutines of this executor and will post them. It must
  // be there to take them, and must not run them: they use this pool. So its thread ends and it
  // stays, as do the frames of those runs, until the process goes.
  executor_->stop();
  static std::mutex mutex;
  static auto* limbo = new std::vector<std::unique_ptr<ThreadExecutor>>;
  std::lock_guard lock(mutex);
  limbo->push_back(std::move(executor_));
}

void WorkerPool::add(std::string function_id, std::unique_ptr<EventHandler> handler,
                     FunctionOptions options) {
  const std::string trigger(handler->event_type());
  const auto& function = functions_.add({.id = std::move(function_id),
                                         .triggers = {{trigger}},
                                         .retry = options.retry,
                                         .in_aggregate_order = options.in_aggregate_order,
                                         .fulfills = options.fulfills,
                                         .appends = std::move(options.appends)});
  handlers_.try_emplace(&function).first->second.handler = std::move(handler);
}

Result<> WorkerPool::start() {
  // Now that all types are known: what a run that is given up appends must be one of them.
  for (const auto& function : functions_.all()) {
    const auto failed = events::failed_type_of(function->triggers.front().event);
    SYNAP_CHECK(!function->fulfills || types_.find(failed) != nullptr, failed);
  }
  auto jobs = sync_wait(*executor_, store_.load_jobs(functions_));
  if (!jobs) return fail(jobs.error());
  queue_.push(std::move(*jobs));
  is_started_ = true;
  loops_ = options_.concurrency + 2;
  started_at_ = world_.now();
  for (int i = 0; i < options_.concurrency; ++i) spawn(*executor_, work());
  spawn(*executor_, do_suspects());
  spawn(*executor_, watch_clock());
  return {};
}

bool WorkerPool::stop(std::chrono::milliseconds grace) {
  queue_.close();
  stopping_.request_stop();
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, grace, [this] { return loops_ == 0; });
}

Task<void> WorkerPool::work() {
  while (auto job = co_await queue_.take()) co_await do_job(std::move(*job));
  std::lock_guard lock(mutex_);
  if (--loops_ == 0) ended_.notify_all();
}

Task<void> WorkerPool::watch_clock() {
  const auto stop = stopping_.get_token();
  while (!stop.stop_requested()) {
    queue_.wake_due();
    const auto wait = queue_.next_due_in().value_or(kClockMax);
    co_await world_.sleep_for(std::clamp(wait, kClockMin, kClockMax), stop);
  }
  std::lock_guard lock(mutex_);
  if (--loops_ == 0) ended_.notify_all();
}

// What a run found in the table at the start may have ended the process before: it gets a few
// chances, and then it is a dead letter rather than a pod that cannot start. False: it is settled.
Task<bool> WorkerPool::may_start(const bus::Job& job) {
  if (!job.is_found) co_return true;
  auto starts = co_await store_.count_start(job.run_id);
  if (!starts) {
    co_await try_again_soon(job);
    co_return false;
  }
  if (*starts <= 1 + kStartsAloneMax) co_return true;
  auto event = co_await log_.at(job.event_position);
  const Error error{
      Code::kInternalServerError,
      fmt::format("It was done alone {} times, and each time the process ended before it did",
                  kStartsAloneMax),
      nullptr};
  log_given_up(job, error);
  Result<> stored = fail(Code::kServiceUnavailable, "");
  if (event) stored = co_await store_.give_up(job, **event, error, {});
  if (stored) {
    handlers_.at(job.function).counts.given_up.add();
    queue_.release(job);
  } else {
    co_await try_again_soon(job);
  }
  co_return false;
}

Task<void> WorkerPool::do_job(bus::Job job) {
  if (!job.is_found || job.starts == 0) co_return co_await do_at_once(std::move(job));
  suspects_.push_back(std::move(job));
  suspects_seen_.raise(suspects_seen_.value() + 1);
}

// A job that was under way when a process ended may be what ended it. Such jobs are done one after
// another: so the next end of the process counts against one of them, and not against all that
// happened to be under way. Those that have the fewest ends against them are first, and one that
// was done alone before waits until the pool has run for a while: whoever kills a pod again and
// again makes no dead letters of bystanders, and a pod that has a deadly job serves between its
// ends.
Task<void> WorkerPool::do_suspects() {
  const auto stop = stopping_.get_token();
  while (!stop.stop_requested()) {
    const auto seen = suspects_seen_.value();
    const auto first = std::ranges::min_element(suspects_, {}, &bus::Job::starts);
    if (first == suspects_.end()) {
      co_await suspects_seen_.wait_past(seen, stop);
      continue;
    }
    auto pause = std::chrono::milliseconds(0);
    if (first->starts >= 2) pause = options_.suspect_pause;
    if (first->starts >= 3) pause = pause * 5 / 2;
    if (world_.now() < started_at_ + pause) {
      co_await world_.sleep_until(started_at_ + pause, stop);
      continue;  // others may have come
    }
    auto job = std::move(*first);
    suspects_.erase(first);
    co_await do_at_once(std::move(job));
  }
  std::lock_guard lock(mutex_);
  if (--loops_ == 0) ended_.notify_all();
}

Task<void> WorkerPool::do_at_once(bus::Job job) {
  if (!co_await may_start(job)) co_return;
  job.is_found = false;
  auto event = co_await log_.at(job.event_position);
  Result<StoredResults> results;
  if (event && job.may_have_results) results = co_await store_.load_results(job.run_id);
  if (!event || !results) {
    co_await try_again_soon(std::move(job));
    co_return;
  }
  const auto handler = handlers_.find(job.function);
  SYNAP_CHECK(handler != handlers_.end(), job.function->id);

  Step step(store_, job, std::move(*results));
  step.set_driver(co_await SelfHandle{});
  std::optional<Outcome> outcome;
  auto body = [](EventHandler& h, const events::Event& e, Step& s,
                 std::optional<Outcome>& out) -> Task<void> { out = co_await h.handle(e, s); };
  // Resumed either by the end of the call or, when the handler parks, by Step. Then the handler
  // stands still inside, and is destroyed here with all that it had begun: nothing of it may go on
  // beside what settles the run.
  const auto began = world_.now();
  try {
    co_await body(*handler->second.handler, **event, step, outcome);
  } catch (const std::exception& thrown) {
    outcome = failure_of(thrown.what());
  } catch (...) {
    outcome = failure_of("something that is no std::exception");
  }
  handler->second.counts.took.observe(world_.now() - began);
  co_await settle(std::move(job), **event, step, std::move(outcome));
}

Task<void> WorkerPool::settle(bus::Job job, const events::Event& event, Step& step,
                              std::optional<Outcome> outcome) {
  auto unsaved = step.take_unsaved();
  const auto& parked = step.parked();
  auto& counts = handlers_.at(job.function).counts;
  auto* ended = &counts.completed;
  Result<> stored;
  if (step.has_finished()) {
    // It is stored already.
  } else if (!outcome && parked->op == OpCode::kSleep) {
    job.attempt = 0;
    put_off(job, parked->until, parked->until - world_.unix_ms());
    job.may_have_results = true;
    stored = co_await store_.sleep(job, std::move(unsaved));
    if (stored) {
      counts.slept.add();
      queue_.push_again(std::move(job));
      co_return;
    }
  } else if (outcome && outcome->kind() == Outcome::Kind::kDone) {
    stored = co_await store_.complete(job, outcome->output(), std::move(unsaved));
  } else {
    const Error& error = outcome ? outcome->error() : parked->error;
    // A failed step has used its retries up already: its handler's failing is final.
    const bool may_retry = !outcome || (outcome->may_retry() && !step.has_exhausted_step() &&
                                        job.attempt < job.function->retry.retries_max);
    if (may_retry) {
      const std::int64_t delay =
          outcome && outcome->retry_delay_ms() >= 0
              ? outcome->retry_delay_ms()
              : bus::retry_delay_ms(job.function->retry, job.attempt, random_fraction(world_));
      bus::Job next = job;
      next.attempt = job.attempt + 1;
      put_off(next, world_.unix_ms() + delay, delay);
      next.may_have_results = true;
      stored = co_await store_.retry_later(next, error, std::move(unsaved));
      if (stored) {
        counts.retried.add();
        queue_.push_again(std::move(next));
        co_return;
      }
    } else {
      log_given_up(job, error);
      stored = co_await store_.give_up(job, event, error, std::move(unsaved));
      ended = &counts.given_up;
    }
  }
  if (stored) {
    ended->add();
    queue_.release(job);
  } else {
    co_await try_again_soon(std::move(job));
  }
}

// What happened could not be stored, so as far as anyone knows it did not happen: the same attempt
// is made again.
Task<void> WorkerPool::try_again_soon(bus::Job job) {
  handlers_.at(job.function).counts.unstored.add();
  job.may_have_results = true;
  put_off(job, world_.unix_ms() + kStoreRetryMs, kStoreRetryMs);
  queue_.push_again(std::move(job));
  co_return;
}

Task<Result<>> WorkerPool::retry(std::string user_id, Uuid run_id) {
  auto job = co_await store_.revive(std::move(user_id), run_id, functions_);
  if (!job) co_return fail(job.error());
  if (*job) {
    queue_.push({std::move(**job)});
  } else if (!queue_.hurry(run_id)) {
    co_return fail(Code::kConflict,
                   "The run is under way, or waits for an earlier change of the same thing");
  }
  co_return Result<>{};
}

}  // namespace synap::workers

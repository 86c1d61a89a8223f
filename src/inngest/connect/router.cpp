#include "inngest/connect/router.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/first_of.h"
#include "inngest/connect/worker_reply.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

// Runs whose losses are remembered; what is forgotten is counted anew.
constexpr std::size_t kLossesKept = 10'000;

constexpr auto kNever = SteadyClock::time_point::max();

bool knows(const Worker& worker, const WorkerCall& call) {
  const auto app = worker.apps.find(call.app);
  return app != worker.apps.end() && app->second.contains(call.slug);
}

std::unexpected<Error> lost() {
  return fail(Code::kClientClosedRequest, "The worker that was asked is gone");
}

}  // namespace

// A call that is asked. Under the router's lock.
struct Worker::Request {
  explicit Request(WorkerCall asked) : call(std::move(asked)) {}

  const WorkerCall call;
  std::int64_t number = 0;  // in the order of asking
  SteadyClock::time_point over_at = kNever;
  SteadyClock::time_point patient_until = kNever;  // where there is no worker
  WorkerPtr worker = nullptr;                      // who has it
  std::string lease_id = {};                       // made anew for each who is given it
  bool is_sent = false;
  bool is_acked = false;
  SteadyClock::time_point due = kNever;  // of its ack, and then of its lease
  std::optional<Result<outbound::Response>> end = std::nullopt;
  std::int64_t changes = 0;
  Watermark changed = Watermark(0);
};

// A request for as long as somebody waits for it: he may give up at any time.
class Router::Entered {
 public:
  Entered(Router& router, RequestPtr request) : router_(router), request_(std::move(request)) {
    const std::lock_guard lock(router_.mutex_);
    request_->number = ++router_.asked_count_;
    router_.requests_.emplace(request_->call.request.id, request_);
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  ~Entered() {
    const std::lock_guard lock(router_.mutex_);
    router_.requests_.erase(request_->call.request.id);
    auto waiting = router_.waiting_.find({request_->call.user_id, request_->call.app});
    if (waiting != router_.waiting_.end()) {
      waiting->second.erase(request_->number);
      if (waiting->second.empty()) router_.waiting_.erase(waiting);
    }
    router_.take_away(request_);
  }

 private:
  Router& router_;
  const RequestPtr request_;
};

bool Router::is_full(const std::string& user_id) const {
  const std::lock_guard lock(mutex_);
  const auto known = connections_of_.find(user_id);
  return known != connections_of_.end() && known->second >= options_.connections_of_user_max;
}

std::size_t Router::count(const std::string& user_id, const std::string& app) const {
  const std::lock_guard lock(mutex_);
  const auto known = workers_.find({user_id, app});
  if (known == workers_.end()) return 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(known->second, [](const auto& worker) { return worker->is_ready; }));
}

Task<Result<outbound::Response>> Router::ask(WorkerCall call) {
  const auto request = std::make_shared<Request>(std::move(call));
  request->over_at = options_.world.now() + options_.call_max;
  const Entered entered(*this, request);
  for (;;) {
    std::int64_t seen = 0;
    auto due = kNever;
    {
      const std::lock_guard lock(mutex_);
      tend(request, options_.world.now());
      if (request->end) co_return std::move(*request->end);
      seen = request->changes;
      due = due_of(*request);
    }
    co_await first_of(
        {}, [&](std::stop_token over) { return request->changed.wait_past(seen, over); },
        [&](std::stop_token over) { return options_.world.sleep_until(due, over); });
  }
}

SteadyClock::time_point Router::due_of(const Request& request) const {
  return std::min(request.over_at, request.worker != nullptr ? request.due : request.patient_until);
}

// What time has made of it.
void Router::tend(const RequestPtr& request, SteadyClock::time_point now) {
  if (request->end) return;
  if (request->worker != nullptr && now >= request->due) {
    request->is_acked ? note_loss(*request) : note_silence(*request);
  } else if (now >= request->over_at) {
    request->end = fail(Code::kGatewayTimeout, "No worker of the app has answered in time");
  }
  if (request->end) return take_away(request);
  if (request->worker != nullptr || place(request)) return;
  if (!candidates(*request).empty()) {
    request->patient_until = kNever;  // for a place of theirs
  } else if (request->patient_until == kNever) {
    request->patient_until = now + options_.patience;
  } else if (now >= request->patient_until) {
    request->end = fail(Code::kServiceUnavailable, "No worker of the app is connected");
  }
}

void Router::note_silence(Request& request) {
  request.worker->is_silent = true;
  const bool has_others = std::ranges::any_of(
      candidates(request), [](const WorkerPtr& worker) { return !worker->is_silent; });
  request.end = has_others
                    ? lost()
                    : fail(Code::kServiceUnavailable, "The workers of the app take no requests");
}

void Router::note_loss(Request& request) {
  const auto& run_id = request.call.request.run_id;
  if (losses_.size() >= kLossesKept) losses_.clear();
  if (++losses_[run_id] < options_.losses_max) {
    request.end = lost();
    return;
  }
  losses_.erase(run_id);
  request.end =
      fail(Code::kBadGateway,
           fmt::format("{} workers in a row were lost while they did this, or answered more than "
                       "can be read",
                       options_.losses_max));
}

// Who takes requests of its function, full or not: those that are not silent, if there are any.
std::vector<WorkerPtr> Router::candidates(const Request& request) const {
  std::vector<WorkerPtr> all;
  const auto known = workers_.find({request.call.user_id, request.call.app});
  if (known == workers_.end()) return all;
  std::ranges::copy_if(known->second, std::back_inserter(all), [&](const WorkerPtr& worker) {
    return worker->is_ready && knows(*worker, request.call);
  });
  const auto is_silent = [](const WorkerPtr& worker) { return worker->is_silent; };
  if (!std::ranges::all_of(all, is_silent)) std::erase_if(all, is_silent);
  return all;
}

// One that is silent has one, to be tried with.
std::size_t Router::free_of(const Worker& worker) {
  const auto places = worker.is_silent ? std::size_t{1} : worker.places_max;
  return worker.is_ready && places > worker.assigned.size() ? places - worker.assigned.size() : 0;
}

// With whoever has the most places free. False: nobody has one, and it waits for one.
bool Router::place(const RequestPtr& request) {
  WorkerPtr best;
  for (const auto& worker : candidates(*request)) {
    if (free_of(*worker) > (best != nullptr ? free_of(*best) : 0)) best = worker;
  }
  if (best != nullptr) return assign(request, best), true;
  waiting_[{request->call.user_id, request->call.app}].emplace(request->number, request);
  return false;
}

void Router::assign(const RequestPtr& request, const WorkerPtr& worker) {
  if (const auto waiting = waiting_.find({request->call.user_id, request->call.app});
      waiting != waiting_.end()) {
    waiting->second.erase(request->number);
    if (waiting->second.empty()) waiting_.erase(waiting);
  }
  request->worker = worker;
  request->lease_id = ulid_of(options_.world.new_id());
  request->is_sent = false;
  request->is_acked = false;
  request->due = kNever;  // until it is sent
  request->patient_until = kNever;
  worker->assigned.insert(request);
  worker->requests.push_back(request);
  note_put(*worker);
  wake(*request);
}

void Router::take_away(const RequestPtr& request) {
  if (request->worker == nullptr) return;
  request->worker->assigned.erase(request);
  std::erase(request->worker->requests, request);
  fill(std::exchange(request->worker, nullptr));
}

// Gives the worker what waits for it, the longest waiting first.
void Router::fill(const WorkerPtr& worker) {
  while (free_of(*worker) > 0) {
    RequestPtr first;
    for (const auto& [app, slugs] : worker->apps) {
      const auto waiting = waiting_.find({worker->user_id, app});
      if (waiting == waiting_.end()) continue;
      const auto fit = std::ranges::find_if(
          waiting->second, [&](const auto& one) { return slugs.contains(one.second->call.slug); });
      if (fit == waiting->second.end()) continue;
      if (first == nullptr || fit->first < first->number) first = fit->second;
    }
    if (first == nullptr) return;
    assign(first, worker);
  }
}

void Router::wake(Request& request) {
  request.changed.raise(++request.changes);
}

void Router::note_put(Worker& worker) {
  worker.put.raise(++worker.put_count);
}

Result<> Router::add(const WorkerPtr& worker) {
  const std::lock_guard lock(mutex_);
  auto& count = connections_of_[worker->user_id];
  if (count >= options_.connections_of_user_max) {
    return fail(Code::kTooManyRequests,
                fmt::format("You have {} workers connected, and may have no more", count));
  }
  if (!connections_.emplace(worker->connection_id, worker).second) {
    return fail(Code::kConflict, "There is a connection of this id");
  }
  ++count;
  for (const auto& [app, slugs] : worker->apps) {
    workers_[{worker->user_id, app}].push_back(worker);
  }
  return {};
}

void Router::set_ready(const WorkerPtr& worker, bool is_ready) {
  const std::lock_guard lock(mutex_);
  if (worker->is_gone) return;
  worker->is_ready = is_ready;
  if (is_ready) return fill(worker);
  // What it has not been sent goes to another.
  for (const auto& request : std::exchange(worker->requests, {})) {
    take_away(request);
    wake(*request);
  }
  wake_waiting(*worker);
}

// It may have been the last of its apps.
void Router::wake_waiting(const Worker& worker) {
  for (const auto& [app, slugs] : worker.apps) {
    const auto waiting = waiting_.find({worker.user_id, app});
    if (waiting == waiting_.end()) continue;
    for (const auto& [number, request] : waiting->second) wake(*request);
  }
}

void Router::remove(const WorkerPtr& worker) {
  const std::lock_guard lock(mutex_);
  if (worker->is_gone) return;
  worker->is_ready = false;
  worker->is_gone = true;
  connections_.erase(worker->connection_id);
  if (--connections_of_[worker->user_id] == 0) connections_of_.erase(worker->user_id);
  for (const auto& [app, slugs] : worker->apps) {
    const auto known = workers_.find({worker->user_id, app});
    std::erase(known->second, worker);
    if (known->second.empty()) workers_.erase(known);
  }
  const auto back_by = options_.world.now() + options_.return_max;
  for (const auto& request : std::set(worker->assigned)) {
    if (request->is_acked) {
      request->due = std::min(request->due, back_by);
    } else {
      if (request->is_sent) request->end = lost();
      take_away(request);
    }
    wake(*request);
  }
  wake_waiting(*worker);
  // Whoever waits for it sees that it is gone.
  note_put(*worker);
  worker->taken.raise(std::numeric_limits<std::int64_t>::max());
}

bool Router::is_idle(const WorkerPtr& worker) const {
  const std::lock_guard lock(mutex_);
  return worker->assigned.empty();
}

Router::RequestPtr Router::find(const std::string& user_id, std::string_view request_id) const {
  const auto known = requests_.find(std::string(request_id));
  const bool is_his = known != requests_.end() && known->second->call.user_id == user_id;
  return is_his ? known->second : nullptr;
}

void Router::note_ack(const WorkerPtr& worker, std::string_view request_id) {
  const std::lock_guard lock(mutex_);
  worker->is_silent = false;
  const auto request = find(worker->user_id, request_id);
  if (request == nullptr || request->worker != worker || request->is_acked) return;
  request->is_acked = true;
  request->due = options_.world.now() + options_.lease;
  wake(*request);
}

std::string Router::extend(const WorkerPtr& worker, const LeaseExtension& lease) {
  const std::lock_guard lock(mutex_);
  const auto request = find(worker->user_id, lease.request_id);
  if (request == nullptr || request->end || request->worker == nullptr) return {};
  if (request->lease_id != lease.lease_id || !knows(*worker, request->call)) return {};
  if (request->worker != worker) {
    // It is back by another connection.
    if (worker->is_gone) return {};
    const auto before = std::exchange(request->worker, worker);
    before->assigned.erase(request);
    worker->assigned.insert(request);
    fill(before);
  }
  request->is_acked = true;
  request->due = options_.world.now() + options_.lease;
  wake(*request);
  return request->lease_id;
}

void Router::take_reply(const std::string& user_id, const WorkerReply& reply) {
  // Made before the lock is taken: it may have megabytes.
  auto answer = response_of(reply);
  const std::lock_guard lock(mutex_);
  const auto request = find(user_id, reply.request_id);
  if (request == nullptr || request->end) return;
  losses_.erase(request->call.request.run_id);
  request->end = std::move(answer);
  take_away(request);
  wake(*request);
}

void Router::say(const WorkerPtr& worker, std::string message) {
  const std::lock_guard lock(mutex_);
  worker->said.push_back(std::move(message));
  ++worker->said_count;
  note_put(*worker);
}

Task<void> Router::wait_for_room(WorkerPtr worker, std::int64_t messages_max) {
  std::int64_t said = 0;
  {
    const std::lock_guard lock(mutex_);
    said = worker->said_count;
  }
  std::ignore = co_await worker->taken.wait_past(said - messages_max - 1);
}

void Router::note_sent(const WorkerPtr& worker, const std::string& request_id) {
  const std::lock_guard lock(mutex_);
  const auto request = find(worker->user_id, request_id);
  if (request == nullptr || request->worker != worker || request->is_acked) return;
  request->due = options_.world.now() + options_.ack_max;
  wake(*request);
}

Task<std::optional<Router::Outgoing>> Router::next_message(WorkerPtr worker) {
  for (;;) {
    std::int64_t seen = 0;
    RequestPtr request;
    std::string lease_id;
    {
      const std::lock_guard lock(mutex_);
      if (!worker->said.empty()) {
        auto message = std::move(worker->said.front());
        worker->said.pop_front();
        worker->taken.raise(++worker->taken_count);
        co_return Outgoing{std::move(message), {}};
      }
      if (worker->is_gone) co_return std::nullopt;
      if (!worker->requests.empty()) {
        request = std::move(worker->requests.front());
        worker->requests.pop_front();
        lease_id = request->lease_id;
        request->is_sent = true;
      }
      seen = worker->put_count;
    }
    if (request != nullptr) {
      const auto& call = request->call;
      const auto run_id = ulid_of(call.request.run_id);
      auto bytes = write_executor_request({.request_id = call.request.id,
                                           .account_id = call.user_id,
                                           .app_id = call.app,
                                           .app_name = call.app,
                                           .function_id = call.function_id,
                                           .function_slug = call.slug,
                                           .step_id = call.request.step_id,
                                           .payload = call.request.body,
                                           .run_id = run_id,
                                           .lease_id = lease_id,
                                           .job_id = call.request.token,
                                           .traceparent = call.request.traceparent});
      co_return Outgoing{std::move(bytes), call.request.id};
    }
    std::ignore = co_await worker->put.wait_past(seen);
  }
}

}  // namespace synap::inngest

#include "inngest/serve/served_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/crypto.h"
#include "bus/function_events.h"
#include "inngest/canonical.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

using workers::OpCode;
using workers::PendingStep;

constexpr JsonLimits kDepth{.depth_max = 80};
constexpr std::string_view kInvoked = "inngest/function.invoked";
constexpr std::string_view kCancelled = "inngest/function.cancelled";
// As what a run sleeps while what it needs is out of order: no step of a handler has this name.
constexpr std::string_view kPauseStep = "synap\npause";
constexpr std::int64_t kPauseMs = 5'000;
constexpr std::int64_t kPauseMsMax = 600'000;
constexpr std::int64_t kOutageRetryMs = 30'000;

// Found steps that an answer names.
constexpr std::int64_t kNamedMax = 25;

// Where something of an event stands in what the relay posts.
std::string path_there(std::string_view path) {
  if (path.starts_with("data.")) return fmt::format("async.{}", path);
  if (path == "id" || path == "name" || path == "ts") return fmt::format("async.{}", path);
  if (path == "userId") return "async.user.id";
  return fmt::format("async.user.synap.{}", path);
}

Json member(const Json& object, std::string_view key) {
  const Json* value = object.is_object() ? object.find(key) : nullptr;
  return value != nullptr ? *value : Json();
}

// "data" or "error" of a memo.
Json part_of(const std::string& memo, std::string_view key) {
  const auto json = parse_json(memo, kDepth);
  return json ? member(*json, key) : Json();
}

workers::ServedRun::Wish wish_of(const CallRequest& request) {
  return {.step = request.step,
          .is_planning = request.is_planning,
          .attempts_max = request.attempts_max};
}

}  // namespace

ServedCall::ServedCall(const Rooms& rooms, ServedFunctions::Served served, CallRequest request)
    : ServedRun(wish_of(request)),
      rooms_(rooms),
      served_(std::move(served)),
      request_(std::move(request)) {}

Task<Result<std::optional<std::string>>> ServedCall::find_commit(workers::StepHash step) {
  return rooms_.store.find_commit(job_, step);
}

void ServedCall::keep_commit(db::Tx& tx, const workers::StepResult& result, Then then) {
  rooms_.store.keep_commit(tx, job_, *event_, result, then);
}

Task<CallAnswer> ServedCall::carry_out() {
  if (request_.uses_api) {
    if (auto fetched = co_await fetch(); !fetched) co_return failed(fetched.error(), true);
  }
  if (served_.is_failure) co_return co_await note_failure();
  auto event = co_await find_event(request_.events.front());
  if (!event) {
    const auto& error = event.error();
    const bool is_final = error.code == Code::kNotFound || error.code == Code::kBadRequest;
    co_return failed(error, !is_final);
  }
  event_ = std::move(*event);
  std::vector<events::EventRef> batch;
  for (std::size_t i = 1; i < request_.events.size(); ++i) {
    auto other = co_await find_event(request_.events[i]);
    if (!other) co_return failed(other.error(), other.error().is_retriable());
    if (batch.empty()) batch.push_back(event_);
    batch.push_back(std::move(*other));
  }
  job_ = {.line = event_->aggregate_id.value_or(request_.run),
          .position = event_->position,
          .run_id = request_.run,
          .function = served_.function,
          .user_id = event_->user_id,
          .attempt = request_.attempt,
          .may_have_results = true};
  const auto driver = rooms_.pool.local_driver(served_.function->id);
  workers::Call call{job_, *event_, request_.stored, std::move(batch)};
  auto answer = co_await driver->serve(std::move(call), *this);
  co_return co_await answer_of(std::move(answer));
}

Task<Result<>> ServedCall::fetch() {
  auto events = co_await rooms_.upstream.events_of(request_.run_id);
  if (!events) co_return fail(events.error());
  request_.add_events(std::move(*events));
  auto steps = co_await rooms_.upstream.steps_of(request_.run_id);
  if (!steps) co_return fail(steps.error());
  request_.add_steps(*steps);
  if (request_.events.empty()) co_return fail(Code::kBadGateway, "The run has no event");
  co_return Result<>{};
}

// By its id, in the log: what is said of it is not believed, only that it is this one.
Task<Result<events::EventRef>> ServedCall::find_event(const Json& event) {
  const auto name = std::string(event.string_or("name", ""));
  const bool is_invoked = name == kInvoked;
  const Json data = member(event, "data");
  const auto posted = member(member(event, "user"), "synap");
  auto id = Uuid::parse(is_invoked ? member(data, "_synap").string_or("event", "")
                                   : event.string_or("id", ""));
  // A server that gives events ids of its own has that of the log here.
  if (!id && !is_invoked) id = Uuid::parse(posted.string_or("id", ""));
  const auto stranger = fail(
      Code::kNotFound,
      is_invoked ? "Functions of a pod are invoked by functions of this pod only"
                 : fmt::format("The event \"{}\" is none of this pod's log", name.substr(0, 128)));
  if (!id) co_return stranger;
  auto found = co_await rooms_.runs.log().find(events::Tenancy::whole_pod(), *id);
  if (!found) {
    if (found.error().code == Code::kNotFound) co_return stranger;
    co_return found;
  }
  if (is_invoked) {
    if ((*found)->type != bus::kFunctionInvoked.name) co_return stranger;
    const auto asked = events::data_of(**found, bus::kFunctionInvoked);
    if (!asked || (*asked)->function != served_.function->id) co_return stranger;
    co_return found;
  }
  if (name != rooms_.functions.options().event_prefix + (*found)->type) co_return stranger;
  const auto hearing = rooms_.functions.hearing((*found)->type);
  if (std::ranges::find(hearing, served_.function) == hearing.end()) {
    co_return fail(Code::kBadRequest, fmt::format("{} does not hear events of the type {}",
                                                  served_.function->id, (*found)->type));
  }
  co_return found;
}

// The run of another function was given up there, or cancelled.
Task<CallAnswer> ServedCall::note_failure() {
  const auto& told = request_.events.front();
  const auto data = member(told, "data");
  const auto slug = rooms_.functions.slug_of(served_.function->id);
  const auto run = parse_foreign_id(data.string_or("run_id", ""));
  if (!run || data.string_or("function_id", "") != slug) co_return returned("null");
  auto event = co_await find_event(member(data, "event"));
  if (!event) {
    // Of an event that was none of ours nothing was asked for.
    if (event.error().code == Code::kNotFound) co_return returned("null");
    co_return failed(event.error(), true);
  }
  const bool is_cancelled = told.string_or("name", "") == kCancelled;
  const Error error = is_cancelled
                          ? Error{Code::kClientClosedRequest, "The run was cancelled", nullptr}
                          : workers::error_from_json(member(data, "error").dump());
  const bus::Job job{.position = (*event)->position,
                     .run_id = *run,
                     .function = served_.function,
                     .user_id = (*event)->user_id};
  auto given_up = co_await rooms_.store.give_up(
      job, **event, error, is_cancelled ? 0 : served_.function->retry.retries_max + 1);
  if (!given_up) co_return failed(given_up.error(), true);
  co_return returned("null");
}

Task<CallAnswer> ServedCall::answer_of(workers::Answer answer) {
  const bool has_done_one = !answer.results.empty();
  if (answer.outage && !has_done_one) {
    if (!request_.step) co_return pause();
    auto told = co_await ops_of(std::move(answer));
    told.retry_after_ms = kOutageRetryMs;
    co_return told;
  }
  if (answer.kind == workers::Answer::Kind::kPending) co_return co_await ops_of(std::move(answer));
  if (request_.step) co_return not_found(answer);
  if (answer.kind == workers::Answer::Kind::kFailed) co_return co_await failure_of(answer);
  auto kept = co_await rooms_.store.complete(job_, *event_);
  if (!kept) co_return workers::is_outage(kept.error()) ? pause() : failed(kept.error(), true);
  co_return returned(answer.output);
}

Task<CallAnswer> ServedCall::failure_of(const workers::Answer& answer) {
  const bool is_last = !answer.may_retry || request_.attempt + 1 >= request_.attempts_max;
  if (is_last) {
    const int attempts = answer.step_attempts > 0 ? answer.step_attempts : request_.attempt + 1;
    auto given_up = co_await rooms_.store.give_up(job_, *event_, answer.error, attempts);
    // Else by the function that hears of failures.
    if (!given_up && workers::is_outage(given_up.error())) co_return pause();
  }
  auto told = failed(answer.error, answer.may_retry);
  told.retry_after_ms = answer.retry_delay_ms;
  co_return told;
}

// The run is called again behind a sleep of its own: so no attempt is spent.
CallAnswer ServedCall::pause() const {
  int before = 0;
  while (request_.stored.memos.contains(workers::step_hash(kPauseStep, before))) ++before;
  const auto ms = std::min(kPauseMs << std::min(before, 10), kPauseMsMax);
  const std::string name(kPauseStep);
  auto op = op_of(OpCode::kSleep, workers::step_hash(name, before), name);
  op.set("name", duration_text(ms)).set("displayName", "(the pod's disk is out of order)");
  return with_ops(Json(Json::Array{std::move(op)}));
}

CallAnswer ServedCall::not_found(const workers::Answer& answer) const {
  Json found = Json::array();
  std::int64_t count = 0;
  const auto add = [&](const workers::StepHash& hash, const std::string& name) {
    if (++count > kNamedMax) return;
    found.push_back(Json::object({{"id", to_hex(hash)}, {"name", name}, {"displayName", name}}));
  };
  for (const auto& step : answer.planned) add(step.hash, step.name);
  for (const auto& step : answer.pending) add(step.hash, step.name);
  const auto hash = to_hex(*request_.step);
  const Json body = Json::object(
      {{"error", fmt::format("Could not find the step {} of {}", hash, served_.function->id)},
       {"requestedStep", hash},
       {"foundSteps", std::move(found)},
       {"totalFoundSteps", count}});
  return {.status = 500, .body = canonical_json(body), .no_retry = false};
}

// Of a call that was for one step, what became of that one. Else of the one that was done; if none
// was, all that are found.
Task<CallAnswer> ServedCall::ops_of(workers::Answer answer) {
  CallAnswer told;
  Json ops = Json::array();
  for (const auto& result : answer.results) {
    auto op = op_of(result.op, result.hash, result.name);
    const bool is_failed = result.op == OpCode::kStepFailed;
    if (is_failed) {
      // Twice, as SDKs do.
      const auto error = serialized(part_of(result.memo, "error"));
      op.set("error", error).set("data", error);
      told.no_retry = true;
    } else {
      op.set("data", part_of(result.memo, "data"));
    }
    ops.push_back(std::move(op));
  }
  const bool has_failed = std::ranges::any_of(
      answer.pending, [](const auto& step) { return step.op == OpCode::kStepError; });
  for (const auto& step : answer.pending) {
    const bool is_told =
        step.op == OpCode::kStepError || (answer.results.empty() && !has_failed && !request_.step);
    if (!is_told) continue;
    auto op = co_await op_of_pending(step);
    if (!op) co_return workers::is_outage(op.error()) ? pause() : failed(op.error(), true);
    if (step.op == OpCode::kStepError) told.no_retry = false;
    ops.push_back(std::move(*op));
  }
  if (ops.as_array().empty() && request_.step) co_return not_found(answer);
  if (answer.results.empty() && !has_failed) {
    for (const auto& step : answer.planned) {
      auto op = op_of(OpCode::kStepRun, step.hash, step.name);
      ops.push_back(std::move(op.set("op", "StepPlanned")));
    }
  }
  told.status = 206;
  told.body = with_ops(std::move(ops)).body;
  co_return told;
}

Task<Result<Json>> ServedCall::op_of_pending(const PendingStep& step) {
  auto op = op_of(step.op, step.hash, step.name);
  switch (step.op) {
    case OpCode::kStepError:
      op.set("error", serialized(parse_json(step.error, kDepth).value_or(Json())));
      break;
    case OpCode::kSleep:
      op.set("name", duration_text(std::max<std::int64_t>(step.wait_ms, 0)));
      break;
    case OpCode::kWaitForEvent:
      co_return co_await wait_op(step);
    case OpCode::kInvokeFunction:
      co_return co_await invoke_op(step);
    case OpCode::kWaitForSignal: {
      // Those who send it append an event, which the relay takes there from now on.
      auto heard = co_await rooms_.relay.hear(std::string(bus::kSignalSent.name));
      if (!heard) co_return fail(heard.error());
      const auto name = signal_name(job_.user_id, step.signal->signal);
      op.set("name", name);
      op.set("opts", Json::object({{"signal", name},
                                   {"timeout", duration_text(step.wait_ms)},
                                   {"conflict", step.signal->replaces ? "replace" : "fail"}}));
      break;
    }
    default:
      break;
  }
  co_return op;
}

Task<Result<Json>> ServedCall::wait_op(const PendingStep& step) {
  const auto& wait = *step.wait;
  auto op = op_of(step.op, step.hash, step.name);
  if (!can_be_posted(wait.type)) {
    op.set("op", "StepFailed");
    op.set("error", Json::object({{"name", "NotSupported"},
                                  {"message", fmt::format("Nobody can wait for {} while an Inngest "
                                                          "server is the bus",
                                                          wait.type)}}));
    co_return op;
  }
  if (auto heard = co_await rooms_.relay.hear(wait.type); !heard) co_return fail(heard.error());
  auto condition = fmt::format("async.user.id == {}", Json(job_.user_id).dump());
  if (!wait.path.empty()) {
    condition += fmt::format(" && {} == {}", path_there(wait.path), wait.value.dump());
  }
  if (wait.condition) condition += fmt::format(" && ({})", wait.condition->to_text());
  op.set("name", rooms_.functions.options().event_prefix + wait.type);
  op.set("opts", Json::object({{"timeout", duration_text(step.wait_ms)}, {"if", condition}}));
  co_return op;
}

// What the function is handed stands in an event of the log, as on the pod's own bus: so whose run
// it is cannot be made up. A repeated call has the same event.
Task<Result<Json>> ServedCall::invoke_op(const PendingStep& step) {
  const auto& asked = *step.invoked;
  auto op = op_of(step.op, step.hash, step.name);
  Json data = asked.data.is_object() ? asked.data : Json::object({{"value", asked.data}});
  auto slug = asked.function;
  if (rooms_.functions.find(rooms_.functions.slug_of(asked.function)) != nullptr) {
    slug = rooms_.functions.slug_of(asked.function);
    auto envelope = rooms_.runs.events().envelope_outside(job_, *event_);
    envelope.id = Uuid::derived(
        event_->timestamp,
        fmt::format("served invocation\n{}\n{}", job_.run_id.to_string(), to_hex(step.hash)));
    auto event = rooms_.types.make(
        bus::kFunctionInvoked,
        bus::Invocation{asked.function, asked.data, job_.run_id.to_string(), to_hex(step.hash)},
        std::move(envelope));
    if (!event) co_return fail(event.error());
    const auto id = event->id().to_string();
    auto appended = co_await rooms_.runs.log().append({.events = {std::move(*event)}});
    if (!appended) co_return fail(appended.error());
    data.set("_synap", Json::object({{"event", id}}));
  }
  op.set("opts", Json::object({{"function_id", slug},
                               {"payload", Json::object({{"data", std::move(data)}})},
                               {"timeout", duration_text(step.wait_ms)}}));
  co_return op;
}

// Of the log where it is there; of others what they say.
Task<Result<Json>> ServedCall::awaited_event(Json memo) {
  if (const auto id = Uuid::parse(memo.string_or("id", ""))) {
    auto found = co_await rooms_.runs.log().find(events::Tenancy::of_user(job_.user_id), *id);
    if (found) co_return parse_json((*found)->json(), kDepth);
    if (found.error().code != Code::kNotFound) co_return fail(found.error());
  }
  const Json ts = member(memo, "ts");
  Json event = Json::object({{"id", std::string(memo.string_or("id", ""))},
                             {"type", std::string(memo.string_or("name", ""))},
                             {"userId", job_.user_id},
                             {"data", member(memo, "data")}});
  if (ts.is_integer()) event.set("timestamp", to_iso8601(ts.as_integer()));
  co_return event;
}

}  // namespace synap::inngest

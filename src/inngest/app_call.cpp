#include "inngest/app_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "inngest/app_event.h"
#include "inngest/call_body.h"
#include "inngest/duration.h"
#include "inngest/gateway.h"
#include "inngest/memos.h"
#include "inngest/sdk_event.h"
#include "inngest/ulid.h"
#include "workers/run_trace.h"

namespace synap::inngest {
namespace {

using workers::OpCode;
using workers::StepHash;

// As which an app tells of its function's own end.
StepHash end_hash() {
  return workers::step_hash("complete", 0);
}

std::string text_of(const Json& error) {
  return fmt::format("{}: {}", error.string_or("name", "Error"), error.string_or("message", ""));
}

std::string late_memo(std::string_view step) {
  return R"({"error":)" +
         app_error("InngestInvokeTimeoutError",
                   fmt::format("What the step \"{}\" asked for has not ended in time", step))
             .dump() +
         "}";
}

}  // namespace

AppCall::AppCall(AppDriver& driver, workers::Call call)
    : driver_(driver),
      job_(call.job),
      stored_(std::move(call.stored)),
      happened_(call.event),
      batch_(std::move(call.events)),
      now_(driver.shared_.runs.clock().now()) {
  defers_.take_from(stored_.memos);
}

Task<workers::Answer> AppCall::carry_out() {
  answer_.kind = workers::Answer::Kind::kPending;
  if (auto loaded = co_await load_events(); !loaded) {
    std::ignore = stop_for(loaded.error());
    co_return std::move(answer_);
  }
  while (co_await discover() == Then::kGoOn) {
    // What was done is on disk before anything else begins.
    if (auto saved = co_await save(); !saved) {
      std::ignore = stop_for(saved.error());
      break;
    }
  }
  // They are pending on disk, where they may be done by now: whoever settles the call need not
  // know.
  if (has_stored_begun_) std::ignore = co_await save();
  co_return co_await come_to_an_end();
}

Task<workers::Answer> AppCall::come_to_an_end() {
  if ((output_ && !has_failed_) || is_last_failure()) {
    if (auto begun = co_await begin_deferred(); !begun) {
      std::ignore = stop_for(begun.error());
      co_return std::move(answer_);
    }
  }
  if (output_ && !has_failed_) {
    answer_.kind = workers::Answer::Kind::kDone;
    append_json(answer_.output, *output_);
  }
  co_return std::move(answer_);
}

// What it has done is stored with what comes of the rest, and nobody is asked.
Task<workers::Answer> AppCall::carry_out(Reply report) {
  answer_.kind = workers::Answer::Kind::kPending;
  if (auto loaded = co_await load_events(); !loaded) {
    std::ignore = stop_for(loaded.error());
    co_return std::move(answer_);
  }
  asked_at_ = driver_.shared_.runs.world().unix_ms();
  for (const auto& op : report.ops) {
    if (output_ || has_failed_) break;
    const bool is_failure = op.op == "StepError" || op.op == "StepFailed";
    if (op.hash == end_hash() && is_failure) {
      report.error = op.error;
      report.may_retry = op.op == "StepError";
      std::ignore = fail_run(report);
    } else if (op.op == "StepPlanned" || is_gateway_op(op.op)) {
      if (!stored_.memos.contains(op.hash) && begun(op.hash) == nullptr) put_planned(op);
    } else if (op.op != "DiscoveryRequest") {
      take(op, report);
    }
  }
  if (output_ && json_bytes(*output_) > static_cast<std::size_t>(workers::kStepBytesMax)) {
    exceed(fmt::format("The function's result has {} bytes; at most {} are kept",
                       json_bytes(*output_), workers::kStepBytesMax));
  }
  co_return co_await come_to_an_end();
}

// Of a batch all; otherwise the one.
Task<Result<>> AppCall::load_events() {
  std::vector<const events::Event*> all;
  for (const auto& event : batch_) all.push_back(event.get());
  if (all.empty()) all.push_back(&happened_);
  for (const auto* one : all) {
    auto event = co_await event_for_app(*one, driver_.shared_.types, driver_.shared_.runs);
    if (!event) co_return fail(event.error());
    events_.push_back(std::move(*event));
  }
  co_return Result<>{};
}

Task<Result<>> AppCall::end_what_is_due() {
  std::vector<workers::PendingStep> due;
  for (const auto& [hash, step] : stored_.pending) {
    if (step.due_at <= now_ && step.op != OpCode::kStepError) due.push_back(step);
  }
  std::ranges::sort(due, [](const auto& left, const auto& right) {
    return std::tie(left.due_at, left.hash) < std::tie(right.due_at, right.hash);
  });
  for (const auto& step : due) {
    const ReportedOp op{.hash = step.hash, .step_id = step.name};
    if (step.op == OpCode::kSleep) {
      remember(op, step.op, "null");
      continue;
    }
    const auto over = step.op == OpCode::kInvokeFunction ? late_memo(step.name) : "null";
    auto memo = co_await driver_.shared_.runs.end_wait(
        job_, {step.hash, stored_.next_place, step.name, step.op, over, step.began_at});
    if (!memo) co_return fail(memo.error());
    stored_.pending.erase(step.hash);
    stored_.memo_bytes += static_cast<std::int64_t>(memo->size());
    stored_.memos.emplace(step.hash,
                          workers::Memo{*std::move(memo), step.op, stored_.next_place++});
    answer_.has_made_progress = true;
  }
  co_return Result<>{};
}

// Asks the app what is next. It goes on where something was done: what comes next may hang on it.
Task<AppCall::Then> AppCall::discover() {
  now_ = driver_.shared_.runs.clock().now();
  if (auto ended = co_await end_what_is_due(); !ended) co_return stop_for(ended.error());
  auto& shared = driver_.shared_;
  if (auto told = co_await tell_ends(stored_, shared.types, shared.runs); !told) {
    co_return stop_for(told.error());
  }
  const auto done_before = stored_.memos.size();
  auto reached = co_await ask_with_checkpoints();
  if (reached.outage) {
    answer_.outage = *reached.outage;
    co_return stop_for(*reached.outage);
  }
  if (reached.is_lost) co_return Then::kGoOn;
  const auto& reply = reached.reply;
  asked_at_ = reached.began_at;
  if (reply.kind == Reply::Kind::kFailed) co_return fail_run(reply);
  if (reply.kind == Reply::Kind::kDone) {
    output_ = reply.output;
    co_return Then::kStop;
  }
  std::vector<ReportedOp> planned;
  for (const auto& op : reply.ops) {
    note_race(op);
    if (op.op == "StepPlanned" || is_gateway_op(op.op)) {
      const bool is_known =
          stored_.memos.contains(op.hash) || is_waiting(op.hash) || is_under_way(op.hash);
      if (!is_known) planned.push_back(op);
    } else if (op.op != "DiscoveryRequest") {
      take(op, reply);
    }
  }
  if (output_ || has_failed_) co_return Then::kStop;
  if (answer_.is_for_leader && in_flight_.empty()) co_return Then::kStop;
  const bool goes_on = !in_flight_.empty() || (is_racing_ && !planned.empty());
  if (goes_on) {
    if (auto stored = co_await store_begun(); !stored) co_return stop_for(stored.error());
  }
  if (has_unstored_waits() && !planned.empty()) {
    // What is waited for may come of what is planned: it is waited for first.
    for (const auto& op : planned) put_planned(op);
    co_return Then::kStop;
  }
  co_await do_planned(std::move(planned));
  if (has_failed_ || answer_.outage || answer_.is_for_leader) co_return Then::kStop;
  if (has_news_) co_return Then::kGoOn;
  if (stored_.memos.size() > done_before) co_return Then::kGoOn;
  if (stored_.pending.empty()) {
    Reply nothing;
    nothing.error = app_error("InvalidAnswer", "The app has answered that nothing is to be done");
    co_return fail_run(nothing);
  }
  co_return Then::kStop;
}

// While it is open, the app may go on from step to step, and tell of each.
Task<AppCall::Reached> AppCall::ask_with_checkpoints() {
  // With an edited input an SDK that goes on by itself takes the step's result for nothing (npm
  // 4.24, resumeStepWithResult: it looks at the memo, which has an input and no data).
  const bool is_edited = std::ranges::any_of(
      stored_.pending, [](const auto& step) { return !step.second.input.empty(); });
  // What it would tell goes to the node that leads.
  if (job_.is_away || has_waiting() || !in_flight_.empty() || is_edited) {
    co_return co_await ask(std::nullopt, attempt_now());
  }
  auto& checkpoints = driver_.shared_.checkpoints;
  const auto open = checkpoints.begin(job_, stored_, defers_.counts());
  auto reached = co_await ask(std::nullopt, attempt_now(), open->token());
  checkpoints.end(*open);
  for (auto& result : open->take()) {
    stored_.next_place = std::max(stored_.next_place, result.place + 1);
    stored_.memo_bytes += static_cast<std::int64_t>(result.memo.size());
    stored_.pending.erase(result.hash);
    stored_.memos.emplace(result.hash,
                          workers::Memo{std::move(result.memo), result.op, result.place});
    answer_.has_made_progress = true;
  }
  defers_.take_from(stored_.memos);
  co_return reached;
}

Task<AppCall::Reached> AppCall::ask(std::optional<StepHash> step, int attempt, std::string token) {
  auto& shared = driver_.shared_;
  if (!shared.runs.lease().holds()) {
    if (auto held = co_await shared.runs.lease().hold(); !held) co_return not_asked(held.error());
    co_return Reached{.is_lost = true};  // whether the run still is: it may have been cancelled
  }
  const bool carries_state = driver_.transport_->carries_state();
  if (!carries_state && !answer_.results.empty()) {
    // An app that cannot be told is none that fails.
    if (auto saved = co_await save(); !saved) co_return not_asked(saved.error());
  }
  const auto request_id = ulid_of(shared.runs.world().new_id());
  const auto began_at = shared.runs.world().unix_ms();
  const CallBody body{.events = events_,
                      .stored = stored_,
                      .run_id = job_.run_id,
                      .attempt = attempt,
                      .attempts_max = driver_.function_.retries_max + 1,
                      .step = step,
                      .is_planning = !step && (has_waiting() || !in_flight_.empty()),
                      .version = stored_.memos.empty() ? -1 : driver_.version_.load(),
                      .request_id = request_id,
                      .function_id = driver_.function_id_,
                      .token = token,
                      .defers = defers_.told()};
  AppRequest request{.id = request_id,
                     .run_id = job_.run_id,
                     .step_id = step_id_of(body),
                     .token = token,
                     .body = carries_state ? call_body(body) : std::string(),
                     .event = &events_.front(),
                     .is_planning = body.is_planning};
  auto* const tracer = shared.runs.tracer();
  std::optional<TraceContext> context;
  std::int64_t began_us = 0;
  if (job_.trace != nullptr) {
    context = tracer->begin(job_.trace->run);
    began_us = tracer->unix_us();
    request.traceparent = context->traceparent();
  }
  auto response = co_await driver_.transport_->ask(std::move(request));
  if (context) {
    auto span = workers::span_of_request(job_, *context, driver_.transport_->address(), began_us,
                                         tracer->unix_us());
    if (!response) span.error = response.error().message;
    tracer->end(std::move(span));
  }
  if (response) {
    if (const auto* version = outbound::find(response->headers, "x-inngest-req-version")) {
      if (*version == "1" || *version == "2") driver_.version_ = (*version)[0] - '0';
    }
    co_return Reached{.reply = read_reply(*response, shared.runs.world().unix_ms()),
                      .began_at = began_at};
  }
  const auto& error = response.error();
  Reached reached{.began_at = began_at};
  reached.reply.error = app_error(info(error.code).name, error.message);
  reached.reply.may_retry = error.code == Code::kBadGateway || error.code == Code::kGatewayTimeout;
  if (error.code == Code::kServiceUnavailable) reached.outage = error;
  reached.is_lost = error.code == Code::kClientClosedRequest;
  co_return reached;
}

// Only what is out of order for all is an outage: a run that is somebody else's by now goes on
// there.
AppCall::Reached AppCall::not_asked(const Error& error) const {
  Reached reached{.began_at = driver_.shared_.runs.world().unix_ms()};
  reached.reply.error = app_error(info(error.code).name, error.message);
  if (workers::is_outage(error)) reached.outage = error;
  return reached;
}

// Each once: they are stored as steps that ask for runs, and a call that is made again finds them.
Task<Result<>> AppCall::begin_deferred() {
  workers::RunStore::Steps steps;
  for (auto& step : defers_.steps(job_.run_id, job_.function->id, job_.user_id)) {
    if (begun(step.hash) != nullptr) continue;
    step.due_at = driver_.shared_.runs.clock().now() + kWaitMsMax;
    steps.pending.push_back(std::move(step));
  }
  if (steps.pending.empty()) co_return Result<>{};
  if (auto saved = co_await save(); !saved) co_return saved;
  co_return co_await driver_.shared_.runs.begin_steps(job_, happened_, std::move(steps));
}

// As the pool decides it.
bool AppCall::is_last_failure() const {
  if (answer_.kind != workers::Answer::Kind::kFailed || answer_.outage) return false;
  const int attempt = answer_.has_made_progress ? 0 : job_.attempt;
  return has_failed_ && (!answer_.may_retry || attempt >= job_.function->retry.retries_max);
}

// By whoever still holds the job, as all that a run stores. Where nothing is to be stored it is
// asked all the same: nobody goes on with a run that was cancelled or is somebody else's.
Task<Result<>> AppCall::save() {
  auto results = std::exchange(answer_.results, {});
  auto& runs = driver_.shared_.runs;
  if (results.empty()) co_return co_await confirm();
  auto saved = co_await runs.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    if (runs.jobs().holds(tx, job_)) runs.write_results(tx, job_, results, true);
  });
  // Whoever settles the call stores them, if he can.
  if (!saved) answer_.results = std::move(results);
  co_return saved;
}

// Who cannot be told that the run is still his begins nothing of it.
Task<Result<>> AppCall::confirm() {
  auto& runs = driver_.shared_.runs;
  if (auto held = co_await runs.lease().hold(); !held) co_return held;
  co_return co_await runs.database().read(
      [&](db::Tx& tx) { std::ignore = runs.jobs().holds(tx, job_); });
}

AppCall::Then AppCall::fail_run(const Reply& reply) {
  has_failed_ = true;
  answer_.kind = workers::Answer::Kind::kFailed;
  answer_.error = {Code::kInternalServerError, text_of(reply.error),
                   std::make_shared<const Json>(Json::object({{"error", reply.error}}))};
  answer_.may_retry = reply.may_retry;
  // A function that cannot be tried again fails for the step that has failed before.
  if (!reply.may_retry) answer_.step_attempts = exhausted_attempts_;
  answer_.retry_delay_ms = retry_delay(reply, answer_.has_made_progress ? 0 : job_.attempt);
  return Then::kStop;
}

// Here, in the pod. Only what is out of order for all says that it is no attempt of this run.
AppCall::Then AppCall::stop_for(const Error& error) {
  answer_.kind = workers::Answer::Kind::kFailed;
  answer_.error = error;
  answer_.may_retry = true;
  if (workers::is_outage(error)) answer_.outage = error;
  return Then::kStop;
}

void AppCall::exceed(std::string message) {
  has_failed_ = true;
  answer_.kind = workers::Answer::Kind::kFailed;
  answer_.error = {Code::kPayloadTooLarge, std::move(message), nullptr};
  answer_.may_retry = false;
}

const workers::PendingStep* AppCall::begun(const StepHash& hash) const {
  const auto at = stored_.pending.find(hash);
  return at != stored_.pending.end() ? &at->second : nullptr;
}

bool AppCall::is_waiting(const StepHash& hash) const {
  const auto* step = begun(hash);
  return step != nullptr && step->due_at > now_;
}

// While something waits, the app must not do what it finds by itself: it may be just that.
bool AppCall::has_waiting() const {
  return std::ranges::any_of(stored_.pending,
                             [this](const auto& step) { return step.second.due_at > now_; });
}

int AppCall::attempt_now() const {
  int attempt = answer_.has_made_progress ? 0 : job_.attempt;
  for (const auto& [hash, step] : stored_.pending) {
    if (step.due_at <= now_) attempt = std::max(attempt, step.attempts);
  }
  return attempt;
}

std::int64_t AppCall::retry_delay(const Reply& reply, int attempt) const {
  if (reply.retry_after_ms) return *reply.retry_after_ms;
  if (driver_.function_.retry_interval) return driver_.function_.retry_interval->count();
  return app_retry_delay_ms(attempt, driver_.shared_.runs.random());
}

}  // namespace synap::inngest

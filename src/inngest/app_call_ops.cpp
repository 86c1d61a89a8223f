// What an app reports of steps, as what becomes of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "bus/function_name.h"
#include "inngest/app_call.h"
#include "inngest/duration.h"
#include "inngest/memos.h"
#include "inngest/sdk_event.h"
#include "inngest/waits.h"

namespace synap::inngest {

using workers::OpCode;
using workers::StepHash;

namespace {

constexpr std::int64_t kLastToldMs = 253'402'300'799'999;  // 9999-12-31

}  // namespace

void AppCall::take(const ReportedOp& op, const Reply& reply) {
  if (op.op == "RunComplete") {
    output_ = op.data;
    return;
  }
  if (op.op == "DeferAdd" || op.op == "DeferAbort") return take_defer(op);
  if (stored_.memos.contains(op.hash)) return;
  if (op.op == "StepRun" || op.op == "Step") {
    remember(op, OpCode::kStepRun, memo_of("data", op.data));
  } else if (op.op == "StepError") {
    take_failure(op, reply);
  } else if (op.op == "StepFailed") {
    remember(op, OpCode::kStepFailed, memo_of("error", op.error));
  } else if (op.op == "Sleep") {
    begin_sleep(op);
  } else if (job_.is_away && (op.op == "WaitForEvent" || op.op == "WaitForSignal")) {
    // Who waits for what is known by the node that leads: it asks the app again, and is told.
    answer_.is_for_leader = true;
  } else if (op.op == "WaitForEvent") {
    begin_wait(op);
  } else if (op.op == "InvokeFunction") {
    begin_invoke(op);
  } else if (op.op == "WaitForSignal") {
    begin_signal_wait(op);
  } else {
    refuse(op, fmt::format("This pod does not know steps of the kind {} yet (docs/not-yet.md)",
                           op.op.substr(0, 40)));
  }
}

void AppCall::take_defer(const ReportedOp& op) {
  auto result = Defers::result_of(op);
  if (!result) return;
  auto asked = op;
  asked.hash = result->hash;
  const bool had_made_progress = answer_.has_made_progress;
  remember(asked, result->op, std::move(result->memo));
  // It is no step: a failure behind it is the function's as before.
  answer_.has_made_progress = had_made_progress;
  defers_.take_from(stored_.memos);
  if (auto excess = defers_.counts().excess()) {
    defers_ = {};
    exceed(*std::move(excess));
  }
}

void AppCall::take_planned(const ReportedOp& planned, const Reached& reached) {
  if (has_failed_) return;
  asked_at_ = reached.began_at;
  if (reached.outage) {
    const auto* before = begun(planned.hash);
    put_pending({.hash = planned.hash,
                 .name = planned.step_id,
                 .op = OpCode::kStepError,
                 .attempts = before != nullptr ? before->attempts : 0,
                 .due_at = 0,
                 .error = workers::error_json(*reached.outage)});
    answer_.outage = reached.outage;
    return;
  }
  const auto& reply = reached.reply;
  auto failed = planned;
  failed.error = reply.error;
  if (reply.kind == Reply::Kind::kFailed) return take_failure(failed, reply);
  // What an app answers beside ops to a call of one step is that step's result.
  if (reply.kind == Reply::Kind::kDone) {
    return remember(planned, OpCode::kStepRun, memo_of("data", reply.output));
  }
  take_ops(planned, reply);
}

// Whoever asks for a step and hears nothing new would ask for it again, at once and for ever.
void AppCall::take_ops(const ReportedOp& planned, const Reply& reply) {
  const auto before = taken_count_;
  for (const auto& op : reply.ops) {
    if (op.op != "StepPlanned") take(op, reply);
  }
  if (taken_count_ > before || output_ || has_failed_ || answer_.is_for_leader) return;
  auto failed = planned;
  failed.error = app_error("InvalidAnswer",
                           fmt::format("The app was asked for the step \"{}\", and its answer says "
                                       "nothing of what became of it",
                                       shortened(planned.step_id, 200)));
  take_failure(failed, reply);
}

void AppCall::put_planned(const ReportedOp& planned) {
  const auto* before = begun(planned.hash);
  put_pending({.hash = planned.hash,
               .name = planned.step_id,
               .op = OpCode::kStepError,
               .attempts = before != nullptr ? before->attempts : 0,
               .due_at = now_});
}

bool AppCall::has_unstored_waits() const {
  return std::ranges::any_of(
      answer_.pending, [](const auto& step) { return step.wait || step.invoked || step.signal; });
}

void AppCall::take_failure(const ReportedOp& op, const Reply& reply) {
  const auto* before = begun(op.hash);
  const int attempts = before != nullptr ? before->attempts : 0;
  const Json* no_retry = op.error.find("noRetry");
  const bool is_final = !reply.may_retry || attempts >= driver_.function_.retries_max ||
                        (no_retry != nullptr && *no_retry == Json(true));
  if (is_final) {
    remember(op, OpCode::kStepFailed, memo_of("error", op.error));
    exhausted_attempts_ = attempts + 1;
    return;
  }
  put_pending({.hash = op.hash,
               .name = op.step_id,
               .op = OpCode::kStepError,
               .attempts = attempts + 1,
               .due_at = driver_.shared_.runs.clock().now() + retry_delay(reply, attempts),
               .error = op.error.dump(),
               .began_at = asked_at_});
}

void AppCall::begin_sleep(const ReportedOp& op) {
  if (begun(op.hash) != nullptr) return;
  const auto text = op.opts.string_or("duration", op.name);
  const auto wait = parse_wait(text, driver_.shared_.runs.world().unix_ms());
  if (!wait) return refuse(op, wait.error().message);
  put_pending({.hash = op.hash,
               .name = op.step_id,
               .op = OpCode::kSleep,
               .due_at = driver_.shared_.runs.clock().now() + *wait});
}

// A step that waits for what `wait` says, until `timeout` is over.
void AppCall::begin(const ReportedOp& op, std::string_view timeout, workers::PendingStep wait) {
  const auto left = parse_wait(timeout, driver_.shared_.runs.world().unix_ms());
  if (!left) return refuse(op, left.error().message);
  wait.hash = op.hash;
  wait.name = op.step_id;
  wait.due_at = driver_.shared_.runs.clock().now() + *left;
  put_pending(std::move(wait));
}

void AppCall::begin_wait(const ReportedOp& op) {
  if (begun(op.hash) != nullptr) return;
  auto wait = wait_of(op, events_.front(), job_.user_id);
  if (!wait) return refuse(op, wait.error().message);
  begin(op, op.opts.string_or("timeout", ""),
        {.op = OpCode::kWaitForEvent, .wait = std::move(*wait)});
}

void AppCall::begin_invoke(const ReportedOp& op) {
  if (begun(op.hash) != nullptr) return;
  const auto slug = op.opts.string_or("function_id", "");
  const Json* payload = op.opts.find("payload");
  const Json* payload_data = payload != nullptr ? payload->find("data") : nullptr;
  const bool is_object = payload_data != nullptr && payload_data->is_object();
  Json data = is_object ? *payload_data : Json::object();
  // What only the server says.
  std::erase_if(data.as_object(), [](const auto& member) { return member.first == "_inngest"; });
  workers::InvokedFunction invoked{bus::function_id(slug, job_.user_id), std::move(data)};
  if (payload != nullptr) {
    Json event = Json::object({{"name", "inngest/function.invoked"}});
    for (const char* key : {"v", "user", "meta"}) {
      if (const Json* value = payload->find(key)) event.set(key, *value);
    }
    const auto read = SdkEvent::read(std::move(event));
    if (!read) return refuse(op, read.error().message);
    auto said = read->said();
    if (!said.as_object().empty()) invoked.sdk = std::move(said);
  }
  const auto timeout = op.opts.string_or("timeout", "365d");
  const auto now = driver_.shared_.runs.world().unix_ms();
  if (const auto left = parse_wait(timeout, now)) {
    invoked.expires_at = std::min(now + *left, kLastToldMs);
  }
  begin(op, timeout, {.op = OpCode::kInvokeFunction, .invoked = std::move(invoked)});
}

void AppCall::begin_signal_wait(const ReportedOp& op) {
  if (begun(op.hash) != nullptr) return;
  const auto signal = op.opts.string_or("signal", op.name);
  if (signal.empty() || signal.size() > 256) {
    return refuse(op, "The name of a signal has 1 to 256 bytes");
  }
  begin(op, op.opts.string_or("timeout", ""),
        {.op = OpCode::kWaitForSignal,
         .signal = workers::SignalWait{std::string(signal),
                                       op.opts.string_or("conflict", "fail") == "replace"}});
}

// As an error of the step: the function may catch it, and its author reads it where he looks first.
void AppCall::refuse(const ReportedOp& op, const std::string& why) {
  remember(op, OpCode::kStepFailed, memo_of("error", app_error("NotSupported", why)));
}

void AppCall::remember(const ReportedOp& op, OpCode code, std::string memo) {
  ++taken_count_;
  const auto bytes = static_cast<std::int64_t>(memo.size());
  if (auto excess =
          excess_of(op.step_id, memo.size(), stored_.memo_bytes + bytes, stored_.next_place)) {
    return exceed(*std::move(excess));
  }
  stored_.memo_bytes += bytes;
  const auto* before = begun(op.hash);
  const bool has_waited = before != nullptr && before->op != OpCode::kStepError;
  workers::StepResult result{op.hash, stored_.next_place, op.step_id, code, memo};
  result.started_at = has_waited ? before->began_at : asked_at_;
  result.ended_at = driver_.shared_.runs.world().unix_ms();
  if (before != nullptr) result.input = before->input;
  stored_.pending.erase(op.hash);
  std::erase_if(answer_.pending, [&](const auto& step) { return step.hash == op.hash; });
  answer_.results.push_back(std::move(result));
  stored_.memos.emplace(op.hash, workers::Memo{std::move(memo), code, stored_.next_place++});
  answer_.has_made_progress = answer_.has_made_progress || code != OpCode::kStepFailed;
  exhausted_attempts_ = 0;
}

void AppCall::put_pending(workers::PendingStep step) {
  ++taken_count_;
  if (stored_.next_place + static_cast<int>(stored_.pending.size()) >= workers::kStepsMax &&
      begun(step.hash) == nullptr) {
    return exceed(too_many_steps());
  }
  stored_.pending.insert_or_assign(step.hash, step);
  std::erase_if(answer_.pending, [&](const auto& other) { return other.hash == step.hash; });
  answer_.pending.push_back(std::move(step));
}

}  // namespace synap::inngest

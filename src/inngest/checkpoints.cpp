#include "inngest/checkpoints.h"

#include <fmt/format.h>

#include "inngest/defers.h"
#include "inngest/memos.h"
#include "inngest/reply.h"
#include "inngest/ulid.h"

namespace synap::inngest {

using workers::OpCode;
using workers::StepResult;

std::optional<StepResult> result_of(const ReportedOp& op) {
  if (op.op == "StepRun" || op.op == "Step") {
    return StepResult{op.hash, 0, op.step_id, OpCode::kStepRun, memo_of("data", op.data)};
  }
  if (op.op == "StepFailed") {
    return StepResult{op.hash, 0, op.step_id, OpCode::kStepFailed, memo_of("error", op.error)};
  }
  return Defers::result_of(op);
}

std::string OpenCall::token() const {
  return fmt::format("{}:{}:{}", ulid_of(job_.run_id), job_.fence, number_);
}

std::vector<StepResult> OpenCall::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(stored_, {});
}

// One that is told again has the place that it had.
Result<std::vector<StepResult>> OpenCall::reserve(const Json& steps, std::int64_t unix_ms) {
  std::vector<StepResult> results;
  const std::lock_guard lock(mutex_);
  // Of each is known when it was told, and so, of those that come one by one, when it began.
  const auto began_at = std::exchange(told_at_, unix_ms);
  for (const auto& step : steps.as_array()) {
    const auto op = read_op(step);
    if (!op) return fail(Code::kBadRequest, "steps are ops, each with the hash of its step");
    auto result = result_of(*op);
    if (!result) continue;
    const auto known = places_.find(result->hash);
    result->place = known != places_.end() ? known->second : next_place_;
    if (known == places_.end()) {
      memo_bytes_ += static_cast<std::int64_t>(result->memo.size());
      if (auto excess = excess_of(op->step_id, result->memo.size(), memo_bytes_, next_place_)) {
        return fail(Code::kPayloadTooLarge, *std::move(excess));
      }
      if (op->op == "DeferAdd") deferred_.add(static_cast<std::int64_t>(result->memo.size()));
      if (auto excess = deferred_.excess()) {
        return fail(Code::kPayloadTooLarge, *std::move(excess));
      }
      places_.emplace(result->hash, next_place_++);
    }
    result->started_at = began_at;
    result->ended_at = unix_ms;
    results.push_back(std::move(*result));
  }
  return results;
}

void OpenCall::add(std::vector<StepResult> results) {
  const std::lock_guard lock(mutex_);
  for (auto& result : results) stored_.push_back(std::move(result));
}

std::shared_ptr<OpenCall> Checkpoints::begin(const bus::Job& job,
                                             const workers::StoredResults& stored,
                                             DeferCounts deferred) {
  const std::lock_guard lock(mutex_);
  auto call = std::make_shared<OpenCall>(job, stored, deferred, ++begun_count_);
  open_[job.run_id] = call;
  return call;
}

void Checkpoints::end(const OpenCall& call) {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find(call.job().run_id);
  if (at != open_.end() && at->second.get() == &call) open_.erase(at);
}

Task<Result<>> Checkpoints::store(std::string user_id, Uuid run_id, Json body) {
  const Json* steps = body.find("steps");
  if (steps == nullptr || !steps->is_array()) {
    co_return fail(Code::kBadRequest, "A checkpoint has steps, a list");
  }
  std::shared_ptr<OpenCall> call;
  {
    const std::lock_guard lock(mutex_);
    const auto at = open_.find(run_id);
    if (at != open_.end() && at->second->job().user_id == user_id) call = at->second;
  }
  if (call == nullptr) co_return fail(Code::kNotFound, "No call of this run is open");
  if (body.string_or("qi_id", "") != call->token()) {
    co_return fail(Code::kConflict, "Another call of this run has taken the place of this one");
  }
  auto results = call->reserve(*steps, runs_.world().unix_ms());
  if (!results) co_return fail(results.error());
  if (results->empty()) co_return Result<>{};
  auto stored = co_await runs_.database().write(db::Lane::kBackground, [&](db::Tx& tx) {
    if (runs_.jobs().holds(tx, call->job())) runs_.write_results(tx, call->job(), *results, true);
  });
  if (stored) call->add(std::move(*results));
  co_return stored;
}

}  // namespace synap::inngest

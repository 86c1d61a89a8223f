// Steps of a call that are under way side by side: those that an app has planned, each asked for by
// a request of its own, and requests that the pod makes for steps.
//
// All are waited for before the app is asked what is next, unless they race (group.parallel): then
// it is asked as soon as one of those has come to something, while the others go on. What still is
// under way when the run ends is cut off, and its result is nobody's.
#include <algorithm>

#include "base/first_of.h"
#include "inngest/app_call.h"
#include "inngest/gateway.h"
#include "inngest/http_transport.h"

namespace synap::inngest {

using workers::OpCode;

namespace {

// Steps that are under way at the same time.
constexpr std::size_t kTogetherMax = 32;
// How often it is looked whether what a racing run waits for has come.
constexpr std::chrono::milliseconds kLook(1'000);

bool is_race(const ReportedOp& op) {
  return op.opts.string_or("parallelMode", "") == "race";
}

}  // namespace

void AppCall::note_race(const ReportedOp& op) {
  is_racing_ = is_racing_ || is_race(op);
}

bool AppCall::is_under_way(const workers::StepHash& hash) const {
  const auto is_it = [&](const auto& one) { return one.hash == hash; };
  return std::ranges::any_of(in_flight_, is_it, &InFlight::op) ||
         std::ranges::any_of(planned_, is_it);
}

Task<void> AppCall::do_planned(std::vector<ReportedOp> planned) {
  std::ranges::move(planned, std::back_inserter(planned_));
  // The app plans for as long as it likes, and nothing of it is stored that would tell: no step
  // begins of a run that was cancelled meanwhile.
  if (!planned_.empty()) {
    if (auto held = co_await confirm(); !held) {
      std::ignore = stop_for(held.error());
      planned_.clear();
    }
  }
  begin_planned();
  has_news_ = false;
  while (!in_flight_.empty() && !has_news_) {
    if (auto waited = co_await wait_for_landing(); !waited) {
      std::ignore = stop_for(waited.error());
      co_return;
    }
    land();
    if (has_failed_) co_return;
    if (answer_.outage) planned_.clear();  // no more are begun
    if (planned_.empty() || has_news_) continue;
    // What was done is on disk before anything else begins.
    if (auto saved = co_await save(); !saved) {
      std::ignore = stop_for(saved.error());
      co_return;
    }
    begin_planned();
  }
}

void AppCall::begin_planned() {
  // Its limits of concurrency count calls, and these are some.
  auto together = kTogetherMax;
  for (const auto& limit : job_.function->flow.concurrency) {
    together = std::min(together, static_cast<std::size_t>(limit.limit));
  }
  while (!planned_.empty() && in_flight_.size() < together) {
    auto& one = in_flight_.emplace_back();
    one.op = std::move(planned_.front());
    planned_.pop_front();
    one.task = fly(one);
    one.task.start();
  }
}

Task<void> AppCall::fly(InFlight& one) {
  Reached reached;
  do {
    if (is_gateway_op(one.op.op)) {
      reached = co_await ask_gateway(one.op);
    } else {
      const auto* before = begun(one.op.hash);
      reached = co_await ask(one.op.hash, before != nullptr ? before->attempts : 0);
    }
    if (!reached.is_lost) break;
    if (auto held = co_await confirm(); !held) reached = not_asked(held.error());
  } while (reached.is_lost);
  one.reached = std::move(reached);
  landed_.raise(++landed_count_);
}

// Takes what has come, in the order in which it was begun.
void AppCall::land() {
  bool has_landed = false;
  for (auto one = in_flight_.begin(); one != in_flight_.end();) {
    if (!one->reached) {
      ++one;
      continue;
    }
    take_planned(one->op, *one->reached);
    has_landed = true;
    has_news_ = has_news_ || is_race(one->op);
    one = in_flight_.erase(one);
    if (has_failed_) return;
  }
  const auto races = [](const InFlight& one) { return is_race(one.op); };
  if (has_landed && planned_.empty() && std::ranges::all_of(in_flight_, races)) has_news_ = true;
}

// How long until something beside what is under way may have been decided; nothing: nothing may.
std::optional<std::chrono::milliseconds> AppCall::patience() const {
  if (!is_racing_) return std::nullopt;
  std::optional<std::chrono::milliseconds> least;
  for (const auto& [hash, step] : stored_.pending) {
    if (step.due_at <= now_) continue;  // the app was asked since
    const auto left = std::max<std::int64_t>(step.due_at - driver_.shared_.runs.clock().now(), 1);
    std::chrono::milliseconds wait(left);
    const bool is_told = step.op != OpCode::kSleep && step.op != OpCode::kStepError;
    if (is_told) wait = std::min(wait, kLook);
    least = std::min(least.value_or(wait), wait);
  }
  return least;
}

Task<Result<>> AppCall::wait_for_landing() {
  const auto seen = landed_seen_;
  const auto wait = patience();
  if (!wait) {
    std::ignore = co_await landed_.wait_past(seen);
    landed_seen_ = landed_.value();
    co_return Result<>{};
  }
  auto& world = driver_.shared_.runs.world();
  co_await first_of(
      {}, [&](std::stop_token over) { return landed_.wait_past(seen, over); },
      [&](std::stop_token over) { return world.sleep_for(*wait, over); });
  landed_seen_ = landed_.value();
  const auto now = driver_.shared_.runs.clock().now();
  has_news_ = std::ranges::any_of(stored_.pending, [&](const auto& step) {
    return step.second.due_at > now_ && step.second.due_at <= now;
  });
  co_return co_await look_again();
}

// What was waited for may have come meanwhile, and its memo be stored.
Task<Result<>> AppCall::look_again() {
  const bool waits = std::ranges::any_of(stored_.pending, [](const auto& step) {
    return step.second.op != OpCode::kSleep && step.second.op != OpCode::kStepError;
  });
  if (!waits) co_return Result<>{};
  if (auto saved = co_await save(); !saved) co_return saved;
  auto stored = co_await driver_.shared_.runs.load_results(job_.run_id);
  if (!stored) co_return fail(stored.error());
  stored_.next_place = std::max(stored_.next_place, stored->next_place);
  for (auto& [hash, memo] : stored->memos) {
    if (stored_.memos.contains(hash) || stored_.pending.erase(hash) == 0) continue;
    stored_.memo_bytes += static_cast<std::int64_t>(memo.text.size());
    stored_.memos.emplace(hash, std::move(memo));
    answer_.has_made_progress = true;
    has_news_ = true;
  }
  co_return Result<>{};
}

// While the call goes on: what is under way may take long, and what is waited for may come.
Task<Result<>> AppCall::store_begun() {
  if (answer_.pending.empty()) co_return Result<>{};
  has_stored_begun_ = true;
  co_return co_await driver_.shared_.runs.begin_steps(
      job_, happened_,
      {std::exchange(answer_.results, {}), std::exchange(answer_.pending, {}), true});
}

Task<AppCall::Reached> AppCall::ask_gateway(const ReportedOp& op) {
  const auto unix_ms = driver_.shared_.runs.world().unix_ms();
  auto request = gateway_request(op);
  if (!request)
    co_return Reached{.reply = gateway_reply(op, fail(request.error()), unix_ms),
                      .began_at = unix_ms};
  constexpr int kRedirectsMax = 10;
  auto response = co_await send_whole(
      {driver_.shared_.gateway, workers::kStepBytesMax, kRedirectsMax}, *request);
  if (!response && response.error().code == Code::kClientClosedRequest) {
    co_return Reached{.is_lost = true, .began_at = unix_ms};
  }
  co_return Reached{.reply = gateway_reply(op, std::move(response), unix_ms), .began_at = unix_ms};
}

}  // namespace synap::inngest

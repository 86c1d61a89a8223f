#include "workers/run_maker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace synap::workers {
namespace {

bool ends_others(const bus::Function& function) {
  const auto& singleton = function.flow.singleton;
  return singleton && singleton->mode == bus::Singleton::Mode::kCancel;
}

Error is_there() {
  return {Code::kConflict, "A run of the function is there already", nullptr};
}

}  // namespace

std::optional<Uuid> RunMaker::holder(db::Tx& tx, const Judged& judged) {
  if (!judged.function->flow.singleton) return std::nullopt;
  auto rows = tx.query(
      "SELECT run FROM flow_singletons JOIN runs_data ON runs_data.id = run WHERE "
      "flow_singletons.function = $1 AND flow_singletons.user_id = $2 AND key = $3 AND "
      "status IN ('active', 'sleeping')",
      judged.function->id, judged.event->user_id, judged.verdict.singleton);
  if (!rows.next()) return std::nullopt;
  return rows.uuid(0);
}

void RunMaker::hold(db::Tx& tx, const Judged& judged, const Uuid& run_id) {
  if (!judged.function->flow.singleton) return;
  tx.run(
      "INSERT INTO flow_singletons(function, user_id, key, run) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT(function, user_id, key) DO UPDATE SET run = $4",
      judged.function->id, judged.event->user_id, judged.verdict.singleton, run_id);
}

void RunMaker::wait_for_cancels(db::Tx& tx, const Judged& judged, const bus::Job& job) {
  const auto& cancels = judged.verdict.cancels;
  for (std::size_t i = 0; i < cancels.size(); ++i) {
    runs_.waits().begin_cancel(tx, job, static_cast<int>(i), cancels[i],
                               judged.function->flow.cancel_on[i].timeout);
  }
}

Task<Result<RunMaker::Way>> RunMaker::way_of(const Judged& judged) {
  Way way;
  const auto& verdict = judged.verdict;
  if (!ends_others(*judged.function) || !verdict.is_triggered || verdict.error) co_return way;
  auto held = co_await database_.read([&](db::Tx& tx) { return holder(tx, judged); });
  if (!held) co_return fail(held.error());
  if (!*held) co_return way;
  auto cancellation = co_await runs_.cancellation_of(judged.event->user_id, **held);
  if (cancellation) {
    way.cancellation = std::move(*cancellation);
  } else if (cancellation.error().code != Code::kNotFound) {
    co_return fail(cancellation.error());
  }
  co_return way;
}

RunMaker::Begun RunMaker::begin(db::Tx& tx, const Judged& judged, const Way& way,
                                std::optional<Uuid> run_id, std::string origin) {
  const auto& [function, event, verdict, due_at] = judged;
  if (const auto there = holder(tx, judged)) {
    if (!ends_others(*function)) return Begun::kTaken;
    if (!way.cancellation || way.cancellation->job.run_id != *there) return Begun::kStale;
    runs_.cancel(tx, *way.cancellation);
  }
  bus::Dispatcher::Admitted admitted{.run_id = run_id,
                                     .limit_keys = verdict.concurrency,
                                     .priority_ms = verdict.priority_ms,
                                     .origin = std::move(origin)};
  if (function->flow.throttle) admitted.delay_ms = rates_.reserve(tx, judged);
  if (due_at > 0) admitted.delay_ms = std::max(admitted.delay_ms, due_at - runs_.clock().now());
  const bool may_be_behind = function->in_aggregate_order && event->aggregate_id.has_value();
  const auto made = dispatcher_.make_run(tx, function, *event, std::move(admitted), may_be_behind);
  hold(tx, judged, made);
  const bus::Job job{.line = may_be_behind ? *event->aggregate_id : made,
                     .position = event->position,
                     .run_id = made,
                     .function = function,
                     .user_id = event->user_id};
  runs_.limits().note_made(tx, job);
  wait_for_cancels(tx, judged, job);
  return Begun::kYes;
}

Judged RunMaker::judge_again(bus::FunctionPtr function, events::EventRef event) const {
  auto verdict = judge(*function, *event, true, world_.unix_ms());
  return {std::move(function), std::move(event), std::move(verdict)};
}

Task<Result<>> RunMaker::begin_by_hand(ByHand asked, std::function<void(db::Tx&)> with) {
  const auto judged = judge_again(asked.function, asked.event);
  if (judged.verdict.error) co_return fail(*judged.verdict.error);
  for (;;) {
    auto way = co_await way_of(judged);
    if (!way) co_return fail(way.error());
    bool is_stale = false;
    auto done = co_await database_.write([&](db::Tx& tx) {
      const auto begun = begin(tx, judged, *way, asked.run_id, asked.origin);
      is_stale = begun == Begun::kStale;
      if (begun != Begun::kYes) return tx.abort(is_there());
      with(tx);
    });
    if (!is_stale) co_return done;
  }
}

Task<Result<>> RunMaker::begin_many(
    std::vector<ByHand> asked, std::function<bool(db::Tx&, const ByHand&)> is_wanted,
    std::function<void(db::Tx&, std::int64_t made, std::int64_t left_out)> with) {
  std::vector<Judged> all;
  for (const auto& one : asked) {
    SYNAP_CHECK(asked.size() == 1 || !ends_others(*one.function), "one ends the other");
    all.push_back(
        {one.function, one.event, judge(*one.function, *one.event, false, world_.unix_ms())});
  }
  for (;;) {
    auto way = all.size() == 1 ? co_await way_of(all.front()) : Result<Way>(Way{});
    if (!way) co_return fail(way.error());
    bool is_stale = false;
    auto done = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      is_stale = false;
      std::int64_t made = 0;
      std::int64_t left_out = 0;
      for (std::size_t i = 0; i < all.size() && tx.ok(); ++i) {
        if (!all[i].verdict.is_triggered) continue;
        auto begun = Begun::kTaken;
        if (!all[i].verdict.error && is_wanted(tx, asked[i])) {
          begun = begin(tx, all[i], *way, asked[i].run_id, asked[i].origin);
        }
        is_stale = begun == Begun::kStale;
        if (is_stale) return tx.abort(is_there());
        ++(begun == Begun::kYes ? made : left_out);
      }
      with(tx, made, left_out);
    });
    if (!is_stale) co_return done;
  }
}

Result<> RunMaker::revive(db::Tx& tx, const Judged& judged, const Uuid& run_id) {
  if (judged.verdict.error) return fail(*judged.verdict.error);
  if (holder(tx, judged)) return fail(is_there());
  const auto& verdict = judged.verdict;
  const auto job = runs_.revive(tx, judged.event->user_id, run_id, judged.function,
                                verdict.concurrency, verdict.priority_ms);
  if (!job) return fail(Code::kConflict, "The run is no dead letter any more");
  hold(tx, judged, run_id);
  wait_for_cancels(tx, judged, *job);
  return {};
}

}  // namespace synap::workers

#include "inngest/endpoints/endpoint_runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "inngest/checkpoints.h"
#include "inngest/defers.h"
#include "inngest/memos.h"
#include "inngest/ulid.h"
#include "workers/pending_steps.h"
#include "workers/run_trace.h"

namespace synap::inngest {
namespace {

using workers::OpCode;

// Those that are an app's: `next_place` and `memo_bytes` as in workers::StoredResults, and when
// something was told last (Unix ms). The row goes when the run is the pod's or has ended.
constexpr std::string_view kTable = R"(
CREATE TABLE endpoint_runs(
  run BLOB PRIMARY KEY,
  next_place INTEGER NOT NULL,
  memo_bytes INTEGER NOT NULL,
  told_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)";

const Error kTaken{Code::kConflict, "The run goes on without this call of the app", nullptr};

bool is_step(const ReportedOp& op) {
  return op.op == "StepRun" || op.op == "Step" || op.op == "DeferAdd" || op.op == "DeferAbort";
}

bool is_end(const ReportedOp& op) {
  return op.op == "RunComplete" || op.op == "SyncRunComplete";
}

}  // namespace

std::vector<db::Database::Migration> EndpointRuns::migrations() {
  return {{"endpoint_runs.1", kTable},
          // What it has deferred: DeferCounts.
          {"endpoint_runs.2",
           "ALTER TABLE endpoint_runs ADD COLUMN defers INTEGER NOT NULL DEFAULT 0; "
           "ALTER TABLE endpoint_runs ADD COLUMN defer_bytes INTEGER NOT NULL DEFAULT 0"}};
}

Result<std::vector<ReportedOp>> EndpointRuns::read_ops(const Json* steps) {
  std::vector<ReportedOp> ops;
  if (steps == nullptr || steps->is_null()) return ops;
  if (!steps->is_array()) return fail(Code::kBadRequest, "steps are a list");
  if (steps->as_array().size() > static_cast<std::size_t>(workers::kStepsMax)) {
    return fail(Code::kPayloadTooLarge, too_many_steps());
  }
  for (const auto& step : steps->as_array()) {
    auto op = read_op(step);
    if (!op) return fail(Code::kBadRequest, "steps are ops, each with the hash of its step");
    if (is_end(*op)) op->op = "RunComplete";
    ops.push_back(std::move(*op));
  }
  return ops;
}

void EndpointRuns::forget(db::Tx& tx, const bus::Job& job) {
  // One whose function is gone may have been anything.
  const auto& app = job.function->app;
  if (!app.empty() && !is_endpoint_slug(app)) return;
  if (job.function->is_remote) tx.run("DELETE FROM endpoint_runs WHERE run = $1", job.run_id);
}

Task<Result<EndpointRuns::Created>> EndpointRuns::create(Asker asker, NewRun asked) {
  auto function = co_await rooms_.apps.endpoint(
      asker, {asked.request.domain, asked.request.name(), asked.retries_max, asked.sdk});
  if (!function) co_return fail(function.error());
  auto made = co_await make(asker, asked, *function);
  if (!made) co_return fail(made.error());
  if (!*made) {
    auto repeat = co_await look_at_repeat(asker, asked);
    if (!repeat) co_return fail(repeat.error());
  }
  if (!asked.ops.empty()) {
    auto told = co_await tell(std::move(asker), asked.id, std::move(asked.ops));
    if (!told) co_return fail(told.error());
  }
  co_return Created{std::move(*function)};
}

// False: a run of this id is there.
Task<Result<bool>> EndpointRuns::make(const Asker& asker, const NewRun& asked,
                                      bus::FunctionPtr function) {
  auto& engine = rooms_.engine;
  auto envelope = envelope_of(asker);
  const auto now = engine.runs.world().unix_ms();
  envelope.id = Uuid::derived(
      now, fmt::format("endpoint request\n{}\n{}", asker.user_id, asked.id.to_string()));
  auto event = rooms_.types.make(kHttpRequest, HttpRequest(asked.request), std::move(envelope));
  if (!event) co_return fail(event.error());
  co_return co_await engine.runs.database().write([&](db::Tx& tx) {
    {
      auto rows = tx.query("SELECT 1 FROM runs_data WHERE id = $1", asked.id);
      if (rows.next()) return false;
    }
    const auto appended = engine.log.append(tx, {.events = {*event}});
    if (!tx.ok()) return false;
    const workers::Judged judged{
        .function = function,
        .event = appended.events.front(),
        .due_at = engine.runs.clock().now() + options_.silence_max.count()};
    engine.maker.begin(tx, judged, {}, asked.id, {});
    tx.run("INSERT INTO endpoint_runs(run, next_place, memo_bytes, told_at) VALUES ($1, 0, 0, $2)",
           asked.id, now);
    return true;
  });
}

// An app that has had no answer asks again.
Task<Result<>> EndpointRuns::look_at_repeat(Asker asker, const NewRun& asked) {
  const auto other =
      fail(Code::kConflict, "There is a run of this id, which is for another request");
  auto job = co_await find(asker.user_id, asked.id);
  if (!job) co_return other;
  auto event = co_await rooms_.engine.log.at(job->position);
  if (!event) co_return fail(event.error());
  if ((*event)->type != kHttpRequest.name) co_return other;
  const auto request = events::data_of(**event, kHttpRequest);
  std::string before;
  std::string now;
  if (request) encode(before, **request);
  encode(now, asked.request);
  if (before != now) co_return other;
  co_return Result<>{};
}

// Its function is null if it is gone.
Task<Result<bus::Job>> EndpointRuns::find(std::string user_id, Uuid run_id) {
  auto& engine = rooms_.engine;
  auto found = co_await engine.runs.database().read([&](db::Tx& tx) -> std::optional<bus::Job> {
    auto rows =
        tx.query("SELECT event_position, function FROM runs_data WHERE id = $1 AND user_id = $2",
                 run_id, user_id);
    if (!rows.next()) return std::nullopt;
    return bus::Job{.line = run_id,
                    .position = rows.integer(0),
                    .run_id = run_id,
                    .function = engine.functions.find(rows.view(1)),
                    .user_id = user_id,
                    .may_have_results = true};
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such run");
  co_return std::move(**found);
}

Task<Result<>> EndpointRuns::tell(Asker asker, Uuid run_id, std::vector<ReportedOp> ops) {
  auto job = co_await find(std::move(asker.user_id), run_id);
  if (!job) co_return fail(job.error());
  if (job->function == nullptr) co_return fail(kTaken);
  if (rooms_.engine.runs.tracer() != nullptr) {
    auto event = co_await rooms_.engine.log.at(job->position);
    if (!event) co_return fail(event.error());
    job->trace = workers::trace_of_run(**event, run_id);
  }
  Result<> done;
  if (std::ranges::all_of(ops, is_step)) {
    auto stored = co_await store(*job, ops);
    if (stored && *stored == Stored::kYes) co_return Result<>{};
    // Whoever hands the run over finds the same, and ends it.
    if (stored) co_return co_await hand_over(std::move(*job), std::move(ops));
    done = fail(stored.error());
  } else {
    done = co_await hand_over(*job, ops);
  }
  if (!done && done.error().code == Code::kConflict) co_return co_await check_told(*job, ops);
  co_return done;
}

// Costs what is told, and not what was before.
Task<Result<EndpointRuns::Stored>> EndpointRuns::store(const bus::Job& job,
                                                       const std::vector<ReportedOp>& ops) {
  auto& runs = rooms_.engine.runs;
  struct Told {
    workers::StepResult result;
    bool is_defer = false;
  };
  std::vector<Told> all;
  for (const auto& op : ops) {
    if (auto result = result_of(op)) all.push_back({std::move(*result), op.op == "DeferAdd"});
  }
  bool is_too_much = false;
  auto stored = co_await runs.database().write([&](db::Tx& tx) {
    is_too_much = false;
    int next_place = 0;
    std::int64_t memo_bytes = 0;
    std::int64_t told_at = 0;
    DeferCounts deferred;
    {
      auto rows = tx.query(
          "SELECT next_place, memo_bytes, told_at, defers, defer_bytes FROM endpoint_runs WHERE "
          "run = $1",
          job.run_id);
      if (!rows.next()) return tx.abort(kTaken);
      next_place = static_cast<int>(rows.integer(0));
      memo_bytes = rows.integer(1);
      told_at = rows.integer(2);
      deferred = {static_cast<std::size_t>(rows.integer(3)), rows.integer(4)};
    }
    if (!runs.jobs().put_off(tx, job, options_.silence_max.count())) return tx.abort(kTaken);
    const auto now = runs.world().unix_ms();
    for (auto& [result, is_defer] : all) {
      const auto bytes = static_cast<std::int64_t>(result.memo.size());
      result.place = next_place;
      result.started_at = told_at;
      result.ended_at = now;
      if (runs.write_results(tx, job, {&result, 1}, false) == 0) continue;
      memo_bytes += bytes;
      if (is_defer) deferred.add(bytes);
      if (excess_of(result.name, result.memo.size(), memo_bytes, next_place++) ||
          deferred.excess()) {
        is_too_much = true;
        return tx.abort({Code::kPayloadTooLarge, "", nullptr});
      }
    }
    tx.run(
        "UPDATE endpoint_runs SET next_place = $2, memo_bytes = $3, told_at = $4, defers = $5, "
        "defer_bytes = $6 WHERE run = $1",
        job.run_id, next_place, memo_bytes, now, static_cast<std::int64_t>(deferred.count),
        deferred.bytes);
  });
  if (is_too_much) co_return Stored::kTooMuch;
  if (!stored) co_return fail(stored.error());
  co_return Stored::kYes;
}

Task<Result<>> EndpointRuns::hand_over(bus::Job job, std::vector<ReportedOp> ops) {
  auto& engine = rooms_.engine;
  auto event = co_await engine.log.at(job.position);
  if (!event) co_return fail(event.error());
  auto claimed = co_await engine.runs.database().write([&](db::Tx& tx) {
    const std::int64_t gone = tx.run("DELETE FROM endpoint_runs WHERE run = $1", job.run_id);
    if (gone == 0 || !engine.jobs.claim_unbegun(tx, job)) tx.abort(kTaken);
  });
  if (!claimed) co_return claimed;
  // From here on a pod that ends leaves a job that the next one takes up; so does whoever fails
  // below.
  job.began_at = engine.runs.world().unix_ms();
  auto stored = co_await engine.runs.load_results(job.run_id);
  if (!stored) {
    engine.queue.push(std::move(job));
    co_return fail(stored.error());
  }
  Reply report;
  report.kind = Reply::Kind::kOps;
  report.ops = std::move(ops);
  const auto driver = rooms_.apps.endpoint_driver(*job.function);
  auto answer = co_await driver->take({job, **event, std::move(*stored)}, std::move(report));
  const bool is_too_much =
      answer.kind == workers::Answer::Kind::kFailed && answer.error.code == Code::kPayloadTooLarge;
  const auto error = answer.error;
  auto settled = co_await engine.pool->settle(job, **event, std::move(answer));
  if (!settled && settled.error().code != Code::kConflict) engine.queue.push(std::move(job));
  if (!settled) co_return settled;
  if (is_too_much) co_return fail(error);
  co_return Result<>{};
}

// A run that is not the app's any more: whether all that it tells is known.
Task<Result<>> EndpointRuns::check_told(const bus::Job& job, const std::vector<ReportedOp>& ops) {
  auto is_known = co_await rooms_.engine.runs.database().read([&](db::Tx& tx) {
    return std::ranges::all_of(ops, [&](const ReportedOp& op) {
      if (op.op == "RunComplete") {
        auto rows =
            tx.query("SELECT 1 FROM runs_data WHERE id = $1 AND status = 'completed'", job.run_id);
        return rows.next();
      }
      const auto hash = workers::blob_of(op.hash);
      for (const auto* sql : {"SELECT 1 FROM run_steps_data WHERE run = $1 AND hash = $2",
                              "SELECT 1 FROM pending_steps_data WHERE run = $1 AND hash = $2"}) {
        auto rows = tx.query(sql, job.run_id, hash);
        if (rows.next()) return true;
      }
      return false;
    });
  });
  if (!is_known) co_return fail(is_known.error());
  if (!*is_known) co_return fail(kTaken);
  co_return Result<>{};
}

}  // namespace synap::inngest

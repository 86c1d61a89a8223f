#include "workers/run_trace.h"

#include <algorithm>

#include "events/trace.h"

namespace synap::workers {
namespace {

constexpr std::int64_t kUsOfMs = 1'000;

// The message alone: what else an error has may be large, and is in the run.
std::string message_of(std::string_view error) {
  auto read = error_from_json(error);
  return std::move(read.message);
}

Span span_of(Tracer& tracer, const bus::Job& job, std::string_view name, OpCode op,
             std::int64_t began_at, std::int64_t ended_at) {
  const auto& trace = *job.trace;
  Span span{.context = tracer.begin(trace.run),
            .parent = trace.run.span_id,
            .name = "step " + std::string(name),
            .begin_unix_us = (began_at > 0 ? std::min(began_at, ended_at) : ended_at) * kUsOfMs,
            .end_unix_us = ended_at * kUsOfMs};
  span.attributes = {{"synap.run.id", job.run_id.to_string()},
                     {"synap.function.id", job.function->id},
                     {"synap.step.op", std::string(op_name(op))}};
  return span;
}

}  // namespace

std::shared_ptr<const bus::RunTrace> trace_of_run(const events::Event& event, const Uuid& run_id) {
  const auto context = events::trace_of(event);
  if (!context) return nullptr;
  return std::make_shared<const bus::RunTrace>(bus::RunTrace{
      {context->trace_id, span_id_of(run_id), context->is_sampled}, span_id_of(event.id)});
}

Span span_of_run(const bus::Job& job, std::string_view status, std::string_view error) {
  Span span{.context = job.trace->run,
            .parent = job.trace->event,
            .name = "run " + job.function->id,
            .kind = Span::Kind::kConsumer,
            .begin_unix_us = job.run_id.unix_ms() * kUsOfMs};
  span.attributes = {
      {"synap.run.id", job.run_id.to_string()},  {"synap.function.id", job.function->id},
      {"synap.run.status", std::string(status)}, {"synap.run.attempt", std::int64_t{job.attempt}},
      {"synap.event.position", job.position},    {"synap.user.id", job.user_id}};
  if (job.began_at > 0) {
    span.attributes.emplace_back("synap.run.last_call_began_unix_ms", job.began_at);
  }
  if (!error.empty()) span.error = message_of(error);
  return span;
}

Span span_of_step(Tracer& tracer, const bus::Job& job, const StepResult& result,
                  std::int64_t now_ms) {
  auto span = span_of(tracer, job, result.name, result.op, result.started_at,
                      result.ended_at > 0 ? result.ended_at : now_ms);
  constexpr std::string_view kFailed = R"({"error":)";
  if (result.op == OpCode::kStepFailed && result.memo.starts_with(kFailed)) {
    span.error = message_of(std::string_view(result.memo)
                                .substr(kFailed.size(), result.memo.size() - kFailed.size() - 1));
  }
  return span;
}

Span span_of_attempt(Tracer& tracer, const bus::Job& job, const PendingStep& step,
                     std::int64_t now_ms) {
  auto span = span_of(tracer, job, step.name, step.op, step.began_at, now_ms);
  span.attributes.emplace_back("synap.step.attempt", std::int64_t{step.attempts});
  span.error = message_of(step.error);
  return span;
}

Span span_of_request(const bus::Job& job, const TraceContext& context, std::string url,
                     std::int64_t begin_us, std::int64_t now_us) {
  Span span{.context = context,
            .parent = job.trace->run.span_id,
            .name = "call " + job.function->id,
            .kind = Span::Kind::kClient,
            .begin_unix_us = begin_us,
            .end_unix_us = now_us};
  span.attributes = {{"synap.run.id", job.run_id.to_string()}, {"url.full", std::move(url)}};
  return span;
}

}  // namespace synap::workers

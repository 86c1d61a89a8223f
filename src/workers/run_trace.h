// The spans of a run and of its steps, for whoever stores how they ended (run_store.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/trace.h"
#include "bus/job.h"
#include "events/event.h"
#include "workers/op.h"

namespace synap::workers {

/// Of a run for `event`, or null: it belongs to no trace. The run's parent is the event.
std::shared_ptr<const bus::RunTrace> trace_of_run(const events::Event& event, const Uuid& run_id);

/// From when the run was made; whoever has it on disk says when it ended. `error`: error_json, or
/// empty.
Span span_of_run(const bus::Job& job, std::string_view status, std::string_view error);

/// Of an attempt at a step: "step upload". Times are Unix ms; 0: not known.
Span span_of_step(Tracer& tracer, const bus::Job& job, const StepResult& result,
                  std::int64_t now_ms);
Span span_of_attempt(Tracer& tracer, const bus::Job& job, const PendingStep& step,
                     std::int64_t now_ms);

/// Of one request to the app that has the function. `context`: what the app was told.
Span span_of_request(const bus::Job& job, const TraceContext& context, std::string url,
                     std::int64_t begin_us, std::int64_t now_us);

}  // namespace synap::workers

// Where an event stands in a trace (base/trace.h): the member `traceparent` of its metadata, whose
// span is the event's parent: the command or the run that appended it. The event's own span has the
// id that follows from the event's.
#pragma once

#include <optional>
#include <string_view>

#include "base/trace.h"
#include "events/event.h"

namespace synap::events {

/// The context that an event was appended in; nothing: none is known.
std::optional<TraceContext> trace_of(const Event& event);

/// The event is appended in this context; in none, if it is not valid.
void set_trace(Envelope& envelope, const TraceContext& context);

/// The event is appended by a run for `cause`, in the same trace.
void set_trace_of_run(Envelope& envelope, const Event& cause, const Uuid& run_id);

}  // namespace synap::events

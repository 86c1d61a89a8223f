// Tracing of a pod: what its settings say, and the spans of events.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/trace.h"
#include "base/world.h"
#include "events/log.h"
#include "outbound/http.h"
#include "pod/pod.h"
#include "telemetry/span_exporter.h"

namespace synap::pod {

/// Null: no collector is set.
std::unique_ptr<telemetry::SpanExporter> exporter_of(const TraceOptions& options, World& world);

/// Each event that stands in a trace is a span of it, once it is on disk.
void trace_events(events::EventLog& log, Tracer& tracer);

void add_trace_measures(Metrics& metrics, const telemetry::SpanExporter& exporter);

/// "name=value,other=value", values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them;
/// nothing: it is not that.
std::optional<outbound::Headers> parse_otlp_headers(std::string_view text);

}  // namespace synap::pod

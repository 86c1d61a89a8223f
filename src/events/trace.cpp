#include "events/trace.h"

#include "base/json.h"

namespace synap::events {
namespace {

constexpr std::string_view kMember = "traceparent";
// Metadata that are nothing else are read and written without a parser: these are most.
constexpr std::string_view kBegin = R"({"traceparent":")";
constexpr std::string_view kEnd = R"("})";

}  // namespace

std::optional<TraceContext> trace_of(const Event& event) {
  std::string_view text = event.metadata;
  if (text.empty()) return std::nullopt;
  if (text.starts_with(kBegin) && text.ends_with(kEnd)) {
    text.remove_prefix(kBegin.size());
    text.remove_suffix(kEnd.size());
    if (auto context = TraceContext::parse(text)) return context;
  }
  // The word may stand in what somebody has written there, too.
  if (event.metadata.find(kMember) == std::string::npos) return std::nullopt;
  const auto json = parse_json(event.metadata);
  if (!json) return std::nullopt;
  return TraceContext::parse(json->string_or(kMember, ""));
}

void set_trace(Envelope& envelope, const TraceContext& context) {
  if (!context.is_valid()) return;
  auto traceparent = context.traceparent();
  if (envelope.metadata.empty()) {
    envelope.metadata.reserve(kBegin.size() + traceparent.size() + kEnd.size());
    envelope.metadata.append(kBegin).append(traceparent).append(kEnd);
    return;
  }
  auto json = parse_json(envelope.metadata);
  if (!json || !json->is_object()) return;
  json->set(kMember, std::move(traceparent));
  envelope.metadata = json->dump();
}

void set_trace_of_run(Envelope& envelope, const Event& cause, const Uuid& run_id) {
  if (cause.metadata.empty()) return;
  auto context = trace_of(cause);
  if (!context) return;
  context->span_id = span_id_of(run_id);
  set_trace(envelope, *context);
}

}  // namespace synap::events

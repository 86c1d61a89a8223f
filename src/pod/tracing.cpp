#include "pod/tracing.h"

#include <algorithm>

#include "events/trace.h"
#include "net/url.h"

namespace synap::pod {
namespace {

constexpr std::string_view kTracesPath = "/v1/traces";

std::string traces_url(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (!endpoint.ends_with(kTracesPath)) endpoint += kTracesPath;
  return endpoint;
}

Span span_of(const events::Event& event, const TraceContext& context, std::int64_t now_us) {
  constexpr std::int64_t kUsOfMs = 1'000;
  Span span{.context = {context.trace_id, span_id_of(event.id), context.is_sampled},
            .parent = context.span_id,
            .name = "event " + event.type,
            .kind = Span::Kind::kProducer,
            .begin_unix_us = now_us,
            .end_unix_us = now_us};
  // One that is dated otherwise was appended now, too.
  const auto made_us = event.timestamp * kUsOfMs;
  constexpr std::int64_t kMakingMax = 60'000'000;
  if (made_us < now_us && made_us > now_us - kMakingMax) span.begin_unix_us = made_us;
  span.attributes = {{"synap.event.id", event.id.to_string()},
                     {"synap.event.type", event.type},
                     {"synap.event.position", event.position},
                     {"synap.user.id", event.user_id}};
  if (event.request_id) {
    span.attributes.emplace_back("synap.request.id", event.request_id->to_string());
  }
  if (event.aggregate_id) {
    span.attributes.emplace_back("synap.aggregate.id", event.aggregate_id->to_string());
  }
  return span;
}

}  // namespace

std::unique_ptr<telemetry::SpanExporter> exporter_of(const TraceOptions& options, World& world) {
  if (options.endpoint.empty()) return nullptr;
  return std::make_unique<telemetry::SpanExporter>(
      telemetry::SpanExporterOptions{
          .url = traces_url(options.endpoint),
          .headers = parse_otlp_headers(options.headers).value_or(outbound::Headers{}),
          .resource = {.service_name = options.service_name,
                       .version = SYNAP_VERSION,
                       .instance_id = world.new_id().to_string()},
          .ratio = options.ratio},
      world);
}

void trace_events(events::EventLog& log, Tracer& tracer) {
  log.observe([&tracer](db::Tx& tx, std::span<const events::EventRef> events) {
    for (const auto& event : events) {
      const auto context = events::trace_of(*event);
      if (!context || !context->is_sampled) continue;
      tx.on_commit([&tracer, event, context = *context] {
        tracer.end(span_of(*event, context, tracer.unix_us()));
      });
    }
  });
}

void add_trace_measures(Metrics& metrics, const telemetry::SpanExporter& exporter) {
  metrics.add("synap_trace_spans_total", Metrics::Type::kCounter,
              "Spans by what became of them: exported, dropped or refused by the collector.",
              [&counts = exporter.counts()](Samples& samples) {
                const auto add = [&](std::string_view outcome, const Counter& counter) {
                  samples.add({{"outcome", outcome}}, static_cast<double>(counter.value()));
                };
                add("exported", counts.exported);
                add("dropped", counts.dropped);
                add("refused", counts.refused);
              });
  metrics.add("synap_trace_export_failures_total", Metrics::Type::kCounter,
              "Requests to the collector that it did not take.", [&counts = exporter.counts()] {
                return static_cast<double>(counts.failed_exports.value());
              });
  metrics.add("synap_trace_queue_bytes", Metrics::Type::kGauge,
              "Bytes of spans that wait to be sent.",
              [&exporter] { return static_cast<double>(exporter.queue_bytes()); });
}

std::optional<outbound::Headers> parse_otlp_headers(std::string_view text) {
  outbound::Headers headers;
  const auto trimmed = [](std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    return part;
  };
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto part = trimmed(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = trimmed(part.substr(0, equals));
    auto value = net::percent_decode(trimmed(part.substr(equals + 1)));
    if (name.empty() || !std::ranges::all_of(name, is_name) || !value) return std::nullopt;
    if (!std::ranges::all_of(*value, [](char c) { return c >= ' ' && c < '\x7f'; })) {
      return std::nullopt;
    }
    headers.push_back({std::string(name), *std::move(value)});
  }
  return headers;
}

}  // namespace synap::pod

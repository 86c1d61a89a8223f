#include "telemetry/otlp_json.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "base/crypto.h"
#include "base/json.h"

namespace synap::telemetry {
namespace {

// What people have sent may be in a name or an error: an invalid byte would spoil the whole batch.
void append_text(std::string& out, std::string_view text) {
  append_json_string(out, text.substr(0, valid_utf8_prefix(text)));
}

void append_attribute(std::string& out, std::string_view key, const Span::Value& value) {
  out += R"({"key":)";
  append_text(out, key);
  out += R"(,"value":{)";
  if (const auto* text = std::get_if<std::string>(&value)) {
    out += R"("stringValue":)";
    append_text(out, *text);
  } else {
    fmt::format_to(std::back_inserter(out), R"("intValue":"{}")", std::get<std::int64_t>(value));
  }
  out += "}}";
}

void append_span(std::string& out, const Span& span) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"traceId":"{}","spanId":"{}")", to_hex(span.context.trace_id),
                 to_hex(span.context.span_id));
  if (span.parent != SpanId{}) fmt::format_to(to, R"(,"parentSpanId":"{}")", to_hex(span.parent));
  out += R"(,"flags":1,"name":)";
  append_text(out, span.name);
  fmt::format_to(to, R"(,"kind":{},"startTimeUnixNano":"{}000","endTimeUnixNano":"{}000")",
                 static_cast<int>(span.kind), span.begin_unix_us, span.end_unix_us);
  out += R"(,"attributes":[)";
  bool is_first = true;
  for (const auto& [key, value] : span.attributes) {
    if (!std::exchange(is_first, false)) out += ',';
    append_attribute(out, key, value);
  }
  out += ']';
  if (span.error) {
    out += R"(,"status":{"code":2,"message":)";
    append_text(out, *span.error);
    out += '}';
  }
  out += '}';
}

}  // namespace

std::string export_request(const Resource& resource, std::span<const Span> spans) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  append_attribute(out, "service.name", resource.service_name);
  out += ',';
  append_attribute(out, "service.version", resource.version);
  out += ',';
  append_attribute(out, "service.instance.id", resource.instance_id);
  out += R"(]},"scopeSpans":[{"scope":{"name":"synap","version":)";
  append_text(out, resource.version);
  out += R"(},"spans":[)";
  bool is_first = true;
  for (const auto& span : spans) {
    if (!std::exchange(is_first, false)) out += ',';
    append_span(out, span);
  }
  out += "]}]}]}";
  return out;
}

// An int64 in this encoding is a text; some collectors write a number.
std::int64_t rejected_spans(std::string_view answer) {
  const auto json = parse_json(answer);
  const Json* partial = json ? json->find("partialSuccess") : nullptr;
  const Json* rejected = partial != nullptr ? partial->find("rejectedSpans") : nullptr;
  if (rejected == nullptr) return 0;
  if (rejected->is_integer()) return std::max<std::int64_t>(rejected->as_integer(), 0);
  if (!rejected->is_string()) return 0;
  std::int64_t count = 0;
  const auto& text = rejected->as_string();
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::max<std::int64_t>(count, 0);
}

}  // namespace synap::telemetry

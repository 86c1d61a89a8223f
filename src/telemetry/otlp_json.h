// Spans as OTLP/HTTP takes them: ExportTraceServiceRequest in the JSON encoding of Protocol
// Buffers, with ids in hexadecimal, as OTLP wants it. JSON rather than the binary form: collectors
// must take both, and it needs no library that Debian 12 has not. Source:
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
//
//   request  = {"resourceSpans":[{"resource":{"attributes":[attr…]},
//                                 "scopeSpans":[{"scope":{"name","version"},"spans":[span…]}]}]}
//   span     = {"traceId":hex,"spanId":hex,"parentSpanId"?:hex,"flags":1,"name":text,"kind":1..5,
//               "startTimeUnixNano":"n","endTimeUnixNano":"n","attributes":[attr…],
//               "status"?:{"code":2,"message":text}}
//   attr     = {"key":text,"value":{"stringValue":text} | {"intValue":"n"}}
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/trace.h"

namespace synap::telemetry {

/// Of whom the spans are.
struct Resource {
  std::string service_name = "synap";
  std::string version;
  std::string instance_id;  // another with each start
};

std::string export_request(const Resource& resource, std::span<const Span> spans);

/// How many spans an answer to it says were refused (partialSuccess.rejectedSpans).
std::int64_t rejected_spans(std::string_view answer);

}  // namespace synap::telemetry

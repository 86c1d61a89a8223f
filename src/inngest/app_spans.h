// Spans that apps send, with whose they are in the resource that each stands under: they go to the
// pod's collector with the pod's own, and an app can say anything but that.
//
// A body is an ExportTraceServiceRequest of OTLP/HTTP, as JSON or as protobuf (of the collector's
// proto/trace/v1/trace.proto, by the numbers of the fields):
//
//   request       1 resource_spans, repeated
//   resource_spans 1 resource, and others, which stay as they are
//   resource      1 attributes, repeated, and others
//   attribute     1 key, 2 value;  value  1 string_value
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace synap::inngest {

/// Of every resource; what an app has said by the same name is taken away.
inline constexpr std::string_view kOwnerAttribute = "synap.user.id";

/// kUnsupportedMediaType: it is neither. kBadRequest: it is not what it says it is.
Result<std::string> with_owner(std::string_view body, std::string_view content_type,
                               std::string_view user_id);

}  // namespace synap::inngest

#include "events/reason.h"

#include "base/json.h"

namespace synap::events {
namespace {

constexpr std::string_view kMember = "reason";

}  // namespace

std::optional<std::string> reason_of(const Event& event) {
  // Most metadata are a trace alone, which need no parser.
  if (event.metadata.find(kMember) == std::string::npos) return std::nullopt;
  const auto json = parse_json(event.metadata);
  const Json* reason = json ? json->find(kMember) : nullptr;
  if (reason == nullptr || !reason->is_string()) return std::nullopt;
  return reason->as_string();
}

void set_reason(Envelope& envelope, const std::string& reason) {
  if (reason.empty()) return;
  auto json = envelope.metadata.empty() ? Json::object() : parse_json(envelope.metadata);
  if (!json || !json->is_object()) return;
  json->set(kMember, reason);
  envelope.metadata = json->dump();
}

}  // namespace synap::events

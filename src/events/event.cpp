#include "events/event.h"

#include <array>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "events/chain.h"

namespace synap::events {
namespace {

constexpr std::array<std::string_view, 7> kSourceNames = {
    "api", "agent", "automation", "sync", "migration", "system", "intelligence"};

void append_id(std::string& out, std::string_view key, const std::optional<Uuid>& id) {
  if (!id) return;
  out.append(key).push_back('"');
  id->append_to(out);
  out.push_back('"');
}

void append_actor(std::string& out, const std::optional<Actor>& actor) {
  if (!actor) return;
  out.append(R"(,"actor":{")").append(actor_kind_name(actor->kind)).append(R"(":)");
  append_json_string(out, actor->id);
  if (actor->on_behalf_of) {
    out.append(R"(,"onBehalfOf":)");
    append_json_string(out, *actor->on_behalf_of);
  }
  out.push_back('}');
}

}  // namespace

std::string_view source_name(Source source) {
  const auto place = static_cast<std::size_t>(source);
  return place < kSourceNames.size() ? kSourceNames[place] : std::string_view();
}

std::optional<Source> source_by_name(std::string_view name) {
  for (std::size_t i = 0; i < kSourceNames.size(); ++i) {
    if (kSourceNames[i] == name) return static_cast<Source>(i);
  }
  return std::nullopt;
}

std::string_view actor_kind_name(Actor::Kind kind) {
  switch (kind) {
    case Actor::Kind::kKey:
      return "key";
    case Actor::Kind::kRun:
      return "run";
    case Actor::Kind::kAgent:
      return "agent";
  }
  return "";
}

void set_cause(Envelope& envelope, const Event& cause) {
  if (cause.user_id != envelope.user_id) return;
  envelope.causation_id = cause.id;
  envelope.correlation_id = cause.correlation_id.value_or(cause.id);
}

NewEvent::NewEvent(std::shared_ptr<Event> draft, std::shared_ptr<const void> decoded,
                   const Salt& salt, bool has_given_id, bool starts_stream)
    : draft_(std::move(draft)),
      decoded_(std::move(decoded)),
      salt_(salt),
      has_given_id_(has_given_id),
      starts_stream_(starts_stream) {
  header_hash_ = events::header_hash(*draft_);
  content_hash_ = events::content_hash(salt_, draft_->data, draft_->metadata);
}

std::shared_ptr<Event> NewEvent::unplaced(std::int64_t aggregate_version) const {
  EventFields fields = *draft_;
  fields.aggregate_version = aggregate_version;
  auto event = std::make_shared<Event>(std::move(fields));
  event->decoded.share(decoded_);
  return event;
}

EventRef NewEvent::recorded(std::int64_t position, std::int64_t aggregate_version) const {
  auto event = unplaced(aggregate_version);
  event->position = position;
  return event;
}

const std::string& Event::json() const {
  SYNAP_CHECK(position > 0, "only a recorded event is shown");
  json_once_.run([this] {
    std::string out;
    out.reserve(data.size() + metadata.size() + 512);
    out.append(R"({"id":")");
    id.append_to(out);
    out.append(R"(","version":"v1","type":)");
    append_json_string(out, type);
    append_id(out, R"(,"aggregateId":)", aggregate_id);
    if (!aggregate_type.empty()) {
      out.append(R"(,"aggregateType":)");
      append_json_string(out, aggregate_type);
    }
    out.append(R"(,"dataVersion":)");
    append_json_number(out, data_version);
    out.append(R"(,"data":)").append(data);
    if (is_erased) out.append(R"(,"erased":true)");
    if (is_damaged()) out.append(R"(,"damaged":true)");
    if (!metadata.empty()) out.append(R"(,"metadata":)").append(metadata);
    out.append(R"(,"userId":)");
    append_json_string(out, user_id);
    out.append(R"(,"source":")").append(source_name(source)).push_back('"');
    append_actor(out, actor);
    out.append(R"(,"timestamp":")").append(to_iso8601(timestamp)).push_back('"');
    append_id(out, R"(,"correlationId":)", correlation_id);
    append_id(out, R"(,"causationId":)", causation_id);
    append_id(out, R"(,"requestId":)", request_id);
    out.append(R"(,"position":)");
    append_json_number(out, position);
    if (aggregate_version > 0) {
      out.append(R"(,"aggregateVersion":)");
      append_json_number(out, aggregate_version);
    }
    out.push_back('}');
    json_ = std::move(out);
  });
  return json_;
}

}  // namespace synap::events

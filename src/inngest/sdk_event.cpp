#include "inngest/sdk_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

constexpr std::int64_t kFirstMs = 315'532'800'000;   // 1980-01-01
constexpr std::int64_t kLastMs = 4'102'444'800'000;  // 2100-01-01
constexpr std::size_t kIdCharactersMax = 512;
constexpr JsonLimits kStored{.depth_max = 72};

std::unexpected<Error> wrong(std::string_view what) {
  return fail(Code::kBadRequest, fmt::format("An event's {}", what));
}

Result<std::optional<std::string>> text_of(const Json& event, std::string_view key) {
  const Json* value = event.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string()) return wrong(fmt::format("{} is a text", key));
  if (value->as_string().size() > kIdCharactersMax) {
    return wrong(fmt::format("{} has at most {} bytes", key, kIdCharactersMax));
  }
  if (value->as_string().empty()) return std::nullopt;
  return value->as_string();
}

Result<std::optional<std::int64_t>> ts_of(const Json& event) {
  const Json* ts = event.find("ts");
  if (ts == nullptr || ts->is_null()) return std::nullopt;
  if (!ts->is_integer()) return wrong("ts is a whole number of milliseconds since 1970");
  const auto ms = ts->as_integer();
  if (ms == 0) return std::nullopt;
  if (ms < kFirstMs || ms > kLastMs) return wrong("ts is between 1980 and 2100");
  return ms;
}

Result<Json> object_of(Json& event, std::string_view key) {
  Json* value = event.find(key);
  if (value == nullptr || value->is_null()) return Json();
  if (!value->is_object()) return wrong(fmt::format("{} is an object", key));
  return std::move(*value);
}

// What the sender said, or nothing.
const Json* said_by(const Json& metadata) {
  return metadata.find("sdk");
}

Json parsed(std::string_view text) {
  return text.empty() ? Json::object() : parse_json(text, kStored).value_or(Json::object());
}

// Both ways in (an event, or its JSON) meet here.
struct Parts {
  std::string type;
  std::string id;  // UUID
  std::int64_t ts = 0;
  std::int64_t data_version = 1;
  Json data;
  Json metadata;
  Json synap = Json::object();
};

Json shown(Parts parts) {
  Json event = Json::object();
  event.set("name", std::move(parts.type));
  event.set("data", std::move(parts.data));
  const Json* said = said_by(parts.metadata);
  if (said == nullptr) {
    event.set("id", parts.id);
    event.set("ts", parts.ts);
    event.set("user", Json::object());
    event.set("v", std::to_string(parts.data_version));
    event.set("synap", std::move(parts.synap));
    return event;
  }
  const auto uuid = Uuid::parse(parts.id).value_or(Uuid{});
  event.set("id", std::string(said->string_or("id", ulid_of(uuid))));
  const Json* ts = said->find("ts");
  event.set("ts", ts != nullptr ? *ts : Json(parts.ts));
  const Json* user = said->find("user");
  event.set("user", user != nullptr ? *user : Json::object());
  for (const char* key : {"v", "meta"}) {
    if (const Json* value = said->find(key)) event.set(key, *value);
  }
  // Nobody else knows which event of the log it is.
  if (said->find("id") != nullptr) {
    event.set("synap", Json::object({{"id", std::move(parts.id)}}));
  }
  return event;
}

}  // namespace

Result<SdkEvent> SdkEvent::read(Json event) {
  if (!event.is_object()) return fail(Code::kBadRequest, "An event is an object");
  SdkEvent made;
  const Json* name = event.find("name");
  if (name == nullptr || !name->is_string() || name->as_string().empty()) {
    return wrong("name is a text that is not empty");
  }
  made.name = name->as_string();
  auto id = text_of(event, "id");
  if (!id) return fail(id.error());
  made.id = std::move(*id);
  auto v = text_of(event, "v");
  if (!v) return fail(v.error());
  made.v = std::move(*v);
  auto ts = ts_of(event);
  if (!ts) return fail(ts.error());
  made.ts = *ts;
  for (const auto& [key, member] : {std::pair("data", &made.data), std::pair("user", &made.user),
                                    std::pair("meta", &made.meta)}) {
    auto object = object_of(event, key);
    if (!object) return fail(object.error());
    *member = std::move(*object);
  }
  if (made.data.is_null()) made.data = Json::object();
  std::erase_if(made.data.as_object(),
                [](const Json::Member& member) { return member.first == "_inngest"; });
  if (json_bytes(made.meta) > kMetaBytesMax) {
    return wrong(fmt::format("meta has at most {} bytes", kMetaBytesMax));
  }
  return made;
}

Json SdkEvent::said() const {
  Json said = Json::object();
  if (id) said.set("id", *id);
  if (ts) said.set("ts", *ts);
  if (v) said.set("v", *v);
  if (!user.is_null()) said.set("user", user);
  if (!meta.is_null()) said.set("meta", meta);
  return said;
}

std::string SdkEvent::metadata() const {
  return Json::object({{"sdk", said()}}).dump();
}

Json sdk_event(const events::Event& event) {
  Parts parts{event.type,         event.id.to_string(), event.timestamp,
              event.data_version, parsed(event.data),   parsed(event.metadata)};
  auto& synap = parts.synap;
  synap.set("position", event.position);
  if (event.aggregate_id) {
    synap.set("aggregateId", event.aggregate_id->to_string());
    synap.set("aggregateType", event.aggregate_type);
    synap.set("aggregateVersion", event.aggregate_version);
  }
  if (event.correlation_id) synap.set("correlationId", event.correlation_id->to_string());
  synap.set("source", std::string(events::source_name(event.source)));
  return shown(std::move(parts));
}

Json sdk_event_of_json(const Json& event) {
  const Json* data = event.find("data");
  const Json* metadata = event.find("metadata");
  const Json* version = event.find("dataVersion");
  Parts parts{std::string(event.string_or("type", "")),
              std::string(event.string_or("id", "")),
              parse_iso8601(event.string_or("timestamp", "")).value_or(0),
              version != nullptr && version->is_integer() ? version->as_integer() : 1,
              data != nullptr ? *data : Json::object(),
              metadata != nullptr ? *metadata : Json::object()};
  for (const char* key : {"position", "aggregateId", "aggregateType", "aggregateVersion",
                          "correlationId", "source"}) {
    if (const Json* value = event.find(key)) parts.synap.set(key, *value);
  }
  return shown(std::move(parts));
}

}  // namespace synap::inngest

#include "events/types.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"

namespace synap::events {
namespace {

constexpr std::string_view kRequested = ".requested";
constexpr std::string_view kFailed = ".failed";

bool is_well_formed(std::string_view name) {
  if (name.empty() || name.size() > kEventTypeCharactersMax) return false;
  for (const char c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && c != '.' && c != '_' && c != '-' && c != '/') return false;
  }
  return true;
}

}  // namespace

const ObjectSchema<Failure>& describe(Type<Failure>) {
  static const auto schema =
      object<Failure>("Failure")
          .field("function", &Failure::function, string(), "The function that was given up.")
          .field("runId", &Failure::run_id, string().uuid(), "Its run.")
          .field("attempts", &Failure::attempts, integer().min(0), "How often it was tried.")
          .field("name", &Failure::name, string(), "The kind of the last error.")
          .field("message", &Failure::message, string(), "What the last error said.");
  return schema;
}

std::string failed_type_of(std::string_view type) {
  if (type.ends_with(kRequested)) type.remove_suffix(kRequested.size());
  return fmt::format("{}{}", type, kFailed);
}

void EventTypes::add(std::string_view name, Schema data, std::string docs) {
  SYNAP_CHECK(is_well_formed(name), name);
  SYNAP_CHECK(!by_name_.contains(name), name);
  by_name_.emplace(name, Info{std::string(name), std::move(data), std::move(docs)});
  if (name.ends_with(kRequested)) add_failed(name);
}

void EventTypes::add_failed(std::string_view type) {
  const auto name = failed_type_of(type);
  if (by_name_.contains(name)) return;
  add(name, schema_of<Failure>(), fmt::format("What {} asked for was given up.", type));
}

const EventTypes::Info* EventTypes::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? &found->second : nullptr;
}

std::vector<const EventTypes::Info*> EventTypes::all() const {
  std::vector<const Info*> list;
  list.reserve(by_name_.size());
  for (const auto& [name, info] : by_name_) list.push_back(&info);
  return list;
}

Result<NewEvent> EventTypes::make(std::string_view type, std::string data,
                                  Envelope envelope) const {
  const Info* info = find(type);
  if (info == nullptr) {
    return fail(Code::kBadRequest, fmt::format("No event type \"{}\" is registered",
                                               type.substr(0, kEventTypeCharactersMax)));
  }
  if (data.size() > kEventDataBytesMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("The data of an event may have {} bytes; these have {}",
                            kEventDataBytesMax, data.size()));
  }
  auto json = parse_json(data);
  if (!json) return fail(json.error());
  if (auto valid = validate(info->data, *json); !valid) return fail(valid.error());
  if (envelope.user_id.empty() || envelope.user_id.size() > 128) {
    return fail(Code::kBadRequest, "The user id of an event has 1 to 128 characters");
  }
  const bool has_given_id = envelope.id.has_value();
  if (!has_given_id) envelope.id = Uuid::v7();
  if (!envelope.timestamp) envelope.timestamp = unix_ms_now();
  return NewEvent(std::string(type), std::move(data), std::move(envelope), has_given_id);
}

}  // namespace synap::events

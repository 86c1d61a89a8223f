#include "events/types.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "events/damage.h"

namespace synap::events {
namespace {

constexpr std::string_view kRequested = ".requested";
constexpr std::string_view kFailed = ".failed";

// A few levels more than what comes in may have: what is stored was wrapped by us.
constexpr JsonLimits kStoredJsonLimits{.depth_max = 72};

bool is_well_formed(std::string_view name) {
  if (name.empty() || name.size() > kEventTypeCharactersMax) return false;
  for (const char c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && c != '.' && c != '_' && c != '-' && c != '/') return false;
  }
  return true;
}

// Before the first '.', if no '/' comes before that; empty if there is none.
std::string_view noun_of(std::string_view name) {
  const auto at = name.find_first_of("./");
  return at == std::string_view::npos || name[at] == '/' ? std::string_view() : name.substr(0, at);
}

// As every type of the pod is named: so no noun of a later version meets an app's event as its own.
bool is_of_own_form(std::string_view name) {
  const bool has_ending =
      name.ends_with(kRequested) || name.ends_with(".completed") || name.ends_with(kFailed);
  return has_ending && name.find('/') == std::string_view::npos &&
         std::ranges::count(name, '.') >= 2;
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

void EventTypes::add(std::string_view name, Schema data, std::string docs, Options options) {
  SYNAP_CHECK(is_well_formed(name) && !name.starts_with(kRegisteredPrefix), name);
  SYNAP_CHECK(!by_name_.contains(name), name);
  SYNAP_CHECK(options.data_version == 1 || options.upcast != nullptr, name);
  const bool needs_aggregate = options.needs_aggregate;
  by_name_.emplace(name, Info{std::string(name), std::move(data), std::move(docs), options});
  if (name.ends_with(kRequested)) {
    add_failed(name);
    by_name_.find(failed_type_of(name))->second.options.needs_aggregate = needs_aggregate;
  }
}

void EventTypes::add_failed(std::string_view type) {
  const auto name = failed_type_of(type);
  if (by_name_.contains(name)) return;
  // That it was given up is in the header.
  add(EventType<Failure>{.name = name, .needs_aggregate = false, .on_erased = OnErased::kFold},
      fmt::format("What {} asked for was given up.", type));
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

Result<Json> current_data(const Event& event, std::int64_t data_version, Upcaster upcast) {
  if (event.is_damaged()) return fail(damaged(event));
  if (event.data_version > data_version) {
    return fail(Code::kInternalServerError,
                fmt::format("The event at {} has data of version {} of {}, which only a newer "
                            "Synap reads",
                            event.position, event.data_version, event.type));
  }
  // What is in the log was within the bounds when it came in; a bound of today must not hide it.
  auto json = parse_json(event.data, kStoredJsonLimits);
  if (!json) return fail(Code::kInternalServerError, json.error().message);
  for (auto from = event.data_version; from < data_version; ++from) {
    json = upcast(std::move(*json), from);
  }
  return json;
}

Result<NewEvent> EventTypes::make(std::string_view type, std::string data,
                                  Envelope envelope) const {
  const Info* info = find(type);
  if (info == nullptr) {
    return fail(Code::kBadRequest, fmt::format("No event type \"{}\" is registered",
                                               type.substr(0, kEventTypeCharactersMax)));
  }
  if (data.size() <= kEventDataBytesMax) {
    auto json = parse_json(data);
    if (!json) return fail(json.error());
    if (auto valid = validate(info->data, std::move(*json)); !valid) return fail(valid.error());
  }
  return finish(*info, std::move(data), std::move(envelope), nullptr);
}

Result<NewEvent> EventTypes::make_registered(std::string_view type, std::int64_t data_version,
                                             std::string data, Envelope envelope) const {
  SYNAP_CHECK(is_well_formed(type) && type.starts_with(kRegisteredPrefix), type);
  const Info info{.name = std::string(type), .options = {.data_version = data_version}};
  return finish(info, std::move(data), std::move(envelope), nullptr);
}

bool EventTypes::is_reserved(std::string_view name) const {
  if (name.starts_with(kRegisteredPrefix) || name.starts_with("inngest/")) return true;
  if (is_of_own_form(name)) return true;
  const auto noun = noun_of(name);
  if (noun.empty()) return find(name) != nullptr;
  if (noun == "function") return true;
  const auto from = by_name_.lower_bound(fmt::format("{}.", noun));
  return from != by_name_.end() && noun_of(from->first) == noun;
}

std::string EventTypes::why_never(std::string_view pattern, bool suggests) const {
  const bool is_prefix = pattern.ends_with('*');
  const auto name = is_prefix ? pattern.substr(0, pattern.size() - 1) : pattern;
  // Types are registered later, and what is told of runs has Inngest's names, too.
  if (name.starts_with(kRegisteredPrefix) || name.starts_with("inngest/")) return {};
  if (!is_reserved(name)) return {};
  const auto from = by_name_.lower_bound(name);
  if (from != by_name_.end() && (is_prefix ? from->first.starts_with(name) : from->first == name)) {
    return {};
  }
  std::vector<std::string> names;
  if (suggests) {
    for (const auto& [known, info] : by_name_) names.push_back(known);
  }
  auto asked = asked_whether(suggestions(name, names));
  asked = asked.substr(0, asked.find_last_not_of("; ") + 1);
  return fmt::format("No event of the pod has the type \"{}\"{}", pattern, asked);
}

Result<NewEvent> EventTypes::make_open(std::string_view type, std::string data,
                                       Envelope envelope) const {
  const auto shown = type.substr(0, valid_utf8_prefix(type.substr(0, kEventTypeCharactersMax)));
  if (!is_well_formed(type)) {
    return fail(Code::kBadRequest,
                fmt::format("The name of an event has 1 to {} letters, digits and \"._-/\"; \"{}\" "
                            "has others",
                            kEventTypeCharactersMax, shown));
  }
  if (is_reserved(type)) {
    return fail(Code::kBadRequest,
                fmt::format("\"{}\" is a name of the pod's own events, which only its procedures "
                            "append: give the event another name, as \"app/{}\"",
                            shown, shown));
  }
  const Info info{.name = std::string(type)};
  return finish(info, std::move(data), std::move(envelope), nullptr);
}

Result<NewEvent> EventTypes::make_trusted(std::string_view type, std::string text,
                                          std::shared_ptr<const void> data,
                                          Envelope envelope) const {
  const Info* info = find(type);
  SYNAP_CHECK(info != nullptr, type);
#ifndef NDEBUG
  if (text.size() <= kEventDataBytesMax) {
    auto json = parse_json(text, kStoredJsonLimits);
    SYNAP_CHECK(json.has_value(), text);
    const auto valid = validate(info->data, *json);
    SYNAP_CHECK(valid.has_value(), valid ? text : valid.error().message);
  }
#endif
  return finish(*info, std::move(text), std::move(envelope), std::move(data));
}

Result<NewEvent> EventTypes::finish(const Info& info, std::string data, Envelope envelope,
                                    std::shared_ptr<const void> decoded) const {
  if (data.size() > kEventDataBytesMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("The data of an event may have {} bytes; these have {}",
                            kEventDataBytesMax, data.size()));
  }
  if (envelope.user_id.empty() || envelope.user_id.size() > 128) {
    return fail(Code::kBadRequest, "The user id of an event has 1 to 128 characters");
  }
  if (info.options.needs_aggregate && !envelope.aggregate_id) {
    return fail(Code::kBadRequest,
                fmt::format("An event of type \"{}\" needs an aggregate: aggregateId", info.name));
  }
  const bool has_given_id = envelope.id.has_value();
  auto event = std::make_shared<Event>();
  event->id = has_given_id ? *envelope.id : world_->new_id();
  event->type = info.name;
  event->data_version = info.options.data_version;
  event->user_id = std::move(envelope.user_id);
  event->source = envelope.source;
  event->actor = std::move(envelope.actor);
  event->aggregate_id = envelope.aggregate_id;
  event->aggregate_type = std::move(envelope.aggregate_type);
  event->timestamp = world_->unix_ms();
  if (envelope.timestamp) {
    event->ahead_ms = std::max<std::int64_t>(0, *envelope.timestamp - event->timestamp);
    event->timestamp = *envelope.timestamp;
  }
  event->ahead_ms = std::max(event->ahead_ms, envelope.ahead_ms);
  event->correlation_id = envelope.correlation_id;
  event->causation_id = envelope.causation_id;
  event->request_id = envelope.request_id;
  event->data = std::move(data);
  event->metadata = std::move(envelope.metadata);
  if (decoded) {
    std::ignore =
        event->decoded.get([&]() -> Result<std::shared_ptr<const void>> { return decoded; });
  }
  Salt salt;
  world_->random(salt.data(), salt.size());
  return NewEvent(std::move(event), std::move(decoded), salt, has_given_id,
                  envelope.starts_stream && envelope.aggregate_id.has_value());
}

Result<EventRef> EventTypes::current(const EventRef& event) const {
  const Info* info = find(event->type);
  if (info == nullptr || event->is_erased || event->is_damaged() ||
      event->data_version == info->options.data_version) {
    return event;
  }
  auto json = current_data(*event, info->options.data_version, info->options.upcast);
  if (!json) return fail(json.error());
  EventFields fields = *event;
  fields.data = json->dump();
  fields.data_version = info->options.data_version;
  return std::make_shared<const Event>(std::move(fields));
}

}  // namespace synap::events

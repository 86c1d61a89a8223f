#include "agents/reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/uuid.h"

namespace synap::agents {
namespace {

// What the pod itself says of a page of a list.
bool is_of_page(std::string_view name) {
  constexpr std::string_view kOfPage[] = {"mode", "modeReason", "nextCursor"};
  return std::ranges::find(kOfPage, name) != std::end(kOfPage);
}

constexpr std::string_view kTainted = "tainted";

// Members within which people say what members are called.
constexpr std::string_view kOfPeople[] = {"properties", "data", "value", "metadata", "fields"};

void add_id(std::string_view id, std::vector<std::string>& ids, std::size_t most) {
  if (ids.size() >= most || !Uuid::parse(id)) return;
  if (std::ranges::find(ids, id) == ids.end()) ids.emplace_back(id);
}

void add_ids_of(const Json& json, std::vector<std::string>& ids, std::size_t most) {
  if (json.is_array()) {
    for (const auto& one : json.as_array()) add_ids_of(one, ids, most);
    return;
  }
  if (!json.is_object()) return;
  for (const auto& [name, value] : json.as_object()) {
    if (std::ranges::find(kOfPeople, name) != std::end(kOfPeople)) continue;
    if (value.is_string()) {
      if (name.ends_with("id") || name.ends_with("Id")) add_id(value.as_string(), ids, most);
    } else if (value.is_array() && (name.ends_with("ids") || name.ends_with("Ids"))) {
      for (const auto& one : value.as_array()) {
        if (one.is_string()) add_id(one.as_string(), ids, most);
      }
    } else {
      add_ids_of(value, ids, most);
    }
  }
}

}  // namespace

const ObjectSchema<Reading>& describe(Type<Reading>) {
  static const auto schema =
      object<Reading>("AgentReading")
          .field("tainted", &Reading::is_tainted, boolean(),
                 "It has read stored text: what a model asks for waits for a person.")
          .field_or("others", &Reading::hears_others, boolean(), false,
                    "Somebody has spoken by another key than that of whoever began it.")
          .field("ids", &Reading::ids, array(string()),
                 "Of what it has read and was asked with, at most 1,000.");
  return schema;
}

bool holds_nothing(std::string_view answer) {
  const auto json = parse_json(answer);
  if (!json) return false;
  if (json->is_null()) return true;
  if (!json->is_object()) return false;
  bool has_list = false;
  for (const auto& [name, value] : json->as_object()) {
    if (value.is_array()) {
      has_list = true;
      if (!value.as_array().empty()) return false;
    } else if (value.is_object() || (value.is_string() && !is_of_page(name))) {
      return false;
    }
  }
  return has_list;
}

void add_ids(std::string_view text, std::vector<std::string>& ids, std::size_t most) {
  if (const auto json = parse_json(text)) return add_ids_of(*json, ids, most);
  // Its end was cut off: what stands before the first member that people name.
  for (const auto name : kOfPeople) {
    text = text.substr(0, text.find(fmt::format("\"{}\":", name)));
  }
  constexpr std::size_t kIdSize = 36;
  constexpr std::string_view kMember = "d\":\"";
  for (auto at = text.find(kMember); at != std::string_view::npos;
       at = text.find(kMember, at + 1)) {
    add_id(text.substr(at + kMember.size(), kIdSize), ids, most);
  }
}

void set_taint(events::Envelope& envelope, bool is_tainted) {
  if (!envelope.actor || envelope.actor->kind != events::Actor::Kind::kAgent) return;
  auto json = parse_json(envelope.metadata.empty() ? "{}" : envelope.metadata);
  if (!json || !json->is_object()) return;
  json->set(kTainted, is_tainted);
  envelope.metadata = json->dump();
}

std::optional<bool> taint_of(const events::Event& event) {
  if (!event.actor || event.actor->kind != events::Actor::Kind::kAgent) return std::nullopt;
  const auto json = parse_json(event.metadata);
  const Json* said = json ? json->find(kTainted) : nullptr;
  return said != nullptr && said->is_bool() ? std::optional(said->as_bool()) : std::nullopt;
}

void Reading::add_answer(std::string_view answer) {
  if (holds_nothing(answer)) return;
  is_tainted = true;
  add_ids(answer, ids, kIdsMax);
}

void Reading::add(const Reading& other) {
  is_tainted = is_tainted || other.is_tainted;
  hears_others = hears_others || other.hears_others;
  for (const auto& id : other.ids) {
    if (ids.size() < kIdsMax && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
}

}  // namespace synap::agents

// Arrays, objects and records.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "schema/reader.h"
#include "schema/schema.h"

namespace synap::schema_detail {
namespace {

using Form = SchemaStorage::Form;

// JavaScript lists the members with array indices as names first, in ascending order.
std::optional<std::uint32_t> array_index(std::string_view key) {
  if (key.empty() || key.size() > 10 || (key[0] == '0' && key.size() > 1)) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : key) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value >= UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

std::vector<const Json::Member*> in_javascript_order(const Json::Object& members) {
  std::vector<std::pair<std::uint32_t, const Json::Member*>> indices;
  std::vector<const Json::Member*> others;
  others.reserve(members.size());
  for (const auto& member : members) {
    if (const auto index = array_index(member.first)) {
      indices.emplace_back(*index, &member);
    } else {
      others.push_back(&member);
    }
  }
  if (indices.empty()) return others;
  std::sort(indices.begin(), indices.end());
  std::vector<const Json::Member*> order;
  order.reserve(members.size());
  for (const auto& [index, member] : indices) order.push_back(member);
  order.insert(order.end(), others.begin(), others.end());
  return order;
}

}  // namespace

void Reader::read_array(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                        void* target, const Path* path) {
  const auto& items = input.as_array();
  const auto count = static_cast<double>(items.size());
  if (const auto* max = node.check(SchemaCheck::Kind::kMax); max != nullptr && count > max->bound) {
    // zod does not look into an array that is too long.
    return issues_.out_of_bounds(path, *max, "array", true);
  }
  Json::Array* json = nullptr;
  if (storage.form == Form::kJson) {
    *static_cast<Json*>(target) = Json::array();
    json = &static_cast<Json*>(target)->as_array();
    json->reserve(items.size());
  } else {
    // A struct can be a hundred times as large as the `{}` it is read from: room is made for more
    // items only as they turn out to be right.
    constexpr std::size_t kReservedMax = 256;
    storage.clear(target);
    storage.reserve(target, std::min(items.size(), kReservedMax));
  }
  const std::size_t final_before = issues_.final_count();
  Path here{path, nullptr, 0};
  for (const auto& item : items) {
    // After an issue nobody gets the value: a long list of wrong items must not fill the memory.
    if (json == nullptr && !issues_.empty()) storage.clear(target);
    void* place = json != nullptr ? &json->emplace_back() : storage.add(target);
    read(*node.inner, &item, json != nullptr ? storage : *storage.inner, place, &here);
    ++here.index;
  }
  const auto* min = node.check(SchemaCheck::Kind::kMin);
  if (min != nullptr && count < min->bound && issues_.final_count() == final_before) {
    issues_.out_of_bounds(path, *min, "array");
  }
}

void Reader::read_object(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                         void* target, const Path* path) {
  const auto& members = input.as_object();
  Json::Object* json = nullptr;
  Json::Object stripped;
  if (storage.form == Form::kJson) {
    json = &stripped;
    stripped.reserve(std::min(members.size(), node.fields.size()));
  }
  // Clients mostly write the members in the order of the fields: look behind the last one first.
  std::size_t at = 0;
  std::size_t known = 0;
  for (const auto& field : node.fields) {
    const Json* value = nullptr;
    for (std::size_t looked = 0; looked < members.size(); ++looked) {
      if (at == members.size()) at = 0;
      const auto& member = members[at++];
      if (member.first == field.name) {
        value = &member.second;
        ++known;
        break;
      }
    }
    read_field(field, value, json, target, path);
  }
  if (unknown_ != nullptr && known < members.size()) note_unknown(node, members, path);
  if (json != nullptr) *static_cast<Json*>(target) = Json(std::move(stripped));
}

void Reader::note_unknown(const SchemaNode& node, const Json::Object& members, const Path* path) {
  std::vector<const std::string*> keys;
  std::size_t count = 0;
  const auto is_known = [&](const std::string& key) {
    return std::ranges::any_of(node.fields,
                               [&](const SchemaField& field) { return field.name == key; });
  };
  for (const auto* member : in_javascript_order(members)) {
    if (is_known(member->first)) continue;
    if (++count <= UnknownKeys::kNamedMax) keys.push_back(&member->first);
  }
  tell_unknown(keys, count, path);
}

// `keys` are the first of `count` that are left out.
void Reader::tell_unknown(const std::vector<const std::string*>& keys, std::size_t count,
                          const Path* path) {
  if (unknown_->are_refused) return issues_.unrecognized_keys(path, keys, count);
  unknown_->count += count;
  for (const auto* key : keys) {
    if (unknown_->paths.size() == UnknownKeys::kNamedMax) break;
    const Path here{path, key, 0};
    unknown_->paths.push_back(dot_path(here));
  }
}

void Reader::read_union(const SchemaNode& node, const Json* input, const SchemaStorage& storage,
                        void* target, const Path* path) {
  if (input == nullptr || !input->is_object()) return issues_.no_object(path, input);
  const Json* chosen = input->find(node.discriminator);
  for (std::size_t i = 0; chosen != nullptr && chosen->is_string() && i < node.options.size();
       ++i) {
    const auto& option = *node.options[i];
    const auto& values = *discriminator_values(option, node.discriminator);
    if (std::ranges::find(values, chosen->as_string()) == values.end()) continue;
    if (storage.form == Form::kVariant) {
      return read_object(option, *input, *storage.alternatives[i], storage.emplace(target, i),
                         path);
    }
    return read_object(option, *input, storage, target, path);
  }
  issues_.no_such_option(path, node);
}

void Reader::read_field(const SchemaField& field, const Json* input, Json::Object* json,
                        void* object, const Path* path) {
  using Presence = SchemaField::Presence;
  const Path here{path, &field.name, 0};
  void* target = nullptr;
  const SchemaStorage* storage = field.storage;
  if (input == nullptr && field.presence == Presence::kOptional) {
    if (json == nullptr) storage->clear(static_cast<char*>(object) + field.offset);
    return;
  }
  if (json != nullptr) {
    target = &json->emplace_back(field.name, Json()).second;
    storage = &storage_of<Json>();
  } else {
    target = static_cast<char*>(object) + field.offset;
  }
  if (input == nullptr && field.presence == Presence::kDefaulted) {
    const bool may_take = std::exchange(may_take_, false);
    read(*field.schema, &field.default_value, *storage, target, &here);
    may_take_ = may_take;
    return;
  }
  const std::size_t before = issues_.count();
  read(*field.schema, input, *storage, target, &here);
  if (input == nullptr && issues_.count() == before) issues_.missing_any(&here);
}

void Reader::read_record(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                         void* target, const Path* path) {
  Json::Object* json = nullptr;
  Json::Object values;
  if (storage.form == Form::kJson) {
    json = &values;
  } else {
    storage.clear(target);
  }
  for (const auto* member : in_javascript_order(input.as_object())) {
    const auto& [key, value] = *member;
    if (key == "__proto__") {  // zod drops it
      if (unknown_ != nullptr) tell_unknown({&key}, 1, path);
      continue;
    }
    const Path here{path, &key, 0};
    if (json != nullptr) {
      read(*node.inner, &value, storage, &json->emplace_back(key, Json()).second, &here);
    } else {
      read(*node.inner, &value, *storage.inner, storage.add_key(target, key), &here);
    }
  }
  if (json != nullptr) *static_cast<Json*>(target) = Json(std::move(values));
}

}  // namespace synap::schema_detail

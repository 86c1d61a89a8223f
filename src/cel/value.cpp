#include "cel/value.h"

#include <fmt/format.h>

#include <cmath>
#include <tuple>

#include "base/check.h"
#include "cel/base64.h"
#include "cel/budget.h"
#include "cel/compare.h"

namespace synap::cel {
namespace {

template <class T>
std::pair<Owner, const T*> kept(T value) {
  auto kept = std::make_shared<const T>(std::move(value));
  const auto* at = kept.get();
  return {std::move(kept), at};
}

}  // namespace

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::kNull:
    case Kind::kMissing:
      return "null_type";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kType:
      return "type";
  }
  return "";
}

std::optional<Type> type_named(std::string_view name) {
  for (auto at = static_cast<int>(Kind::kNull); at <= static_cast<int>(Kind::kType); ++at) {
    const auto known = type_name(static_cast<Kind>(at));
    if (known == name) return Type{known};
  }
  return std::nullopt;
}

bool is_type_name(std::string_view name) {
  return type_named(name).has_value();
}

List::List(std::vector<Value> items) {
  std::tie(owner_, items_) = kept(std::move(items));
}

std::size_t List::size() const {
  return json_ != nullptr ? json_->size() : items_->size();
}

Value List::at(std::size_t index) const {
  return json_ != nullptr ? Value::of((*json_)[index], owner_) : (*items_)[index];
}

Map::Map(std::vector<Entry> entries) {
  std::tie(owner_, entries_) = kept(std::move(entries));
}

std::size_t Map::size() const {
  return json_ != nullptr ? json_->as_object().size() : entries_->size();
}

Map::Entry Map::at(std::size_t index) const {
  if (json_ == nullptr) return (*entries_)[index];
  const auto& [key, value] = json_->as_object()[index];
  return {Value(Text{owner_, key}), Value::of(value, owner_)};
}

std::optional<Value> Map::find(std::string_view key, Budget& budget) const {
  if (json_ == nullptr) return find(Value(Text{{}, key}), budget);
  if (!budget.spend(static_cast<std::int64_t>(size() / 16))) return std::nullopt;
  const auto* found = json_->find(key);
  if (found == nullptr) return std::nullopt;
  return Value::of(*found, owner_);
}

std::optional<Value> Map::find(const Value& key, Budget& budget) const {
  if (json_ != nullptr) {
    if (!key.is(Kind::kString)) return std::nullopt;
    return find(key.as_string(), budget);
  }
  for (const auto& [name, value] : *entries_) {
    if (!budget.spend(1)) return std::nullopt;
    if (equal(name, key, budget)) return value;
  }
  return std::nullopt;
}

Value Value::missing() {
  Value value;
  value.value_ = Missing{};
  return value;
}

Value Value::string(std::string text) {
  auto [owner, at] = kept(std::move(text));
  return Value(Text{std::move(owner), *at});
}

Value Value::bytes(std::string bytes) {
  auto [owner, at] = kept(std::move(bytes));
  return Value(Bytes{std::move(owner), *at});
}

Value Value::of(const Json& json, const Owner& owner) {
  if (json.is_null()) return Value();
  if (json.is_bool()) return Value(json.as_bool());
  if (json.is_integer()) return Value(json.as_integer());
  if (json.is_number()) return Value(json.as_number());
  if (json.is_string()) return Value(Text{owner, json.as_string()});
  if (json.is_array()) return Value(List(owner, json.as_array()));
  return Value(Map(owner, json));
}

template <class T>
const T& Value::get() const {
  const auto* value = std::get_if<T>(&value_);
  SYNAP_CHECK(value != nullptr, type_name(kind()));
  return *value;
}

bool Value::as_bool() const {
  return get<bool>();
}
std::int64_t Value::as_int() const {
  return get<std::int64_t>();
}
std::uint64_t Value::as_uint() const {
  return get<std::uint64_t>();
}
double Value::as_double() const {
  return get<double>();
}
std::string_view Value::as_string() const {
  return get<Text>().view;
}
std::string_view Value::as_bytes() const {
  return get<Bytes>().view;
}
const List& Value::as_list() const {
  return get<List>();
}
const Map& Value::as_map() const {
  return get<Map>();
}
Timestamp Value::as_timestamp() const {
  return get<Timestamp>();
}
Duration Value::as_duration() const {
  return get<Duration>();
}
Type Value::as_type() const {
  return get<Type>();
}

namespace {

Value owned_list(const List& list, Budget& budget) {
  std::vector<Value> items;
  for (std::size_t at = 0; at < list.size() && budget.make(sizeof(Value)); ++at) {
    items.push_back(list.at(at).owned(budget));
  }
  return Value(List(std::move(items)));
}

Value owned_map(const Map& map, Budget& budget) {
  std::vector<Map::Entry> entries;
  for (std::size_t at = 0; at < map.size() && budget.make(2 * sizeof(Value)); ++at) {
    const auto [key, value] = map.at(at);
    entries.emplace_back(key.owned(budget), value.owned(budget));
  }
  return Value(Map(std::move(entries)));
}

// Without an owner the text is copied. One with an owner counts too: it is when it is written out.
template <class Content>
std::optional<std::string> copied(const Content& content, Budget& budget) {
  if (!budget.make(static_cast<std::int64_t>(content.view.size()))) return std::string();
  if (content.owner) return std::nullopt;
  return std::string(content.view);
}

}  // namespace

Value Value::owned(Budget& budget) const {
  switch (kind()) {
    case Kind::kMissing:
      return Value();
    case Kind::kString: {
      auto copy = copied(get<Text>(), budget);
      return copy ? string(std::move(*copy)) : *this;
    }
    case Kind::kBytes: {
      auto copy = copied(get<Bytes>(), budget);
      return copy ? bytes(std::move(*copy)) : *this;
    }
    case Kind::kList:
      return owned_list(as_list(), budget);
    case Kind::kMap:
      return owned_map(as_map(), budget);
    default:
      return *this;
  }
}

namespace {

Json json_of_list(const List& list) {
  Json::Array items;
  items.reserve(list.size());
  for (std::size_t at = 0; at < list.size(); ++at) items.push_back(list.at(at).to_json());
  return Json(std::move(items));
}

Json json_of_map(const Map& map) {
  Json::Object members;
  members.reserve(map.size());
  for (std::size_t at = 0; at < map.size(); ++at) {
    const auto [key, value] = map.at(at);
    const auto name = key.to_json();
    members.emplace_back(name.is_string() ? name.as_string() : name.dump(), value.to_json());
  }
  return Json(std::move(members));
}

}  // namespace

Json Value::to_json() const {
  switch (kind()) {
    case Kind::kNull:
    case Kind::kMissing:
      return {};
    case Kind::kBool:
      return as_bool();
    case Kind::kInt:
      return as_int();
    case Kind::kUint:
      return as_uint();
    case Kind::kDouble:
      return as_double();
    case Kind::kString:
      return as_string();
    case Kind::kBytes:
      return to_base64(as_bytes());
    case Kind::kList:
      return json_of_list(as_list());
    case Kind::kMap:
      return json_of_map(as_map());
    case Kind::kTimestamp:
      return to_text(as_timestamp());
    case Kind::kDuration:
      return to_text(as_duration());
    case Kind::kType:
      return as_type().name;
  }
  return {};
}

bool is_truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
    case Kind::kMissing:
      return false;
    case Kind::kBool:
      return value.as_bool();
    case Kind::kInt:
      return value.as_int() != 0;
    case Kind::kUint:
      return value.as_uint() != 0;
    case Kind::kDouble:
      return value.as_double() != 0 && !std::isnan(value.as_double());
    case Kind::kString:
      return !value.as_string().empty();
    default:
      return true;
  }
}

}  // namespace synap::cel

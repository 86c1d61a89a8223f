// The one validator: walks a schema and a JSON value together, notes every issue in the order in
// which zod 4 would, and stores what is right: into C++ values or into a new Json.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/schema.h"
#include "base/schema_issue.h"

namespace synap {
namespace schema_detail {
namespace {

using Form = SchemaStorage::Form;

std::size_t code_points(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool is_in_bounds(const SchemaCheck& check, double value) {
  return check.kind == SchemaCheck::Kind::kMax ? value <= check.bound : value >= check.bound;
}

bool is_bound(const SchemaCheck& check) {
  return check.kind == SchemaCheck::Kind::kMin || check.kind == SchemaCheck::Kind::kMax;
}

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

class Reader {
 public:
  explicit Reader(bool may_take) : may_take_(may_take) {}

  void read(const SchemaNode& node, const Json* input, const SchemaStorage& storage, void* target,
            const Path* path);
  Issues& issues() { return issues_; }

 private:
  void read_object(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_field(const SchemaField& field, const Json* input, Json::Object* json, void* object,
                  const Path* path);
  void read_array(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                  void* target, const Path* path);
  void read_record(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_number(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_string(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_raw(const SchemaNode& node, const Json* input, void* target, const Path* path);
  void wrong_type(const SchemaNode& node, const Json* input, const Path* path);

  // Moved where that is allowed. (As a conditional expression both would be copies.)
  Json take(const Json& value) const {
    if (may_take_) return std::move(const_cast<Json&>(value));
    return value;
  }
  std::string take_string(const Json& value) const {
    if (may_take_) return std::move(const_cast<Json&>(value).as_string());
    return value.as_string();
  }

  bool may_take_;
  Issues issues_;
};

std::string_view expected_type(SchemaKind kind) {
  switch (kind) {
    case SchemaKind::kUndefined:
      return "void";
    case SchemaKind::kNull:
      return "null";
    case SchemaKind::kBoolean:
      return "boolean";
    case SchemaKind::kNumber:
      return "number";
    case SchemaKind::kInteger:
      return "number";
    case SchemaKind::kString:
      return "string";
    case SchemaKind::kArray:
      return "array";
    case SchemaKind::kObject:
      return "object";
    case SchemaKind::kRecord:
      return "record";
    default:
      SYNAP_CHECK(false);
      return "";
  }
}

bool is_of_kind(SchemaKind kind, const Json& input) {
  switch (kind) {
    case SchemaKind::kNull:
      return input.is_null();
    case SchemaKind::kBoolean:
      return input.is_bool();
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return input.is_number();
    case SchemaKind::kString:
      return input.is_string();
    case SchemaKind::kArray:
      return input.is_array();
    case SchemaKind::kObject:
    case SchemaKind::kRecord:
      return input.is_object();
    default:
      return false;
  }
}

void Reader::wrong_type(const SchemaNode& node, const Json* input, const Path* path) {
  issues_.wrong_type(path, expected_type(node.kind), input);
  if (node.kind != SchemaKind::kString && node.kind != SchemaKind::kArray) return;
  if (input == nullptr) return;
  // zod checks the length of strings and arrays even where it found the type to be wrong. (It does
  // so as well for objects with a member called length. We do not.)
  if (!input->is_string() && !input->is_array()) return;
  const bool is_array = input->is_array();
  const auto length =
      static_cast<double>(is_array ? input->as_array().size() : code_points(input->as_string()));
  for (const auto& check : node.checks) {
    if (is_bound(check) && !is_in_bounds(check, length)) {
      issues_.out_of_bounds(path, check, is_array ? "array" : "string");
    }
  }
}

void Reader::read(const SchemaNode& outer, const Json* input, const SchemaStorage& outer_storage,
                  void* target, const Path* path) {
  const SchemaNode* node = &outer;
  const SchemaStorage* storage = &outer_storage;
  if (node->kind == SchemaKind::kOptional) {
    if (input == nullptr) return;
    node = node->inner.get();
  }
  if (node->kind == SchemaKind::kNullable) {
    if (input != nullptr && input->is_null()) {
      switch (storage->form) {
        case Form::kOptional:
          storage->clear(target);
          return;
        case Form::kRawJson:
          static_cast<RawJson*>(target)->text = "null";
          return;
        default:
          *static_cast<Json*>(target) = nullptr;
          return;
      }
    }
    node = node->inner.get();
  }
  if (storage->form == Form::kRawJson) return read_raw(*node, input, target, path);
  if (storage->form == Form::kOptional) {
    target = storage->add(target);
    storage = storage->inner;
    if (storage->form == Form::kRawJson) return read_raw(*node, input, target, path);
  }
  if (node->kind == SchemaKind::kAny) {
    if (input != nullptr) *static_cast<Json*>(target) = take(*input);
    return;
  }
  if (node->kind == SchemaKind::kEnum) {
    const auto& values = node->values;
    if (input == nullptr || !input->is_string() ||
        std::find(values.begin(), values.end(), input->as_string()) == values.end()) {
      issues_.wrong_value(path, *node);
      return;
    }
    return read_string(*node, *input, *storage, target, path);
  }
  if (node->kind == SchemaKind::kUndefined && input == nullptr) return;
  if (input == nullptr || !is_of_kind(node->kind, *input)) return wrong_type(*node, input, path);
  switch (node->kind) {
    case SchemaKind::kBoolean:
      if (storage->form == Form::kBool) {
        *static_cast<bool*>(target) = input->as_bool();
      } else {
        *static_cast<Json*>(target) = *input;
      }
      return;
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return read_number(*node, *input, *storage, target, path);
    case SchemaKind::kString:
      return read_string(*node, *input, *storage, target, path);
    case SchemaKind::kArray:
      return read_array(*node, *input, *storage, target, path);
    case SchemaKind::kObject:
      return read_object(*node, *input, *storage, target, path);
    case SchemaKind::kRecord:
      return read_record(*node, *input, *storage, target, path);
    default:
      return;  // null
  }
}

void Reader::read_raw(const SchemaNode& node, const Json* input, void* target, const Path* path) {
  std::string& text = static_cast<RawJson*>(target)->text;
  if (node.kind == SchemaKind::kAny) {
    if (input != nullptr) text = input->dump();
    return;
  }
  Json value;
  read(node, input, storage_of<Json>(), &value, path);
  text = value.dump();
}

void Reader::read_number(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                         void* target, const Path* path) {
  const double value = input.as_number();
  if (node.kind == SchemaKind::kInteger) {
    if (value != std::trunc(value)) return issues_.not_integer(path, input);
    if (std::abs(value) > 9007199254740991.0) issues_.unsafe_integer(path, value > 0);
  }
  for (const auto& check : node.checks) {
    if (!is_in_bounds(check, value)) issues_.out_of_bounds(path, check, "number");
  }
  switch (storage.form) {
    case Form::kDouble:
      *static_cast<double*>(target) = value;
      return;
    case Form::kJson:
      *static_cast<Json*>(target) = input;
      return;
    default:
      break;
  }
  if (!issues_.empty()) return;  // it may be out of the range of integers
  if (storage.form == Form::kInt) {
    *static_cast<int*>(target) = static_cast<int>(value);
  } else {
    *static_cast<std::int64_t*>(target) = static_cast<std::int64_t>(value);
  }
}

void Reader::read_string(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                         void* target, const Path* path) {
  const std::string& text = input.as_string();
  std::optional<std::size_t> length;  // counted only where the bytes leave a doubt
  for (const auto& check : node.checks) {
    bool is_right = true;
    switch (check.kind) {
      case SchemaCheck::Kind::kMin:
      case SchemaCheck::Kind::kMax: {
        const auto bytes = static_cast<double>(text.size());
        // A code point has one to four bytes.
        const bool is_clear =
            check.kind == SchemaCheck::Kind::kMax ? bytes <= check.bound : bytes >= 4 * check.bound;
        if (is_clear) break;
        if (!length) length = code_points(text);
        if (!is_in_bounds(check, static_cast<double>(*length))) {
          issues_.out_of_bounds(path, check, "string");
        }
        break;
      }
      case SchemaCheck::Kind::kUuid:
        is_right = is_zod_uuid(text);
        break;
      case SchemaCheck::Kind::kDatetime:
        is_right = is_zod_datetime(text);
        break;
      case SchemaCheck::Kind::kPattern:
        is_right = check.matches(text);
        break;
    }
    if (!is_right) issues_.wrong_format(path, check);
  }
  if (storage.form == Form::kString) {
    *static_cast<std::string*>(target) = take_string(input);
  } else {
    *static_cast<Json*>(target) = take(input);
  }
}

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
  for (const auto& field : node.fields) {
    const Json* value = nullptr;
    for (std::size_t looked = 0; looked < members.size(); ++looked) {
      if (at == members.size()) at = 0;
      const auto& member = members[at++];
      if (member.first == field.name) {
        value = &member.second;
        break;
      }
    }
    read_field(field, value, json, target, path);
  }
  if (json != nullptr) *static_cast<Json*>(target) = Json(std::move(stripped));
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
    if (key == "__proto__") continue;  // zod drops it
    const Path here{path, &key, 0};
    if (json != nullptr) {
      read(*node.inner, &value, storage, &json->emplace_back(key, Json()).second, &here);
    } else {
      read(*node.inner, &value, *storage.inner, storage.add_key(target, key), &here);
    }
  }
  if (json != nullptr) *static_cast<Json*>(target) = Json(std::move(values));
}

}  // namespace

std::optional<Error> read(const SchemaNode& node, const Json* input, bool may_take,
                          const SchemaStorage& storage, void* target) {
  Reader reader(may_take);
  reader.read(node, input, storage, target, nullptr);
  if (reader.issues().empty()) return std::nullopt;
  return std::move(reader.issues()).to_error();
}

}  // namespace schema_detail

Result<Json> validate(const Schema& schema, const Json& input) {
  Json output;
  auto error =
      schema_detail::read(schema.node(), &input, false, schema_detail::storage_of<Json>(), &output);
  if (error) return fail(std::move(*error));
  return output;
}

Result<Json> validate(const Schema& schema, Json&& input) {
  Json output;
  auto error =
      schema_detail::read(schema.node(), &input, true, schema_detail::storage_of<Json>(), &output);
  if (error) return fail(std::move(*error));
  return output;
}

Result<std::optional<Json>> validate(const Schema& schema, std::optional<Json> input) {
  Json output;
  auto error = schema_detail::read(schema.node(), input ? &*input : nullptr, true,
                                   schema_detail::storage_of<Json>(), &output);
  if (error) return fail(std::move(*error));
  if (!input) return std::optional<Json>();
  return std::optional<Json>(std::move(output));
}

}  // namespace synap

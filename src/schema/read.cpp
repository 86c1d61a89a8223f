// The wrappers and the values that are no containers; where a validation begins.
#include <algorithm>
#include <cmath>
#include <optional>

#include "schema/reader.h"
#include "schema/schema.h"

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

std::string_view expected_type(SchemaKind kind) {
  switch (kind) {
    case SchemaKind::kUndefined:
      return "void";
    case SchemaKind::kNull:
      return "null";
    case SchemaKind::kBoolean:
      return "boolean";
    case SchemaKind::kNumber:
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

void store_null(const SchemaStorage& storage, void* target) {
  if (storage.form == Form::kOptional) return storage.clear(target);
  if (storage.form == Form::kRawJson) {
    static_cast<RawJson*>(target)->text = "null";
  } else {
    *static_cast<Json*>(target) = nullptr;
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

}  // namespace

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

void Reader::read(const SchemaNode& outer, const Json* input, const SchemaStorage& storage,
                  void* target, const Path* path) {
  const SchemaNode* node = &outer;
  if (node->kind == SchemaKind::kOptional) {
    if (input == nullptr) return;
    node = node->inner.get();
  }
  if (node->kind == SchemaKind::kNullable) {
    if (input != nullptr && input->is_null()) return store_null(storage, target);
    node = node->inner.get();
  }
  if (storage.form == Form::kOptional) {
    return read_bare(*node, input, *storage.inner, storage.add(target), path);
  }
  read_bare(*node, input, storage, target, path);
}

void Reader::read_bare(const SchemaNode& node, const Json* input, const SchemaStorage& storage,
                       void* target, const Path* path) {
  if (storage.form == Form::kRawJson) return read_raw(node, input, target, path);
  if (node.kind == SchemaKind::kAny) {
    if (input != nullptr) *static_cast<Json*>(target) = take(*input);
    return;
  }
  if (node.kind == SchemaKind::kEnum) {
    const auto& values = node.values;
    const bool is_one = input != nullptr && input->is_string() &&
                        std::find(values.begin(), values.end(), input->as_string()) != values.end();
    if (!is_one) return issues_.wrong_value(path, node);
    return read_string(node, *input, storage, target, path);
  }
  if (node.kind == SchemaKind::kUnion) return read_union(node, input, storage, target, path);
  if (node.kind == SchemaKind::kUndefined && input == nullptr) return;
  if (input == nullptr || !is_of_kind(node.kind, *input)) return wrong_type(node, input, path);
  switch (node.kind) {
    case SchemaKind::kNull:
      return store_null(storage, target);
    case SchemaKind::kBoolean:
      if (storage.form == Form::kBool) {
        *static_cast<bool*>(target) = input->as_bool();
      } else {
        *static_cast<Json*>(target) = *input;
      }
      return;
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return read_number(node, *input, storage, target, path);
    case SchemaKind::kString:
      return read_string(node, *input, storage, target, path);
    case SchemaKind::kArray:
      return read_array(node, *input, storage, target, path);
    case SchemaKind::kObject:
      return read_object(node, *input, storage, target, path);
    case SchemaKind::kRecord:
      return read_record(node, *input, storage, target, path);
    default:
      SYNAP_CHECK(false, "the kinds above this switch");
  }
}

void Reader::read_raw(const SchemaNode& node, const Json* input, void* target, const Path* path) {
  std::string& text = static_cast<RawJson*>(target)->text;
  if (node.kind == SchemaKind::kAny) {
    if (input != nullptr) text = input->dump();
    return;
  }
  Json value;
  read_bare(node, input, storage_of<Json>(), &value, path);
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
  if (storage.form == Form::kNothing) return;  // a tag
  if (storage.form == Form::kString) {
    *static_cast<std::string*>(target) = take_string(input);
  } else {
    *static_cast<Json*>(target) = take(input);
  }
}

std::optional<Error> read(const SchemaNode& node, const Json* input, bool may_take,
                          const SchemaStorage& storage, void* target, UnknownKeys* unknown) {
  Reader reader(may_take, unknown);
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

Result<std::optional<Json>> validate(const Schema& schema, std::optional<Json> input,
                                     UnknownKeys* unknown) {
  Json output;
  auto error = schema_detail::read(schema.node(), input ? &*input : nullptr, true,
                                   schema_detail::storage_of<Json>(), &output, unknown);
  if (error) return fail(std::move(*error));
  if (!input) return std::optional<Json>();
  return std::optional<Json>(std::move(output));
}

}  // namespace synap

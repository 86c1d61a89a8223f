#include "synap/answer_shape.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::cli {
namespace {

class Comparison {
 public:
  std::optional<std::string> of(const SchemaNode& schema, const Json& value) {
    switch (schema.kind) {
      case SchemaKind::kBoolean:
        return is(value.is_bool(), "true or false");
      case SchemaKind::kNumber:
      case SchemaKind::kInteger:
        return is(value.is_number(), "a number");
      case SchemaKind::kString:
      case SchemaKind::kEnum:
        return is(value.is_string(), "a text");
      case SchemaKind::kArray:
        return of_array(schema, value);
      case SchemaKind::kObject:
        return of_object(schema, value);
      case SchemaKind::kRecord:
        return is(value.is_object(), "an object");
      case SchemaKind::kOptional:
      case SchemaKind::kNullable:
        return value.is_null() ? std::nullopt : of(*schema.inner, value);
      case SchemaKind::kUnion:
        return is(value.is_object(), "an object");
      case SchemaKind::kUndefined:
      case SchemaKind::kAny:
      case SchemaKind::kNull:
        break;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> is(bool is_so, std::string_view what) const {
    if (is_so) return std::nullopt;
    return fmt::format("{} is not {}", place_.empty() ? "it" : place_, what);
  }

  std::optional<std::string> of_array(const SchemaNode& schema, const Json& value) {
    if (auto wrong = is(value.is_array(), "a list")) return wrong;
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      const auto before = place_.size();
      place_ += fmt::format("[{}]", i);
      if (auto wrong = of(*schema.inner, value.as_array()[i])) return wrong;
      place_.resize(before);
    }
    return std::nullopt;
  }

  std::optional<std::string> of_object(const SchemaNode& schema, const Json& value) {
    if (auto wrong = is(value.is_object(), "an object")) return wrong;
    if (auto wrong = place_.empty() ? has_nothing(schema, value) : std::nullopt) return wrong;
    for (const auto& field : schema.fields) {
      const Json* member = value.find(field.name);
      if (member == nullptr) continue;
      if (member->is_null() && field.presence != SchemaField::Presence::kRequired) continue;
      const auto before = place_.size();
      place_ += (place_.empty() ? "" : ".") + field.name;
      if (auto wrong = of(*field.schema, *member)) return wrong;
      place_.resize(before);
    }
    return std::nullopt;
  }

  static std::optional<std::string> has_nothing(const SchemaNode& schema, const Json& value) {
    const auto is_required = [](const SchemaField& field) {
      return field.presence == SchemaField::Presence::kRequired;
    };
    const bool has_lists = std::ranges::any_of(schema.fields, [&](const SchemaField& field) {
      return is_required(field) && field.schema->kind == SchemaKind::kArray;
    });
    std::optional<std::string> first;
    for (const auto& field : schema.fields) {
      if (!is_required(field)) continue;
      if (has_lists && field.schema->kind != SchemaKind::kArray) continue;
      if (value.find(field.name) != nullptr) return std::nullopt;
      if (!first) first = fmt::format("it has no \"{}\"", field.name);
    }
    return first;
  }

  std::string place_;
};

}  // namespace

std::optional<std::string> unlike(const SchemaNode& schema, const Json& answer) {
  return Comparison().of(schema, answer);
}

}  // namespace synap::cli

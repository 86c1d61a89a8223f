// JSON Schema 2020-12.
#include "schema/export.h"

namespace synap {
namespace {

using Presence = SchemaField::Presence;

struct Writer {
  Side side;
  std::string_view ref_prefix;

  Json part(const SchemaNode& node) const {
    if (!node.name.empty()) return Json::object({{"$ref", std::string(ref_prefix) + node.name}});
    return whole(node);
  }

  Json whole(const SchemaNode& node) const {
    Json out = bare(node);
    if (!node.docs.empty()) out.set("description", node.docs);
    return out;
  }

  Json bare(const SchemaNode& node) const {
    switch (node.kind) {
      case SchemaKind::kUndefined:
        return Json::object({{"not", Json::object()}});
      case SchemaKind::kAny:
        return Json::object();
      case SchemaKind::kNull:
        return typed("null");
      case SchemaKind::kBoolean:
        return typed("boolean");
      case SchemaKind::kNumber:
        return bounded("number", node, "minimum", "maximum");
      case SchemaKind::kInteger:
        return bounded("integer", node, "minimum", "maximum");
      case SchemaKind::kString:
        return bounded("string", node, "minLength", "maxLength");
      case SchemaKind::kEnum: {
        Json out = typed("string");
        if (node.is_literal) return out.set("const", node.values[0]);
        return out.set("enum", Json::Array(node.values.begin(), node.values.end()));
      }
      case SchemaKind::kArray:
        return bounded("array", node, "minItems", "maxItems").set("items", part(*node.inner));
      case SchemaKind::kRecord:
        return typed("object").set("additionalProperties", part(*node.inner));
      case SchemaKind::kOptional:
        return part(*node.inner);
      case SchemaKind::kNullable:
        return Json::object({{"anyOf", Json::Array{part(*node.inner), typed("null")}}});
      case SchemaKind::kObject:
        return members(node);
    }
    return Json::object();
  }

  Json members(const SchemaNode& node) const {
    Json properties = Json::object();
    Json::Array required;
    for (const auto& field : node.fields) {
      Json property = part(*field.schema);
      if (!field.docs.empty()) property.set("description", field.docs);
      if (field.presence == Presence::kDefaulted) property.set("default", field.default_value);
      properties.set(field.name, std::move(property));
      const bool is_required = field.presence == Presence::kRequired ||
                               (field.presence == Presence::kDefaulted && side == Side::kOutput);
      if (is_required) required.emplace_back(field.name);
    }
    Json out = typed("object").set("properties", std::move(properties));
    if (!required.empty()) out.set("required", std::move(required));
    return out;
  }

  static Json typed(std::string_view type) { return Json::object({{"type", type}}); }

  static Json bounded(std::string_view type, const SchemaNode& node, std::string_view min,
                      std::string_view max) {
    Json out = typed(type);
    for (const auto& check : node.checks) {
      switch (check.kind) {
        case SchemaCheck::Kind::kMin:
          out.set(min, check.bound);
          break;
        case SchemaCheck::Kind::kMax:
          out.set(max, check.bound);
          break;
        case SchemaCheck::Kind::kUuid:
          out.set("format", "uuid");
          break;
        case SchemaCheck::Kind::kDatetime:
          out.set("format", "date-time");
          break;
        case SchemaCheck::Kind::kPattern:
          out.set("pattern", check.pattern);
          break;
      }
    }
    return out;
  }
};

}  // namespace

Json to_json_schema(const Schema& schema, Side side) {
  const Writer writer{side, "#/$defs/"};
  Json out = Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"}});
  if (!schema.name().empty()) out.set("title", schema.name());
  Json whole = writer.whole(schema.node());
  for (auto& [key, value] : whole.as_object()) out.set(key, std::move(value));
  Json definitions = Json::object();
  for (const auto& named : collect_named({schema})) {
    if (named.node_ptr() == schema.node_ptr()) continue;
    definitions.set(named.name(), writer.whole(named.node()));
  }
  if (!definitions.as_object().empty()) out.set("$defs", std::move(definitions));
  return out;
}

Json json_schema_part(const Schema& schema, Side side, std::string_view ref_prefix) {
  return Writer{side, ref_prefix}.part(schema.node());
}

Json json_schema_definition(const Schema& named, Side side, std::string_view ref_prefix) {
  SYNAP_CHECK(!named.name().empty());
  return Writer{side, ref_prefix}.whole(named.node());
}

}  // namespace synap

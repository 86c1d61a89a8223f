// JSON Schema 2020-12.
#include "schema/export.h"

namespace synap {
namespace {

using Presence = SchemaField::Presence;

// The patterns are written as zod prints them.
std::string_view without_slashes(std::string_view pattern) {
  return pattern.substr(1, pattern.size() - 2);
}

struct Writer {
  Side side;
  std::string_view ref_prefix;
  bool is_part = false;  // of a document that tells of both sides

  Json part(const SchemaNode& node) const {
    if (node.name.empty()) return whole(node);
    const auto name = is_part ? name_on_side(node, side) : node.name;
    return Json::object({{"$ref", std::string(ref_prefix) + name}});
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
        return integer(node);
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
      case SchemaKind::kUnion: {
        Json::Array options;
        for (const auto& option : node.options) options.push_back(part(*option));
        return Json::object({{"oneOf", std::move(options)}});
      }
    }
    return Json::object();
  }

  // Whole numbers end where JavaScript's do, which a part says of each that has no bound of its
  // own.
  Json integer(const SchemaNode& node) const {
    Json out = bounded("integer", node, "minimum", "maximum");
    if (!is_part) return out;
    constexpr std::int64_t kSafeMax = (std::int64_t{1} << 53) - 1;
    if (node.check(SchemaCheck::Kind::kMin) == nullptr) out.set("minimum", -kSafeMax);
    if (node.check(SchemaCheck::Kind::kMax) == nullptr) out.set("maximum", kSafeMax);
    return out;
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

  Json bounded(std::string_view type, const SchemaNode& node, std::string_view min,
               std::string_view max) const {
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
          if (is_part) out.set("pattern", without_slashes(uuid_pattern()));
          break;
        case SchemaCheck::Kind::kDatetime:
          out.set("format", "date-time");
          if (is_part) out.set("pattern", without_slashes(datetime_pattern()));
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
  return Writer{side, ref_prefix, true}.part(schema.node());
}

Json json_schema_definitions(const std::vector<Schema>& inputs, const std::vector<Schema>& outputs,
                             std::string_view ref_prefix) {
  std::vector<Schema> all = inputs;
  all.insert(all.end(), outputs.begin(), outputs.end());
  collect_named(all);  // a name means one object on both sides
  Json definitions = Json::object();
  const auto define = [&](const Schema& named, Side side) {
    const auto name = name_on_side(named.node(), side);
    Json definition = Writer{side, ref_prefix, true}.whole(named.node());
    const Json* there = definitions.find(name);
    SYNAP_CHECK(there == nullptr || *there == definition, "two schemas are called " + name);
    definitions.set(name, std::move(definition));
  };
  for (const auto& named : collect_named(inputs)) define(named, Side::kInput);
  for (const auto& named : collect_named(outputs)) define(named, Side::kOutput);
  return definitions;
}

}  // namespace synap

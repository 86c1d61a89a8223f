#include "synap/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pod/description.h"
#include "rest/document.h"

namespace synap::cli {
namespace {

constexpr std::string_view kBase = "/api/";
// Deeper than any schema that there is; what contains itself is cut here.
constexpr int kDepthMax = 12;

const Json* at(const Json& json, std::initializer_list<std::string_view> keys) {
  const Json* found = &json;
  for (const auto key : keys) {
    if (found != nullptr) found = found->find(key);
  }
  return found;
}

const Json* referred(const Json& document, std::string_view reference) {
  if (!reference.starts_with("#/")) return nullptr;
  reference.remove_prefix(2);
  const Json* found = &document;
  while (found != nullptr && !reference.empty()) {
    const auto slash = reference.find('/');
    found = found->find(reference.substr(0, slash));
    reference.remove_prefix(slash == std::string_view::npos ? reference.size() : slash + 1);
  }
  return found;
}

// With every {"$ref"} replaced by what it refers to.
Json written_out(const Json& document, const Json& schema, int depth = 0) {
  if (depth > kDepthMax) return Json::object();
  if (schema.is_array()) {
    Json all = Json::array();
    for (const auto& each : schema.as_array()) {
      all.push_back(written_out(document, each, depth + 1));
    }
    return all;
  }
  if (!schema.is_object()) return schema;
  Json whole = Json::object();
  if (const auto reference = schema.string_or("$ref", ""); !reference.empty()) {
    const Json* there = referred(document, reference);
    if (there != nullptr) whole = written_out(document, *there, depth + 1);
  }
  if (!whole.is_object()) return whole;
  for (const auto& [key, value] : schema.as_object()) {
    if (key != "$ref") whole.set(key, written_out(document, value, depth + 1));
  }
  return whole;
}

// The input of what only GET calls stands in parameters, member by member.
Json input_of_parameters(const Json& document, const Json& operation) {
  const Json* parameters = operation.find("parameters");
  if (parameters == nullptr || !parameters->is_array()) return {};
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& each : parameters->as_array()) {
    const auto parameter = written_out(document, each);
    const auto name = parameter.string_or("name", "");
    const Json* schema = parameter.find("schema");
    if (parameter.string_or("in", "") != "query" || schema == nullptr) continue;
    Json described = *schema;
    if (const Json* docs = parameter.find("description");
        docs != nullptr && described.is_object()) {
      described.set("description", *docs);
    }
    properties.set(name, std::move(described));
    const Json* is_required = parameter.find("required");
    if (is_required != nullptr && is_required->is_bool() && is_required->as_bool()) {
      required.push_back(std::string(name));
    }
  }
  if (properties.as_object().empty()) return {};
  return Json::object({{"type", "object"},
                       {"properties", std::move(properties)},
                       {"required", std::move(required)}});
}

ProcedureInfo info_of(const Json& document, std::string path, const Json& operation) {
  ProcedureInfo info{.path = std::move(path),
                     .kind = std::string(operation.string_or("x-synap-kind", "")),
                     .summary = std::string(operation.string_or("summary", "")),
                     .docs = std::string(operation.string_or("description", "")),
                     .scope = std::string(operation.string_or("x-synap-scope", "")),
                     .is_public = operation.string_or("x-synap-access", "") == "public",
                     .may_be_proposed = operation.find("x-synap-proposing-scope") != nullptr,
                     .input = {},
                     .output = {},
                     .example = {}};
  if (const Json* body = at(operation, {"requestBody", "content", "application/json"})) {
    if (const Json* schema = body->find("schema")) info.input = written_out(document, *schema);
    const Json* examples = body->find("examples");
    if (examples != nullptr && examples->is_object() && !examples->as_object().empty()) {
      if (const Json* value = examples->as_object().front().second.find("value")) {
        info.example = *value;
      }
    }
  } else {
    info.input = input_of_parameters(document, operation);
  }
  if (const Json* schema =
          at(operation, {"responses", "200", "content", "application/json", "schema"})) {
    info.output = written_out(document, *schema);
  } else if (const Json* item = at(
                 operation, {"responses", "200", "content", "text/event-stream", "x-synap-item"})) {
    info.output = written_out(document, *item);
  }
  return info;
}

std::string number_text(const Json& number) {
  if (number.is_integer()) return std::to_string(number.as_integer());
  return fmt::format("{}", number.as_number());
}

// Bounds that every whole number of JavaScript has say nothing.
const Json* bound(const Json& schema, std::string_view name) {
  const Json* value = schema.find(name);
  if (value == nullptr || !value->is_number()) return nullptr;
  return std::abs(value->as_number()) >= 9007199254740991.0 ? nullptr : value;
}

std::string range_text(const Json* least, const Json* most, std::string_view what) {
  if (least != nullptr && most != nullptr) {
    return fmt::format("{} to {}{}", number_text(*least), number_text(*most), what);
  }
  if (least != nullptr) return fmt::format("at least {}{}", number_text(*least), what);
  if (most != nullptr) return fmt::format("at most {}{}", number_text(*most), what);
  return "";
}

std::string choices(const Json& values) {
  std::string text;
  const auto& all = values.as_array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    text += i == 0 ? "" : i + 1 == all.size() ? " or " : ", ";
    text += all[i].is_string() ? all[i].as_string() : all[i].dump();
  }
  return text;
}

std::string type_of(const Json& schema) {
  if (const Json* value = schema.find("const")) {
    return value->is_string() ? value->as_string() : value->dump();
  }
  if (const Json* values = schema.find("enum"); values != nullptr && values->is_array()) {
    return choices(*values);
  }
  const auto type = schema.string_or("type", "");
  if (type == "string") {
    const auto format = schema.string_or("format", "");
    return format == "uuid" ? "an id" : format == "date-time" ? "a time" : "text";
  }
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") {
    const Json* items = schema.find("items");
    return "a list of " + (items == nullptr ? "anything" : type_of(*items));
  }
  if (type == "object") return "an object";
  for (const auto* one : {"anyOf", "oneOf"}) {
    const Json* options = schema.find(one);
    if (options == nullptr || !options->is_array()) continue;
    std::string text;
    for (const auto& option : options->as_array()) {
      text += (text.empty() ? "" : " or ") + type_of(option);
    }
    return text;
  }
  return type == "null" ? "null" : "anything";
}

}  // namespace

std::string FieldInfo::type() const {
  return type_of(schema) + (is_nullable ? ", or null" : "");
}

std::string FieldInfo::limits() const {
  std::vector<std::string> all;
  const auto add = [&](std::string text) {
    if (!text.empty()) all.push_back(std::move(text));
  };
  add(range_text(bound(schema, "minLength"), bound(schema, "maxLength"), " characters"));
  add(range_text(bound(schema, "minimum"), bound(schema, "maximum"), ""));
  add(range_text(bound(schema, "minItems"), bound(schema, "maxItems"), " of them"));
  if (const Json* items = schema.find("items"); items != nullptr && items->is_object()) {
    const auto each = range_text(bound(*items, "minLength"), bound(*items, "maxLength"), "");
    if (!each.empty()) add(fmt::format("each of {} characters", each));
  }
  if (const Json* value = schema.find("default")) add("default: " + value->dump());
  std::string text;
  for (const auto& each : all) text += (text.empty() ? "" : "; ") + each;
  return text;
}

std::vector<FieldInfo> fields_of(const Json& schema) {
  std::vector<FieldInfo> fields;
  const Json* properties = schema.find("properties");
  if (properties == nullptr || !properties->is_object()) return fields;
  const Json* required = schema.find("required");
  for (const auto& [name, property] : properties->as_object()) {
    FieldInfo field{.name = name,
                    .schema = property,
                    .docs = std::string(property.string_or("description", ""))};
    if (required != nullptr && required->is_array()) {
      field.is_required = std::ranges::count(required->as_array(), Json(name)) > 0;
    }
    const Json* options = property.find("anyOf");
    if (options != nullptr && options->is_array() && options->as_array().size() == 2 &&
        options->as_array()[1].string_or("type", "") == "null") {
      field.is_nullable = true;
      field.schema = options->as_array()[0];
      // What stands beside the choice is about the field.
      if (const Json* value = property.find("default")) field.schema.set("default", *value);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

Catalogue::Catalogue(const Json& openapi_document) {
  const Json* paths = openapi_document.find("paths");
  if (paths == nullptr || !paths->is_object()) return;
  for (const auto& [path, item] : paths->as_object()) {
    if (!path.starts_with(kBase)) continue;
    const Json* operation = item.find("post");
    if (operation == nullptr) operation = item.find("get");
    if (operation == nullptr) continue;
    all_.push_back(info_of(openapi_document, path.substr(kBase.size()), *operation));
  }
}

const Catalogue& Catalogue::own() {
  static const Catalogue catalogue([] {
    const pod::Description described;
    return rest::openapi_document({}, described.procedures());
  }());
  return catalogue;
}

Catalogue Catalogue::own_group(std::string_view group) {
  const pod::Description described;
  rpc::ProcedureTable of_group;
  for (const auto* procedure : described.procedures().all()) {
    const std::string_view path = procedure->path;
    if (path.substr(0, path.find('.')) == group) of_group.add(*procedure);
  }
  return Catalogue(rest::openapi_document({}, of_group));
}

const ProcedureInfo* Catalogue::find(std::string_view path) const {
  const auto found = std::ranges::find(all_, path, &ProcedureInfo::path);
  return found == all_.end() ? nullptr : &*found;
}

std::vector<std::string> Catalogue::paths() const {
  std::vector<std::string> paths;
  for (const auto& each : all_) paths.push_back(each.path);
  return paths;
}

}  // namespace synap::cli

#include "synap/made_example.h"

#include <algorithm>
#include <array>
#include <regex>

namespace synap::cli {
namespace {

constexpr auto kId = "01980000-0000-7000-8000-000000000000";

struct Word {
  std::string_view field;
  std::string_view text;
};
// What a person would write there. They are tried against the field's own schema like any other.
constexpr auto kWords = std::to_array<Word>({{"title", "Buy milk"},
                                             {"content", "# Hello"},
                                             {"text", "# Hello"},
                                             {"description", "By the gate"},
                                             {"name", "notes"},
                                             {"id", "shop-send-receipt"},
                                             {"signal", "approved"},
                                             {"prefix", "gar"},
                                             {"type", "part_of"},
                                             {"status", "done"},
                                             {"answer", "yes"}});
// For a field of any other name: the first that its schema takes.
constexpr auto kOtherWords =
    std::to_array<std::string_view>({"hello", "x.weight.recorded", "2026-01-31",
                                     "2026-01-31T09:00:00Z", "http://127.0.0.1:3000", "a", "1"});

std::size_t bound_of(const Json& schema, std::string_view name, std::size_t otherwise) {
  const Json* value = schema.find(name);
  return value != nullptr && value->is_integer() ? static_cast<std::size_t>(value->as_integer())
                                                 : otherwise;
}

// The words are ASCII: their bytes are their characters.
bool takes(const Json& schema, std::string_view text) {
  if (text.size() < bound_of(schema, "minLength", 0) ||
      text.size() > bound_of(schema, "maxLength", std::string::npos)) {
    return false;
  }
  const Json* values = schema.find("enum");
  if (values != nullptr && values->is_array()) {
    return std::ranges::find(values->as_array(), Json(text)) != values->as_array().end();
  }
  const auto pattern = schema.string_or("pattern", "");
  return pattern.empty() ||
         std::regex_match(text.begin(), text.end(), std::regex(pattern.begin(), pattern.end()));
}

Json text_for(const std::string& name, const Json& schema) {
  const Json* values = schema.find("enum");
  if (values != nullptr && values->is_array()) return values->as_array().front();
  if (schema.string_or("format", "") == "uuid") return kId;
  for (const auto& [field, text] : kWords) {
    if (field == name && takes(schema, text)) return text;
  }
  const auto other =
      std::ranges::find_if(kOtherWords, [&](std::string_view text) { return takes(schema, text); });
  return other != kOtherWords.end() ? Json(*other) : Json("…");
}

Json value_for(const std::string& name, const Json& schema) {
  const auto type = schema.string_or("type", "");
  if (type == "integer" || type == "number") {
    const Json* least = schema.find("minimum");
    return least != nullptr && least->as_number() > 1 ? *least : Json(1);
  }
  if (type == "boolean") return true;
  if (type == "object") {
    Json object = Json::object();
    for (const auto& field : fields_of(schema)) {
      if (field.is_required) object.set(field.name, value_for(field.name, field.schema));
    }
    return object;
  }
  if (type == "array") {
    Json list = Json::array();
    const Json* items = schema.find("items");
    for (auto missing = bound_of(schema, "minItems", 0); items != nullptr && missing > 0;
         --missing) {
      list.push_back(value_for(name, *items));
    }
    return list;
  }
  return text_for(name, schema);
}

// What the examples of its noun say of the field: what "agents.enable" calls an agent is one for
// "agents.disable", too.
const Json* of_siblings(const ProcedureInfo& procedure, const Catalogue& catalogue,
                        const FieldInfo& field) {
  const auto group = procedure.path.substr(0, procedure.path.find('.') + 1);
  for (const auto& other : catalogue.all()) {
    if (!other.path.starts_with(group) || !other.example.is_object()) continue;
    if (const Json* value = other.example.find(field.name)) return value;
  }
  return nullptr;
}

}  // namespace

Json example_input(const ProcedureInfo& procedure, const Catalogue& catalogue) {
  if (procedure.example.is_object()) return procedure.example;
  Json example = Json::object();
  bool has_change = !procedure.path.ends_with(".update");
  for (const auto& field : fields_of(procedure.input)) {
    const bool is_change = !has_change && !field.is_required;
    if (!field.is_required && !is_change) continue;
    has_change = has_change || is_change;
    const Json* known = of_siblings(procedure, catalogue, field);
    example.set(field.name, known != nullptr ? *known : value_for(field.name, field.schema));
  }
  return example;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:";
  const bool is_plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos;
  return is_plain ? text : shell_quoted(text);
}

}  // namespace synap::cli

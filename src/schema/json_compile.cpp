// Compiling a JSON Schema: every keyword is looked at, and what is not known is refused.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "schema/json_pattern.h"
#include "schema/json_places.h"
#include "schema/json_problems.h"
#include "schema/json_rules.h"
#include "schema/json_validator.h"

namespace synap {
namespace {

using Index = JsonRule::Index;

constexpr std::size_t kPatternsMax = 50;
// How deep rules that judge the same value may refer to each other: with the depth of values this
// bounds the stack.
constexpr int kBesideDepthMax = 32;
// How deep schemas may stand in each other, over references too, and how many there may be. A
// document of 64 KiB could otherwise end the stack or take hundreds of megabytes.
constexpr int kCompileDepthMax = 256;
constexpr std::size_t kRulesMax = 4'000;
constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";

constexpr std::string_view kNotes[] = {
    "title",    "description", "default",      "examples",        "deprecated",
    "readOnly", "writeOnly",   "$comment",     "contentEncoding", "contentMediaType",
    "$anchor",  "then",        "else",         "minContains",     "maxContains",
    "$defs",    "definitions", "contentSchema"};
constexpr std::string_view kNotSupported[] = {
    "$dynamicRef", "$dynamicAnchor", "unevaluatedProperties", "unevaluatedItems",
    "$vocabulary", "$recursiveRef",  "$recursiveAnchor"};

struct NamedType {
  std::string_view name;
  std::uint8_t bits;
};
constexpr NamedType kTypes[] = {{"null", kJsonNull},       {"boolean", kJsonBoolean},
                                {"integer", kJsonInteger}, {"number", kJsonInteger | kJsonNumber},
                                {"string", kJsonString},   {"array", kJsonArray},
                                {"object", kJsonObject}};

class Compiler {
 public:
  Compiler(const Json& root, std::string_view field) : root_(root), field_(field), places_(root) {}

  Result<std::shared_ptr<const JsonRules>> run() {
    rule_at(root_, "");
    if (problems_.empty()) refuse_endless_references();
    if (!problems_.empty()) return fail(problems_.error(field_));
    return std::shared_ptr<const JsonRules>(std::move(rules_));
  }

 private:
  // Each schema of the document is one rule, however often it is referred to.
  Index rule_at(const Json& schema, const std::string& pointer) {
    if (pointer.size() > kPointerBytesMax) {
      problem(pointer, "stands behind names that are too long");
      return JsonRule::kNone;
    }
    if (by_pointer_.size() >= kRulesMax && !by_pointer_.contains(pointer)) {
      problem(pointer, fmt::format("is one schema too many: there may be {}", kRulesMax));
      return JsonRule::kNone;
    }
    const auto [at, is_new] =
        by_pointer_.emplace(pointer, static_cast<Index>(rules_->rules.size()));
    if (!is_new) return at->second;
    const Index index = at->second;
    rules_->rules.emplace_back();
    JsonRule rule;
    ++depth_;
    if (depth_ > kCompileDepthMax) {
      problem(pointer, "is reached through too many others");
    } else if (schema.is_bool()) {
      rule.is_never = !schema.as_bool();
    } else if (!schema.is_object()) {
      problem(pointer, "a schema is an object, true or false");
    } else {
      for (const auto& [word, value] : schema.as_object()) {
        keyword(rule, schema, word, value, pointer);
      }
    }
    --depth_;
    rules_->rules[index] = std::move(rule);
    return index;
  }

  void keyword(JsonRule& rule, const Json& schema, const std::string& word, const Json& value,
               const std::string& pointer) {
    const std::string here = pointer + pointer_step(word);
    if (of_everything(rule, schema, word, value, pointer, here)) return;
    if (of_numbers_and_texts(rule, word, value, here)) return;
    if (of_arrays(rule, schema, word, value, here)) return;
    if (of_objects(rule, word, value, here)) return;
    if (std::ranges::find(kNotes, word) != std::end(kNotes)) return note(word, value, here);
    if (word.starts_with("x-")) return;
    if (std::ranges::find(kNotSupported, word) != std::end(kNotSupported)) {
      return problem(here, "is not supported");
    }
    problem(here, "is no keyword of JSON Schema 2020-12; a note of your own begins with \"x-\"");
  }

  bool of_everything(JsonRule& rule, const Json& schema, std::string_view word, const Json& value,
                     const std::string& pointer, const std::string& here) {
    if (word == "type") {
      types(rule, value, here);
    } else if (word == "enum") {
      if (!value.is_array()) return problem(here, "is a list of values"), true;
      add_values(rule, value.as_array());
    } else if (word == "const") {
      add_values(rule, {value});
    } else if (word == "allOf") {
      rule.all_of = list(value, here);
    } else if (word == "anyOf") {
      rule.any_of = list(value, here);
    } else if (word == "oneOf") {
      rule.one_of = list(value, here);
    } else if (word == "not") {
      rule.not_this = rule_at(value, here);
    } else if (word == "if") {
      rule.if_this = rule_at(value, here);
      if (const Json* then = schema.find("then"))
        rule.then_this = rule_at(*then, pointer + "/then");
      if (const Json* other = schema.find("else")) {
        rule.else_this = rule_at(*other, pointer + "/else");
      }
    } else if (word == "$ref") {
      rule.reference = referred(value, here);
    } else if (word == "$schema") {
      std::string_view dialect = value.is_string() ? std::string_view(value.as_string()) : "";
      if (dialect.ends_with('#')) dialect.remove_suffix(1);
      if (dialect != kDialect) problem(here, fmt::format("must be \"{}\"", kDialect));
    } else if (word == "$id") {
      if (!pointer.empty()) problem(here, "only the root of a schema may have an $id");
    } else {
      return false;
    }
    return true;
  }

  bool of_numbers_and_texts(JsonRule& rule, std::string_view word, const Json& value,
                            const std::string& here) {
    if (word == "multipleOf") {
      rule.multiple_of = number(value, here);
      if (rule.multiple_of && *rule.multiple_of <= 0) problem(here, "must be greater than 0");
    } else if (word == "maximum") {
      rule.maximum = number(value, here);
    } else if (word == "minimum") {
      rule.minimum = number(value, here);
    } else if (word == "exclusiveMaximum") {
      rule.exclusive_maximum = number(value, here);
    } else if (word == "exclusiveMinimum") {
      rule.exclusive_minimum = number(value, here);
    } else if (word == "maxLength") {
      rule.max_length = count(value, here);
    } else if (word == "minLength") {
      rule.min_length = count(value, here);
    } else if (word == "pattern") {
      rule.pattern = pattern(value.is_string() ? value.as_string() : "(", here);
    } else if (word == "format") {
      rule.format = json_format(value.is_string() ? value.as_string() : "");
      if (rule.format == nullptr) {
        problem(here, fmt::format("is no format that is checked here: {}", json_format_names()));
      }
    } else {
      return false;
    }
    return true;
  }

  bool of_arrays(JsonRule& rule, const Json& schema, std::string_view word, const Json& value,
                 const std::string& here) {
    if (word == "maxItems") {
      rule.max_items = count(value, here);
    } else if (word == "minItems") {
      rule.min_items = count(value, here);
    } else if (word == "uniqueItems") {
      if (!value.is_bool()) problem(here, "is true or false");
      rule.has_unique_items = value.is_bool() && value.as_bool();
    } else if (word == "prefixItems") {
      rule.prefix_items = list(value, here);
    } else if (word == "items") {
      if (value.is_array()) return problem(here, "a list is called prefixItems"), true;
      rule.items = rule_at(value, here);
    } else if (word == "contains") {
      rule.contains = rule_at(value, here);
      if (const Json* min = schema.find("minContains")) {
        rule.min_contains = count(*min, here).value_or(1);
      }
      if (const Json* max = schema.find("maxContains")) rule.max_contains = count(*max, here);
    } else {
      return false;
    }
    return true;
  }

  bool of_objects(JsonRule& rule, std::string_view word, const Json& value,
                  const std::string& here) {
    if (word == "maxProperties") {
      rule.max_properties = count(value, here);
    } else if (word == "minProperties") {
      rule.min_properties = count(value, here);
    } else if (word == "required") {
      rule.required = names(value, here);
    } else if (word == "dependentRequired") {
      each(value, here, [&](const std::string& name, const Json& needed, const std::string& at) {
        rule.dependent_required.emplace_back(name, names(needed, at));
      });
    } else if (word == "properties") {
      each(value, here, [&](const std::string& name, const Json& schema, const std::string& at) {
        rule.properties.emplace(name, rule_at(schema, at));
      });
    } else if (word == "patternProperties") {
      each(value, here, [&](const std::string& name, const Json& schema, const std::string& at) {
        if (auto compiled = pattern(name, at)) {
          rule.pattern_properties.emplace_back(std::move(compiled), rule_at(schema, at));
        }
      });
    } else if (word == "additionalProperties") {
      rule.additional_properties = rule_at(value, here);
    } else if (word == "propertyNames") {
      rule.property_names = rule_at(value, here);
    } else if (word == "dependentSchemas") {
      each(value, here, [&](const std::string& name, const Json& schema, const std::string& at) {
        rule.dependent_schemas.emplace_back(name, rule_at(schema, at));
      });
    } else {
      return false;
    }
    return true;
  }

  // Definitions are compiled even where nothing refers to them: what is wrong is told now.
  void note(std::string_view word, const Json& value, const std::string& here) {
    if (word == "then" || word == "else") rule_at(value, here);
    if (word != "$defs" && word != "definitions") return;
    each(value, here, [&](const std::string&, const Json& schema, const std::string& at) {
      rule_at(schema, at);
    });
  }

  template <class F>
  void each(const Json& value, const std::string& here, F function) {
    if (!value.is_object()) return problem(here, "is an object");
    for (const auto& [name, member] : value.as_object()) {
      function(name, member, here + pointer_step(name));
    }
  }

  std::vector<Index> list(const Json& value, const std::string& here) {
    std::vector<Index> rules;
    if (!value.is_array() || value.as_array().empty()) {
      problem(here, "is a list of schemas");
      return rules;
    }
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      rules.push_back(rule_at(value.as_array()[i], fmt::format("{}/{}", here, i)));
    }
    return rules;
  }

  std::vector<std::string> names(const Json& value, const std::string& here) {
    std::vector<std::string> out;
    if (value.is_array() && std::ranges::all_of(value.as_array(), &Json::is_string)) {
      for (const auto& name : value.as_array()) out.push_back(name.as_string());
    } else {
      problem(here, "is a list of names");
    }
    return out;
  }

  std::optional<double> number(const Json& value, const std::string& here) {
    if (value.is_number()) return value.as_number();
    problem(here, "is a number");
    return std::nullopt;
  }

  std::optional<double> count(const Json& value, const std::string& here) {
    if (value.is_integer() && value.as_integer() >= 0) return value.as_number();
    problem(here, "is a whole number from 0");
    return std::nullopt;
  }

  void types(JsonRule& rule, const Json& value, const std::string& here) {
    Json::Array one;
    if (!value.is_array()) one.push_back(value);
    for (const auto& each : value.is_array() ? value.as_array() : one) {
      const auto* type = std::ranges::find(kTypes, each.is_string() ? each.as_string() : "",
                                           [](const NamedType& known) { return known.name; });
      if (type == std::end(kTypes)) {
        return problem(here, "is null, boolean, integer, number, string, array or object");
      }
      if ((rule.types & type->bits) == type->bits) continue;
      rule.types |= type->bits;
      rule.type_names.append(rule.type_names.empty() ? "" : " or ").append(type->name);
    }
    if (rule.types == 0) problem(here, "names no type");
  }

  static void add_values(JsonRule& rule, const Json::Array& values) {
    // With both `enum` and `const` a value must be in both.
    const bool is_first = !std::exchange(rule.has_values, true);
    std::vector<Json> kept;
    std::vector<std::string> canonical;
    for (const auto& value : values) {
      auto text = canonical_json(value);
      if (!is_first &&
          std::ranges::find(rule.canonical_values, text) == rule.canonical_values.end()) {
        continue;
      }
      kept.push_back(value);
      canonical.push_back(std::move(text));
    }
    rule.values = std::move(kept);
    rule.canonical_values = std::move(canonical);
  }

  JsonRule::Pattern pattern(std::string_view text, const std::string& here) {
    if (++patterns_ > kPatternsMax) {
      problem(here, fmt::format("is one pattern too many: a schema has at most {}", kPatternsMax));
      return nullptr;
    }
    auto compiled = compile_pattern(text);
    if (compiled) return *std::move(compiled);
    problem(here, std::move(compiled.error()));
    return nullptr;
  }

  Index referred(const Json& value, const std::string& here) {
    const auto place = places_.referred(value);
    if (place) return rule_at(*place->schema, place->pointer);
    problem(here, std::string(place.error()));
    return JsonRule::kNone;
  }

  // Rules that judge the same value must come to an end, and soon: that is how deep a validation
  // calls itself before it enters a member.
  void refuse_endless_references() {
    depths_.assign(rules_->rules.size(), 0);
    for (const auto& [pointer, index] : by_pointer_) {
      if (depth_of(index, 1) <= kBesideDepthMax) continue;
      return problem(pointer, fmt::format("leads back to itself, or through more than {} schemas "
                                          "for one value",
                                          kBesideDepthMax));
    }
  }

  int depth_of(Index index, int level) {
    if (level > kBesideDepthMax) return level;  // a circle, or as bad as one
    if (depths_[index] != 0) return depths_[index];
    int deepest = 0;
    for (const Index next : rules_->rules[index].beside()) {
      deepest = std::max(deepest, depth_of(next, level + 1));
      if (deepest > kBesideDepthMax) return deepest;
    }
    return depths_[index] = deepest + 1;
  }

  void problem(const std::string& pointer, std::string reason) {
    problems_.add(pointer, std::move(reason));
  }

  const Json& root_;
  std::string_view field_;
  JsonPlaces places_;
  std::shared_ptr<JsonRules> rules_ = std::make_shared<JsonRules>();
  std::map<std::string, Index> by_pointer_;
  std::vector<int> depths_;
  int depth_ = 0;
  std::size_t patterns_ = 0;
  JsonProblems problems_;
};

}  // namespace

std::vector<Index> JsonRule::beside() const {
  std::vector<Index> all;
  for (const auto* list : {&all_of, &any_of, &one_of}) {
    all.insert(all.end(), list->begin(), list->end());
  }
  for (const Index index : {not_this, if_this, then_this, else_this, reference}) {
    if (index != kNone) all.push_back(index);
  }
  for (const auto& [name, index] : dependent_schemas) all.push_back(index);
  return all;
}

Result<JsonValidator> JsonValidator::compile(const Json& schema, std::string_view field) {
  if (const auto size = schema.dump().size(); size > kSchemaBytesMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("A schema has at most {} bytes; this has {}", kSchemaBytesMax, size));
  }
  auto rules = Compiler(schema, field).run();
  if (!rules) return fail(rules.error());
  return JsonValidator(std::move(*rules));
}

}  // namespace synap

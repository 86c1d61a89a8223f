// Compiling a JSON Schema: every keyword is looked at, and what is not known is refused.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "schema/issue.h"
#include "schema/json_rules.h"
#include "schema/json_validator.h"

namespace synap {
namespace {

using Index = JsonRule::Index;

constexpr std::size_t kPatternsMax = 50;
// What a pattern may take, its states included: 50 of them in each of the schemas that are kept
// compiled are 100 MB at most.
constexpr std::int64_t kPatternBytesMax = 64 * 1024;
// How deep rules that judge the same value may refer to each other: with the depth of values this
// bounds the stack.
constexpr int kBesideDepthMax = 32;
constexpr std::size_t kProblemsMax = 20;
// How deep schemas may stand in each other, over references too; how many there may be; how long
// the pointer to one; and how large the program of a pattern. A document of 64 KiB could otherwise
// end the stack or take hundreds of megabytes.
constexpr int kCompileDepthMax = 256;
constexpr std::size_t kRulesMax = 4'000;
constexpr std::size_t kPointerBytesMax = 2 * 1024;
constexpr int kPatternProgramMax = 1'500;  // a class as \p{L} is some 700
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

std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

// "/properties/a~1b" -> {"properties", "a/b"}
std::vector<std::string> steps_of(std::string_view pointer) {
  std::vector<std::string> steps;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      steps.emplace_back();
    } else if (pointer[at] == '~' && at + 1 < pointer.size()) {
      steps.back() += pointer[++at] == '1' ? '/' : '~';
    } else {
      steps.back() += pointer[at];
    }
  }
  return steps;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, byte, 16).ptr ==
            text.data() + at + 3) {
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

// JavaScript's \u00e9 as RE2 writes it. All else that both know is the same in both.
std::string re2_text(std::string_view pattern) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '\\' || at + 1 == pattern.size()) {
      out += pattern[at];
    } else if (pattern[at + 1] == 'u' && at + 5 < pattern.size() && pattern[at + 2] != '{') {
      out += fmt::format("\\x{{{}}}", pattern.substr(at + 2, 4));
      at += 5;
    } else if (pattern[at + 1] == 'u') {
      out += "\\x";
      ++at;
    } else {
      out += pattern[at];
      out += pattern[++at];
    }
  }
  return out;
}

class Compiler {
 public:
  Compiler(const Json& root, std::string_view field) : root_(root), field_(field) {}

  Result<std::shared_ptr<const JsonRules>> run() {
    find_anchors(root_, "");
    rule_at(root_, "");
    if (problems_.empty()) refuse_endless_references();
    if (!problems_.empty()) return fail(error());
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
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternBytesMax);
    const auto translated = re2_text(text);
    auto compiled = std::make_shared<const re2::RE2>(
        re2::StringPiece(translated.data(), translated.size()), options);
    if (compiled->ok() && compiled->ProgramSize() <= kPatternProgramMax) return compiled;
    if (compiled->ok()) return problem(here, "is too large a pattern"), nullptr;
    problem(here, fmt::format("is no pattern that RE2 takes: {}", compiled->error()));
    return nullptr;
  }

  // Anchors are found wherever they may stand; one in an `enum` or `const` is none.
  void find_anchors(const Json& value, const std::string& pointer) {
    if (pointer.size() > kPointerBytesMax) return;  // no schema may stand there
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.as_array().size(); ++i) {
        find_anchors(value.as_array()[i], fmt::format("{}/{}", pointer, i));
      }
    }
    if (!value.is_object()) return;
    for (const auto& [word, member] : value.as_object()) {
      if (word == "enum" || word == "const" || word == "default" || word == "examples") continue;
      if (word == "$anchor" && member.is_string()) anchors_.emplace(member.as_string(), pointer);
      find_anchors(member, pointer + pointer_step(word));
    }
  }

  Index referred(const Json& value, const std::string& here) {
    if (!value.is_string() || !value.as_string().starts_with('#')) {
      problem(here, "refers only to places of this schema: #/$defs/name");
      return JsonRule::kNone;
    }
    std::string pointer = percent_decoded(std::string_view(value.as_string()).substr(1));
    if (!pointer.empty() && pointer[0] != '/') {
      const auto anchor = anchors_.find(pointer);
      if (anchor == anchors_.end()) {
        problem(here, "refers to an anchor that is not there");
        return JsonRule::kNone;
      }
      pointer = anchor->second;
    }
    const Json* target = &root_;
    std::string canonical;
    for (const auto& step : steps_of(pointer)) {
      target = member_of(*target, step);
      canonical += pointer_step(step);
      if (target != nullptr) continue;
      problem(here, "refers to a place that is not there");
      return JsonRule::kNone;
    }
    return rule_at(*target, canonical);
  }

  static const Json* member_of(const Json& value, const std::string& step) {
    if (value.is_object()) return value.find(step);
    std::size_t index = 0;
    const auto* end = step.data() + step.size();
    if (!value.is_array() || std::from_chars(step.data(), end, index).ptr != end ||
        index >= value.as_array().size()) {
      return nullptr;
    }
    return &value.as_array()[index];
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
    ++problem_count_;
    if (problems_.size() >= kProblemsMax) return;
    constexpr std::size_t kShown = 200;
    const bool is_long = pointer.size() > kShown;
    const auto shown = pointer.substr(0, valid_utf8_prefix(pointer.substr(0, kShown)));
    problems_.emplace_back(is_long ? shown + "..." : pointer, std::move(reason));
  }

  Error error() const {
    std::string message = "The schema cannot be used:";
    Json::Array issues;
    for (const auto& [pointer, reason] : problems_) {
      message +=
          fmt::format("{} #{} {}", issues.empty() ? "" : ";", pointer.substr(0, 200), reason);
      Json::Array path{std::string(field_)};
      for (auto& step : steps_of(pointer)) path.emplace_back(std::move(step));
      issues.push_back(
          Json::object({{"code", "custom"}, {"path", std::move(path)}, {"message", reason}}));
    }
    if (problem_count_ > problems_.size()) {
      message += fmt::format("; and {} more", problem_count_ - problems_.size());
    }
    return {Code::kBadRequest, std::move(message),
            std::make_shared<Json>(Json::object({{"issues", std::move(issues)}}))};
  }

  const Json& root_;
  std::string_view field_;
  std::shared_ptr<JsonRules> rules_ = std::make_shared<JsonRules>();
  std::map<std::string, Index> by_pointer_;
  std::map<std::string, std::string> anchors_;
  std::vector<int> depths_;
  int depth_ = 0;
  std::size_t patterns_ = 0;
  std::vector<std::pair<std::string, std::string>> problems_;
  std::size_t problem_count_ = 0;
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

// Judging a value by the rules of a JSON Schema. Every step is counted: a schema comes from a user,
// and what it costs must not depend on what he thinks of.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "schema/issue.h"
#include "schema/json_rules.h"
#include "schema/json_validator.h"
#include "schema/schema.h"

namespace synap {
namespace {

using schema_detail::Issues;
using schema_detail::Path;
using Index = JsonRule::Index;

// A text or a number of members is worth so many steps as it has parts of this size.
constexpr std::size_t kBytesAStep = 32;

std::uint8_t type_of(const Json& value) {
  if (value.is_null()) return kJsonNull;
  if (value.is_bool()) return kJsonBoolean;
  if (value.is_string()) return kJsonString;
  if (value.is_array()) return kJsonArray;
  if (value.is_object()) return kJsonObject;
  const double number = value.as_number();
  return number == std::trunc(number) ? kJsonInteger : kJsonNumber;
}

bool is_multiple(double value, double divisor) {
  if (std::fmod(value, divisor) == 0) return true;
  // Decimal fractions are not exact in binary: 0.0075 / 0.0001 is 75.00000000000001.
  const double quotient = value / divisor;
  const double nearest = std::round(quotient);
  return nearest != 0 && std::abs(quotient) < kWholeNumberMax / 2 &&
         std::abs(quotient - nearest) <= 1e-14 * std::abs(quotient);
}

bool matches(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

std::string short_text(const Json& value) {
  constexpr std::size_t kShownMax = 100;
  std::string text = value.dump();
  if (text.size() <= kShownMax) return text;
  const auto shown = std::string_view(text).substr(0, kShownMax);
  return std::string(shown.substr(0, valid_utf8_prefix(shown))) + "...";
}

void append_canonical(std::string& out, const Json& value) {
  if (value.is_array()) {
    out += '[';
    for (const auto& item : value.as_array()) {
      append_canonical(out, item);
      out += ',';
    }
    out += ']';
  } else if (value.is_object()) {
    std::vector<const Json::Member*> members;
    for (const auto& member : value.as_object()) members.push_back(&member);
    std::ranges::sort(members, {}, [](const Json::Member* member) { return member->first; });
    out += '{';
    for (const auto* member : members) {
      append_json_string(out, member->first);
      out += ':';
      append_canonical(out, member->second);
      out += ',';
    }
    out += '}';
  } else if (value.is_number() && value.as_number() == 0) {
    out += '0';  // -0 too
  } else {
    append_json(out, value);
  }
}

class Judge {
 public:
  explicit Judge(const JsonRules& rules) : rules_(rules) {}

  Result<> run(const Json& value, const Path* path) {
    Issues issues;
    const bool fits = judge(0, value, path, &issues);
    if (is_exhausted()) {
      return fail(Code::kBadRequest,
                  fmt::format("Whether the data fit their schema takes more than {} steps to tell: "
                              "send less, or register a simpler schema",
                              JsonValidator::kStepsMax));
    }
    if (fits) return {};
    return fail(std::move(issues).to_error());
  }

 private:
  // `issues` may be nullptr: then the first thing that is wrong is enough.
  bool judge(Index index, const Json& value, const Path* path, Issues* issues) {
    if (!step()) return false;
    const JsonRule& rule = rules_.rules[index];
    if (rule.is_never) return wrong(issues, path, "custom", {}, "Invalid input: nothing fits here");
    bool fits = of_everything(rule, value, path, issues);
    const auto also = [&](bool (Judge::*part)(const JsonRule&, const Json&, const Path*, Issues*)) {
      if (fits || issues != nullptr) fits = (this->*part)(rule, value, path, issues) && fits;
    };
    if (value.is_number()) also(&Judge::of_numbers);
    if (value.is_string()) also(&Judge::of_texts);
    if (value.is_array()) also(&Judge::of_arrays);
    if (value.is_object()) also(&Judge::of_objects);
    also(&Judge::combined);
    return fits;
  }

  bool of_everything(const JsonRule& rule, const Json& value, const Path* path, Issues* issues) {
    if (rule.types != 0 && (rule.types & type_of(value)) == 0) {
      return wrong(issues, path, "invalid_type", {{"expected", rule.type_names}},
                   fmt::format("Invalid input: expected {}, received {}", rule.type_names,
                               schema_detail::type_name(&value)));
    }
    if (!rule.has_values) return true;
    const auto text = canonical_json(value);
    if (!step(rule.values.size() + text.size() / kBytesAStep)) return false;
    if (std::ranges::find(rule.canonical_values, text) != rule.canonical_values.end()) return true;
    if (!is_told(issues, path)) return false;
    std::string all;
    constexpr std::size_t kShownMax = 10;
    for (std::size_t i = 0; i < std::min(rule.values.size(), kShownMax); ++i) {
      all.append(all.empty() ? "" : "|").append(short_text(rule.values[i]));
    }
    if (rule.values.size() > kShownMax) all += "|...";
    return wrong(issues, path, "invalid_value", {{"values", shown_values(rule)}},
                 (rule.values.size() == 1 ? "Invalid input: expected "
                                          : "Invalid option: expected one of ") +
                     all);
  }

  bool of_numbers(const JsonRule& rule, const Json& value, const Path* path, Issues* issues) {
    const double number = value.as_number();
    bool fits = true;
    if (rule.multiple_of && !is_multiple(number, *rule.multiple_of)) {
      fits = wrong(issues, path, "not_multiple_of", {{"divisor", *rule.multiple_of}},
                   "Invalid number: must be a multiple of " + Json(*rule.multiple_of).dump());
    }
    fits = bound(rule.maximum, number, path, issues, {true, "number", ""}) && fits;
    fits = bound(rule.minimum, number, path, issues, {false, "number", ""}) && fits;
    fits = bound(rule.exclusive_maximum, number, path, issues, {true, "number", "", false}) && fits;
    fits =
        bound(rule.exclusive_minimum, number, path, issues, {false, "number", "", false}) && fits;
    return fits;
  }

  bool of_texts(const JsonRule& rule, const Json& value, const Path* path, Issues* issues) {
    const std::string& text = value.as_string();
    bool fits = true;
    if (rule.max_length || rule.min_length) {
      if (!step(text.size() / kBytesAStep)) return false;
      const auto length = static_cast<double>(std::ranges::count_if(
          text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
      fits = bound(rule.max_length, length, path, issues, {true, "string", " characters"});
      fits = bound(rule.min_length, length, path, issues, {false, "string", " characters"}) && fits;
    }
    if (rule.pattern) {
      if (!step(pattern_steps(*rule.pattern, text))) return false;
      if (!matches(*rule.pattern, text)) {
        fits = false;
        if (is_told(issues, path)) {
          const auto pattern = "/" + rule.pattern->pattern() + "/";
          std::ignore =
              wrong(issues, path, "invalid_format", {{"format", "regex"}, {"pattern", pattern}},
                    "Invalid string: must match pattern " + pattern);
        }
      }
    }
    if (rule.format != nullptr) {
      if (!step(text.size() / kBytesAStep + 1)) return false;
      if (!rule.format->fits(text)) {
        fits = wrong(issues, path, "invalid_format", {{"format", rule.format->name}},
                     fmt::format("Invalid {}", rule.format->name));
      }
    }
    return fits;
  }

  bool of_arrays(const JsonRule& rule, const Json& value, const Path* path, Issues* issues) {
    const auto& items = value.as_array();
    const auto count = static_cast<double>(items.size());
    bool fits = bound(rule.max_items, count, path, issues, {true, "array", " items"});
    fits = bound(rule.min_items, count, path, issues, {false, "array", " items"}) && fits;
    if (rule.has_unique_items && !are_unique(items)) {
      fits = wrong(issues, path, "custom", {}, "Invalid input: two items are equal");
    }
    Path here{path, nullptr, 0};
    for (const auto& item : items) {
      if (!fits && issues == nullptr) return false;
      const Index index =
          here.index < rule.prefix_items.size() ? rule.prefix_items[here.index] : rule.items;
      if (index == JsonRule::kNone) break;  // those behind it are as free as it is
      fits = judge(index, item, &here, issues) && fits;
      ++here.index;
    }
    return contained(rule, items, path, issues) && fits;
  }

  bool contained(const JsonRule& rule, const Json::Array& items, const Path* path, Issues* issues) {
    if (rule.contains == JsonRule::kNone) return true;
    double found = 0;
    for (const auto& item : items) {
      if (judge(rule.contains, item, nullptr, nullptr)) ++found;
      if (is_exhausted()) return false;
    }
    if (found >= rule.min_contains && found <= rule.max_contains.value_or(found)) return true;
    return wrong(issues, path, "custom", {},
                 fmt::format("Invalid input: {} items fit \"contains\", which is too {}", found,
                             found < rule.min_contains ? "few" : "many"));
  }

  bool are_unique(const Json::Array& items) {
    std::unordered_set<std::string> seen;
    for (const auto& item : items) {
      auto text = canonical_json(item);
      if (!step(1 + text.size() / kBytesAStep) || !seen.insert(std::move(text)).second) {
        return false;
      }
    }
    return true;
  }

  bool of_objects(const JsonRule& rule, const Json& value, const Path* path, Issues* issues) {
    const auto& members = value.as_object();
    const auto count = static_cast<double>(members.size());
    bool fits = bound(rule.max_properties, count, path, issues, {true, "object", " members"});
    fits = bound(rule.min_properties, count, path, issues, {false, "object", " members"}) && fits;
    for (const auto& name : rule.required) {
      fits = present(name, value, path, issues) && fits;
      if (is_exhausted()) return false;
    }
    for (const auto& [name, needed] : rule.dependent_required) {
      if (find(value, name) == nullptr) continue;
      for (const auto& other : needed) fits = present(other, value, path, issues) && fits;
      if (is_exhausted()) return false;
    }
    std::vector<const std::string*> unrecognized;
    std::size_t unrecognized_count = 0;
    for (const auto& [name, member] : members) {
      if ((!fits && issues == nullptr) || is_exhausted()) return false;
      const Path here{path, &name, 0};
      const auto outcome = member_fits(rule, name, member, &here, issues);
      if (outcome == Member::kUnrecognized && ++unrecognized_count <= UnknownKeys::kNamedMax) {
        unrecognized.push_back(&name);
      }
      fits = outcome == Member::kFits && fits;
    }
    if (unrecognized_count > 0 && issues != nullptr) {
      issues->unrecognized_keys(path, unrecognized, unrecognized_count);
    }
    return fits;
  }

  enum class Member { kFits, kWrong, kUnrecognized };
  Member member_fits(const JsonRule& rule, const std::string& name, const Json& value,
                     const Path* here, Issues* issues) {
    bool is_known = false;
    bool fits = true;
    if (rule.property_names != JsonRule::kNone) {
      fits = judge(rule.property_names, Json(name), here, issues);
    }
    if (const auto at = rule.properties.find(name); at != rule.properties.end()) {
      is_known = true;
      fits = judge(at->second, value, here, issues) && fits;
    }
    for (const auto& [pattern, index] : rule.pattern_properties) {
      if (!step(pattern_steps(*pattern, name))) return Member::kWrong;
      if (!matches(*pattern, name)) continue;
      is_known = true;
      fits = judge(index, value, here, issues) && fits;
    }
    if (is_known || rule.additional_properties == JsonRule::kNone) {
      return fits ? Member::kFits : Member::kWrong;
    }
    if (rules_.rules[rule.additional_properties].is_never) return Member::kUnrecognized;
    fits = judge(rule.additional_properties, value, here, issues) && fits;
    return fits ? Member::kFits : Member::kWrong;
  }

  // To find a member is to look at all before it.
  const Json* find(const Json& object, const std::string& name) {
    if (!step(1 + object.as_object().size() / kBytesAStep)) return nullptr;
    return object.find(name);
  }

  bool present(const std::string& name, const Json& value, const Path* path, Issues* issues) {
    if (find(value, name) != nullptr) return true;
    const Path here{path, &name, 0};
    return wrong(issues, &here, "invalid_type", {{"expected", "nonoptional"}},
                 "Invalid input: expected nonoptional, received undefined");
  }

  bool combined(const JsonRule& rule, const Json& value, const Path* path, Issues* issues) {
    bool fits = true;
    const auto all = [&](Index index) {
      if (index == JsonRule::kNone || (!fits && issues == nullptr)) return;
      fits = judge(index, value, path, issues) && fits;
    };
    all(rule.reference);
    for (const Index index : rule.all_of) all(index);
    if (rule.if_this != JsonRule::kNone) {
      all(judge(rule.if_this, value, nullptr, nullptr) ? rule.then_this : rule.else_this);
    }
    for (const auto& [name, index] : rule.dependent_schemas) {
      if (value.is_object() && find(value, name) != nullptr) all(index);
    }
    if (!rule.any_of.empty() && count_fitting(rule.any_of, value, 1) == 0) {
      fits = wrong(issues, path, "invalid_union", {}, "Invalid input: fits none of \"anyOf\"");
    }
    if (!rule.one_of.empty()) {
      if (const auto count = count_fitting(rule.one_of, value, 2); count != 1) {
        fits = wrong(issues, path, "invalid_union", {},
                     count == 0 ? "Invalid input: fits none of \"oneOf\""
                                : "Invalid input: fits more than one of \"oneOf\"");
      }
    }
    if (rule.not_this != JsonRule::kNone && judge(rule.not_this, value, nullptr, nullptr)) {
      fits =
          wrong(issues, path, "custom", {}, "Invalid input: fits what it must not fit (\"not\")");
    }
    return fits;
  }

  // How many of the schemas the value fits, counted up to `enough`.
  int count_fitting(const std::vector<Index>& schemas, const Json& value, int enough) {
    int count = 0;
    for (const Index index : schemas) {
      if (judge(index, value, nullptr, nullptr) && ++count == enough) break;
    }
    return count;
  }

  struct Bound {
    bool is_max;
    std::string_view origin;
    std::string_view unit;
    bool is_inclusive = true;
  };
  bool bound(const std::optional<double>& limit, double value, const Path* path, Issues* issues,
             const Bound& of) {
    if (!limit) return true;
    const bool is_right = of.is_inclusive ? (of.is_max ? value <= *limit : value >= *limit)
                                          : (of.is_max ? value < *limit : value > *limit);
    if (is_right) return true;
    return wrong(issues, path, of.is_max ? "too_big" : "too_small",
                 {{"origin", of.origin},
                  {of.is_max ? "maximum" : "minimum", *limit},
                  {"inclusive", of.is_inclusive}},
                 fmt::format("Too {}: expected {} to {} {}{}{}{}", of.is_max ? "big" : "small",
                             of.origin, of.unit.empty() ? "be" : "have", of.is_max ? '<' : '>',
                             of.is_inclusive ? "=" : "", Json(*limit).dump(), of.unit));
  }

  // Notes what is wrong, where somebody wants to know; always false.
  static bool wrong(Issues* issues, const Path* path, std::string_view code,
                    std::initializer_list<Json::Member> facts, std::string message) {
    if (issues == nullptr) return false;
    Json issue = Json::object({{"code", code}});
    for (const auto& [name, value] : facts) issue.set(name, value);
    issues->add(std::move(issue), path, std::move(message));
    return false;
  }

  // Whether what is wrong will be listed; if it will only be counted, that is done, and nothing
  // need be made for it.
  static bool is_told(Issues* issues, const Path* path) {
    if (issues == nullptr) return false;
    if (issues->is_listing()) return true;
    issues->add(Json(), path, {});
    return false;
  }

  // Those that the issue lists: some of many, and none that are long.
  static Json shown_values(const JsonRule& rule) {
    constexpr std::size_t kValuesMax = 20;
    constexpr std::size_t kBytesMax = 200;
    Json shown = Json::array();
    for (std::size_t i = 0; i < std::min(rule.values.size(), kValuesMax); ++i) {
      if (rule.canonical_values[i].size() <= kBytesMax) shown.push_back(rule.values[i]);
    }
    return shown;
  }

  // Where RE2 cannot hold a pattern's states it goes through its program for each byte.
  static std::size_t pattern_steps(const re2::RE2& pattern, std::string_view text) {
    constexpr std::size_t kInstructionsAStep = 128;
    const auto size = static_cast<std::size_t>(std::max(pattern.ProgramSize(), 1));
    return 1 + text.size() / kBytesAStep + text.size() * size / kInstructionsAStep;
  }

  bool step(std::size_t count = 1) {
    steps_ += count;
    return !is_exhausted();
  }
  bool is_exhausted() const { return steps_ > JsonValidator::kStepsMax; }

  const JsonRules& rules_;
  std::size_t steps_ = 0;
};

}  // namespace

std::string canonical_json(const Json& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

Result<> JsonValidator::validate(const Json& value, std::string_view field) const {
  const std::string name(field);
  const Path path{nullptr, &name, 0};
  return Judge(*rules_).run(value, field.empty() ? nullptr : &path);
}

}  // namespace synap

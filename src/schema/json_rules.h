// JsonRules: what a JSON Schema is compiled to. Private to this room.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace synap {

/// The kinds of values that "type" names, as bits.
enum JsonType : std::uint8_t {
  kJsonNull = 1,
  kJsonBoolean = 2,
  kJsonInteger = 4,  // every number that is whole is one
  kJsonNumber = 8,
  kJsonString = 16,
  kJsonArray = 32,
  kJsonObject = 64,
};

/// A format that is checked.
struct JsonFormat {
  std::string_view name;
  bool (*fits)(std::string_view text) = nullptr;
};
/// nullptr: there is none of this name.
const JsonFormat* json_format(std::string_view name);
std::string json_format_names();  // "date-time, date, …"

/// One schema: what must be true of a value. What is absent holds of every value.
struct JsonRule {
  using Index = std::uint32_t;  // of another rule in JsonRules
  using Pattern = std::shared_ptr<const re2::RE2>;
  static constexpr Index kNone = UINT32_MAX;

  bool is_never = false;    // the schema `false`
  std::uint8_t types = 0;   // bits of JsonType; 0: any
  std::string type_names;   // "string or null"
  bool has_values = false;  // enum, const
  std::vector<Json> values;
  std::vector<std::string> canonical_values;

  std::optional<double> multiple_of;
  std::optional<double> maximum;
  std::optional<double> minimum;
  std::optional<double> exclusive_maximum;
  std::optional<double> exclusive_minimum;

  std::optional<double> max_length;
  std::optional<double> min_length;
  Pattern pattern;
  const JsonFormat* format = nullptr;

  std::optional<double> max_items;
  std::optional<double> min_items;
  bool has_unique_items = false;
  std::vector<Index> prefix_items;
  Index items = kNone;
  Index contains = kNone;
  double min_contains = 1;
  std::optional<double> max_contains;

  std::optional<double> max_properties;
  std::optional<double> min_properties;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::map<std::string, Index, std::less<>> properties;
  std::vector<std::pair<Pattern, Index>> pattern_properties;
  Index additional_properties = kNone;
  Index property_names = kNone;
  std::vector<std::pair<std::string, Index>> dependent_schemas;

  std::vector<Index> all_of;
  std::vector<Index> any_of;
  std::vector<Index> one_of;
  Index not_this = kNone;
  Index if_this = kNone;
  Index then_this = kNone;
  Index else_this = kNone;
  Index reference = kNone;

  /// Those that judge the same value as this one.
  std::vector<Index> beside() const;
};

/// A whole schema; the first rule is the root's.
struct JsonRules {
  std::vector<JsonRule> rules;
};

/// Equal for values that JSON Schema calls equal: the order of members does not count.
std::string canonical_json(const Json& value);

}  // namespace synap

// Json: a JSON value that keeps the order of its members, and the text around it.
//
// Numbers are what JavaScript would hold: doubles, printed as ECMAScript prints them. Those that
// are whole and at most 2^53 are held as integers whatever they were made from (but for -0), so
// equal numbers compare equal. An std::int64_t beyond that is kept and printed in full. Absent is
// not null: where a value may be absent (tRPC's undefined) the type is std::optional<Json>.
//
// Parsing is strict RFC 8259 with a bound on depth, done by simdjson. What JavaScript reads and
// simdjson refuses is read too: integers over 64 bits become doubles, numbers over the range of a
// double become null (they print as null in JavaScript as well). Lone surrogates are refused. Of
// several members of one name the last wins, in the place of the first.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace synap {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  // Of bool itself: a pointer is no bool.
  template <std::same_as<bool> Bool>
  Json(Bool value) : value_(value) {}
  Json(int value) : value_(static_cast<std::int64_t>(value)) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value);
  Json(double value);
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  static Json array() { return Json(Array{}); }
  static Json object() { return Json(Object{}); }
  static Json object(std::initializer_list<Member> members) { return Json(Object(members)); }

  bool is_null() const { return value_.index() == 0; }
  bool is_bool() const { return value_.index() == 1; }
  bool is_integer() const { return value_.index() == 2; }
  bool is_number() const { return value_.index() == 2 || value_.index() == 3; }
  bool is_string() const { return value_.index() == 4; }
  bool is_array() const { return value_.index() == 5; }
  bool is_object() const { return value_.index() == 6; }

  // The kind must be right: these CHECK.
  bool as_bool() const;
  std::int64_t as_integer() const;
  double as_number() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;
  std::string& as_string();
  Array& as_array();
  Object& as_object();

  /// The member of an object, or nullptr if there is none or this is no object.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  /// The text of a string member, or `otherwise`.
  std::string_view string_or(std::string_view key, std::string_view otherwise) const;
  /// Sets a member of an object, in place if it is there, at the end if it is not.
  Json& set(std::string_view key, Json value);
  Json& push_back(Json value);

  /// Compact JSON text.
  std::string dump() const;
  /// JSON text with two spaces of indentation, as JSON.stringify(x, null, 2) writes it.
  std::string dump_pretty() const;

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// Up to here every whole number is a double.
inline constexpr double kWholeNumberMax = 9007199254740992;  // 2^53

struct JsonLimits {
  int depth_max = 64;  // containers inside each other
};

/// kBadRequest says at which byte the text stops being JSON, or which limit it passes.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

void append_json(std::string& out, const Json& value);
/// About how many bytes append_json adds: exact for texts without escapes, somewhat much for
/// numbers.
std::size_t json_bytes(const Json& value);
void append_json_string(std::string& out, std::string_view utf8);
void append_json_number(std::string& out, double value);  // NaN and infinities are null
void append_json_number(std::string& out, std::int64_t value);

/// The length of the longest prefix of `text` that is valid UTF-8.
std::size_t valid_utf8_prefix(std::string_view text);
bool is_valid_utf8(std::string_view text);

}  // namespace synap

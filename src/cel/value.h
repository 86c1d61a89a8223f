// Value: what an expression is evaluated to, and with.
//
// A value is one of the kinds of CEL (and kMissing, below). It is cheap to copy. Texts, lists and
// maps are not copied out of what they were read from: a Value made of a Json refers to it, and a
// literal to the expression, unless the value has an owner of its own. `owned` makes a value that
// refers to nothing.
//
// kMissing is a field that is not there, in Inngest's mode only. It is like null in what people
// compare it with, except that two missing fields are not equal. No evaluation answers it: at the
// end it is null.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "cel/time.h"

namespace synap::cel {

class Budget;
class Value;

/// In the order of Value's variant.
enum class Kind : std::uint8_t {
  kNull,
  kMissing,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
};

/// CEL's name of a kind: "int", "google.protobuf.Timestamp".
std::string_view type_name(Kind kind);

/// Whether it is CEL's name of a type, which is a value in expressions.
bool is_type_name(std::string_view name);

/// What keeps the memory of a value alive; empty where somebody else does.
using Owner = std::shared_ptr<const void>;

/// A text and who owns it.
struct Text {
  Owner owner;
  std::string_view view;
};

/// Bytes and who owns them.
struct Bytes {
  Owner owner;
  std::string_view view;
};

/// A list: an array of a Json, or one that was made here.
class List {
 public:
  List(Owner owner, const Json::Array& json) : owner_(std::move(owner)), json_(&json) {}
  explicit List(std::vector<Value> items);

  std::size_t size() const;
  Value at(std::size_t index) const;  // below size()

 private:
  Owner owner_;
  const Json::Array* json_ = nullptr;
  const std::vector<Value>* items_ = nullptr;
};

/// A map: an object of a Json, or one that was made here. It keeps the order of its entries.
class Map {
 public:
  using Entry = std::pair<Value, Value>;

  Map(Owner owner, const Json& object) : owner_(std::move(owner)), json_(&object) {}
  /// The keys must differ.
  explicit Map(std::vector<Entry> entries);

  std::size_t size() const;
  Entry at(std::size_t index) const;  // below size()
  /// The value of a key: numbers that are equal are one key, whatever their kinds.
  std::optional<Value> find(const Value& key, Budget& budget) const;
  std::optional<Value> find(std::string_view key, Budget& budget) const;

 private:
  Owner owner_;
  const Json* json_ = nullptr;
  const std::vector<Entry>* entries_ = nullptr;
};

/// A type as a value: `type(1)`, `int`. Its name is static.
struct Type {
  std::string_view name;
};

/// The type of this name.
std::optional<Type> type_named(std::string_view name);

/// A value; see above.
class Value {
 public:
  struct Missing {};

  Value() = default;  // null
  explicit Value(bool value) : value_(value) {}
  explicit Value(std::int64_t value) : value_(value) {}
  explicit Value(std::uint64_t value) : value_(value) {}
  explicit Value(double value) : value_(value) {}
  explicit Value(Text value) : value_(std::move(value)) {}
  explicit Value(Bytes value) : value_(std::move(value)) {}
  explicit Value(List value) : value_(std::move(value)) {}
  explicit Value(Map value) : value_(std::move(value)) {}
  explicit Value(Timestamp value) : value_(value) {}
  explicit Value(Duration value) : value_(value) {}
  explicit Value(Type value) : value_(value) {}

  static Value missing();
  static Value string(std::string text);  // owns it
  static Value bytes(std::string bytes);  // owns them
  /// Refers to `json`, which must outlive the value where `owner` is empty.
  static Value of(const Json& json, const Owner& owner = {});
  static Value of(Json&&, const Owner& = {}) = delete;

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is(Kind kind) const { return this->kind() == kind; }
  /// Null or missing.
  bool is_nothing() const { return is(Kind::kNull) || is(Kind::kMissing); }
  bool is_number() const { return is(Kind::kInt) || is(Kind::kUint) || is(Kind::kDouble); }

  // The kind must be right: these CHECK.
  bool as_bool() const;
  std::int64_t as_int() const;
  std::uint64_t as_uint() const;
  double as_double() const;
  std::string_view as_string() const;
  std::string_view as_bytes() const;
  const List& as_list() const;
  const Map& as_map() const;
  Timestamp as_timestamp() const;
  Duration as_duration() const;
  Type as_type() const;

  /// The same value, referring to nothing. Its parts are copied wherever they are: lists that share
  /// one a million times would be a million lists, so it counts. Anything where nothing is left.
  Value owned(Budget& budget) const;

  /// As JSON: bytes as base64, timestamps as RFC 3339, durations as "1.5s", types by their name,
  /// keys of maps as texts, unsigned numbers beyond 2^63 and infinities as JavaScript has them.
  Json to_json() const;

 private:
  template <class T>
  const T& get() const;

  std::variant<std::monostate, Missing, bool, std::int64_t, std::uint64_t, double, Text, Bytes,
               List, Map, Timestamp, Duration, Type>
      value_;
};

/// As JavaScript has it: null, missing, false, 0, NaN and the empty text are not.
bool is_truthy(const Value& value);

}  // namespace synap::cel

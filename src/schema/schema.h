// Schema: the description of a JSON value, written once and used for everything: reading and
// validating a C++ struct, writing it, JSON Schema (OpenAPI, MCP), TypeScript types and zod 4
// schemas for clients (export.h).
//
//   struct CreateNote { std::string content; std::optional<std::string> title; };
//   inline const ObjectSchema<CreateNote>& describe(Type<CreateNote>) {
//     static const auto schema = object<CreateNote>("CreateNote")
//         .field("content", &CreateNote::content, string().min(1).max(400'000), "Markdown.")
//         .field("title", &CreateNote::title, string().max(200), "Default: the first line.");
//     return schema;
//   }
//   Result<CreateNote> in = decode<CreateNote>(json);   // every issue, each with its path
//   encode(out, note);                                   // appends JSON text
//
// Validation behaves as zod 4.6 does: all issues are listed, their shape, order, paths and messages
// are zod's (tests/schema/ compares the two). Unknown keys are stripped; who gives an UnknownKeys
// is told of them, or has them refused.
//
// Not described: types that contain themselves, unions that no member tells apart. What a stranger
// sends should have bounds: a list without .max() takes as many items as the body holds, and a
// struct is larger than its text.
//
// A schema is a value: cheap to copy, immutable once built, and safe to share between threads. The
// one exception is an object while its fields are being added.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "base/status.h"
#include "schema/node.h"
#include "schema/storage.h"

namespace synap {

class Schema {
 public:
  Schema();  // undefined: there is no value
  explicit Schema(SchemaNodePtr node) : node_(std::move(node)) {}

  SchemaKind kind() const { return node_->kind; }
  bool is_undefined() const { return kind() == SchemaKind::kUndefined; }
  /// The name of an object, empty where it has none.
  const std::string& name() const { return node_->name; }
  const std::string& docs() const { return node_->docs; }
  const SchemaNode& node() const { return *node_; }
  const SchemaNodePtr& node_ptr() const { return node_; }

  /// May be absent or null, zod's .nullish(): for what clients fill in by themselves, as cursors.
  Schema nullish() const;

 protected:
  SchemaNodePtr node_;
};

// The builders. Each call gives a new schema; zod has the same words.

template <class Self>
class SchemaBuilder : public Schema {
 public:
  Self doc(std::string text) const;

 private:
  friend Self;
  SchemaBuilder() = default;
  using Schema::Schema;
  Self with_check(SchemaCheck check) const;
};

class StringSchema : public SchemaBuilder<StringSchema> {
 public:
  StringSchema();
  /// Bounds of the length in Unicode code points, as zod 4.6 and JSON Schema count.
  StringSchema min(std::size_t length) const;
  StringSchema max(std::size_t length) const;
  /// RFC 9562 versions 1 to 8, and the nil and max ids.
  StringSchema uuid() const;
  /// ISO 8601 in UTC: 2026-01-31T12:00:00Z, with any number of digits behind the seconds.
  StringSchema datetime() const;
  /// A regular expression in JavaScript (without slashes), and the same test in C++. `expected`
  /// says to people what it must be, with an example: "a scope, as notes:read"; empty: they are
  /// told the expression.
  StringSchema pattern(std::string expression, bool (*matches)(std::string_view),
                       std::string expected = {}) const;
};

class NumberSchema : public SchemaBuilder<NumberSchema> {
 public:
  explicit NumberSchema(SchemaKind kind);
  NumberSchema min(double smallest) const;
  NumberSchema max(double largest) const;
};

class ArraySchema : public SchemaBuilder<ArraySchema> {
 public:
  explicit ArraySchema(const Schema& item);
  ArraySchema min(std::size_t count) const;
  ArraySchema max(std::size_t count) const;
};

class PlainSchema : public SchemaBuilder<PlainSchema> {
 public:
  explicit PlainSchema(SchemaNode node)
      : SchemaBuilder(std::make_shared<SchemaNode>(std::move(node))) {}
};

inline StringSchema string() {
  return {};
}
inline NumberSchema number() {
  return NumberSchema(SchemaKind::kNumber);
}
/// A whole number that JavaScript holds exactly: zod's z.int().
inline NumberSchema integer() {
  return NumberSchema(SchemaKind::kInteger);
}
inline ArraySchema array(const Schema& item) {
  return ArraySchema(item);
}
PlainSchema boolean();
PlainSchema any();
PlainSchema null();
PlainSchema literal(std::string value);
PlainSchema one_of(std::vector<std::string> values);
PlainSchema record(const Schema& values);
PlainSchema optional(const Schema& inner);
PlainSchema nullable(const Schema& inner);
/// One of several objects, told apart by a member that each of them has: a literal or one_of(), no
/// value of it in two of them. In C++ a std::variant of described structs in the same order:
///
///   struct Circle { double radius = 0; };   object<Circle>("Circle").tag("kind", "circle")...
///   struct Square { double side = 0; };     object<Square>("Square").tag("kind", "square")...
///   using Shape = std::variant<Circle, Square>;
///   inline const PlainSchema& describe(Type<Shape>) {  // beside the structs
///     static const auto schema =
///         discriminated_union("kind", {schema_of<Circle>(), schema_of<Square>()});
///     return schema;
///   }
PlainSchema discriminated_union(std::string discriminator, const std::vector<Schema>& options);

/// An object without a C++ type: for validate().
class UntypedObjectSchema : public Schema {
 public:
  explicit UntypedObjectSchema(std::string name);
  /// optional(schema) makes the field optional.
  UntypedObjectSchema& field(std::string name, const Schema& schema, std::string docs = "");
  UntypedObjectSchema& field_or(std::string name, const Schema& schema, Json default_value,
                                std::string docs = "");
  /// The fields of another object, as zod's .extend() and .partial() give them.
  enum class Take : std::uint8_t {
    kAsTheyAre,
    kPartial,   // each may be absent; one that could be absent may be null besides: "no more"
    kOptional,  // each may be absent, as zod's .partial(); a default is still filled in
    kFilled,    // those with defaults are always there
  };
  UntypedObjectSchema& extend(const Schema& object, Take take = Take::kAsTheyAre);
  UntypedObjectSchema& doc(std::string text);

 protected:
  void add(SchemaField field);
  std::shared_ptr<SchemaNode> building_;
};

template <class T>
Schema schema_of();

/// An object that describes the struct T. Where a member is a std::optional<X> the field may be
/// absent, unless its schema is nullable(...): then it must be there and null is "none".
template <class T>
class ObjectSchema : public UntypedObjectSchema {
 public:
  using UntypedObjectSchema::UntypedObjectSchema;

  template <class M>
  ObjectSchema& field(std::string name, M T::* member, const Schema& schema,
                      std::string docs = "") {
    add(make_field(std::move(name), member, schema, std::move(docs)));
    return *this;
  }
  /// The same with the schema that follows from the member's type.
  template <class M>
  ObjectSchema& field(std::string name, M T::* member, std::string docs = "") {
    return field(std::move(name), member, schema_of<M>(), std::move(docs));
  }
  /// May be absent: then it is `default_value`, which is zod's .default().
  template <class M>
  ObjectSchema& field_or(std::string name, M T::* member, const Schema& schema,
                         const std::type_identity_t<M>& default_value, std::string docs = "");
  ObjectSchema& doc(std::string text) {
    UntypedObjectSchema::doc(std::move(text));
    return *this;
  }
  /// A literal that no member holds: it must be read, and is written, with this value.
  ObjectSchema& tag(std::string name, std::string value, std::string docs = "");
  /// The fields of a struct that T is derived from, zod's .extend() the other way round.
  template <class Base>
    requires std::derived_from<T, Base>
  ObjectSchema& extend(const ObjectSchema<Base>& base) {
    const T example{};
    const auto offset =
        static_cast<std::size_t>(reinterpret_cast<const char*>(static_cast<const Base*>(&example)) -
                                 reinterpret_cast<const char*>(&example));
    for (SchemaField field : base.node().fields) {
      field.quoted_name.clear();
      field.offset += offset;
      add(std::move(field));
    }
    return *this;
  }

 private:
  template <class M>
  static SchemaField make_field(std::string name, M T::* member, const Schema& schema,
                                std::string docs) {
    // A real object and not offsetof, which is only for standard-layout types.
    const T example{};
    SchemaField field;
    field.name = std::move(name);
    field.docs = std::move(docs);
    field.schema = schema.node_ptr();
    field.storage = &schema_detail::storage_of<M>();
    field.offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&(example.*member)) -
                                            reinterpret_cast<const char*>(&example));
    if constexpr (schema_detail::is_optional<M>) {
      if (schema.kind() != SchemaKind::kNullable) field.presence = SchemaField::Presence::kOptional;
    }
    return field;
  }
};

template <class T>
ObjectSchema<T> object(std::string name = "") {
  return ObjectSchema<T>(std::move(name));
}
inline UntypedObjectSchema object(std::string name = "") {
  return UntypedObjectSchema(std::move(name));
}

/// An object of the same fields, each of which may be absent.
inline UntypedObjectSchema partial(const Schema& whole, std::string name = "") {
  return object(std::move(name)).extend(whole, UntypedObjectSchema::Take::kOptional);
}

/// The schema that follows from a C++ type alone.
template <class T>
Schema schema_of() {
  if constexpr (std::is_void_v<T>) {
    return Schema();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return string();
  } else if constexpr (std::is_same_v<T, bool>) {
    return boolean();
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return integer();
  } else if constexpr (std::is_same_v<T, int>) {
    return integer().min(INT32_MIN).max(INT32_MAX);
  } else if constexpr (std::is_same_v<T, double>) {
    return number();
  } else if constexpr (std::is_same_v<T, Json> || std::is_same_v<T, RawJson>) {
    return any();
  } else if constexpr (schema_detail::is_optional<T>) {
    return optional(schema_of<typename T::value_type>());
  } else if constexpr (schema_detail::is_vector<T>) {
    return array(schema_of<typename T::value_type>());
  } else if constexpr (schema_detail::is_map<T>) {
    return record(schema_of<typename T::mapped_type>());
  } else if constexpr (schema_detail::is_variant<T>) {
    return describe(Type<T>{});
  } else {
    static_assert(Described<T>, "no schema: write describe(Type<T>) in the namespace of the type");
    return describe(Type<T>{});
  }
}

/// What an input had that its schema does not know.
struct UnknownKeys {
  /// True: they are issues, as with zod's z.strictObject. False: they are left out and named here.
  bool are_refused = false;
  std::vector<std::string> paths = {};  // "tags[0].colour": at most kNamedMax, each of 200 bytes
  std::size_t count = 0;                // of all

  static constexpr std::size_t kNamedMax = 20;
  bool empty() const { return count == 0; }
  /// JSON text of the paths, the last of which says how many there are besides.
  std::string to_json() const;
};

namespace schema_detail {

template <class T>
const Schema& schema_once() {
  static const Schema schema = schema_of<T>();
  return schema;
}

// Fills `target` or says what is wrong. `input` is nullptr for undefined; with `may_take` its
// strings and containers are moved out of it.
[[nodiscard]] std::optional<Error> read(const SchemaNode& node, const Json* input, bool may_take,
                                        const SchemaStorage& storage, void* target,
                                        UnknownKeys* unknown = nullptr);
void write(std::string& out, const SchemaStorage& storage, const void* value);

template <class T>
Result<T> decode(const Json* input, bool may_take, UnknownKeys* unknown = nullptr) {
  if constexpr (std::is_void_v<T>) {
    static constexpr SchemaStorage kNothing{};
    auto error = read(schema_once<T>().node(), input, may_take, kNothing, nullptr, unknown);
    if (error) return fail(std::move(*error));
    return {};
  } else {
    Result<T> result{std::in_place};
    auto error = read(schema_once<T>().node(), input, may_take, storage_of<T>(), &*result, unknown);
    if (error) result = fail(std::move(*error));
    return result;
  }
}

}  // namespace schema_detail

/// Reads a T by its schema. kBadRequest lists what is wrong: the message is the text of zod's
/// ZodError, the details are {"issues": [...]} in zod's shape. At most 100 issues are listed; one
/// more of code "custom" says how many there were besides.
template <class T>
Result<T> decode(const Json& input) {
  return schema_detail::decode<T>(&input, false);
}
/// The same, moving strings out of the input.
template <class T>
Result<T> decode(Json&& input) {
  return schema_detail::decode<T>(&input, true);
}
/// The same where the input may be absent (undefined).
template <class T>
Result<T> decode(const std::optional<Json>& input) {
  return schema_detail::decode<T>(input ? &*input : nullptr, false);
}
template <class T>
Result<T> decode(std::optional<Json>&& input) {
  return schema_detail::decode<T>(input ? &*input : nullptr, true);
}
/// The same; nothing is done for unknown keys where there are none.
template <class T>
Result<T> decode(std::optional<Json>&& input, UnknownKeys& unknown) {
  return schema_detail::decode<T>(input ? &*input : nullptr, true, &unknown);
}

/// The same by a schema of the caller's own, which must fit T: a string with bounds, a list.
template <class T>
Result<T> decode(const Schema& schema, std::optional<Json> input) {
  const SchemaStorage& storage = schema_detail::storage_of<T>();
  check_storable(schema.node(), storage, "decode");
  Result<T> result{std::in_place};
  auto error =
      schema_detail::read(schema.node(), input ? &*input : nullptr, true, storage, &*result);
  if (error) result = fail(std::move(*error));
  return result;
}

/// Appends the JSON text of a value: members in the order of their fields, absent optionals left
/// out. Writes what the struct holds; it does not validate.
template <class T>
void encode(std::string& out, const T& value) {
  schema_detail::write(out, schema_detail::storage_of<T>(), &value);
}

/// Validates without a C++ type. Gives the value with unknown keys stripped and defaults filled in;
/// errors as decode().
Result<Json> validate(const Schema& schema, const Json& input);
Result<Json> validate(const Schema& schema, Json&& input);
/// The same where there may be no value on either side.
Result<std::optional<Json>> validate(const Schema& schema, std::optional<Json> input,
                                     UnknownKeys* unknown = nullptr);

/// zod's z.flattenError: {"formErrors":[...],"fieldErrors":{"name":["..."]}}.
Json flatten_issues(const Json& issues);

template <class T>
ObjectSchema<T>& ObjectSchema<T>::tag(std::string name, std::string value, std::string docs) {
  static constexpr SchemaStorage kNothing{};
  SchemaField field;
  field.name = std::move(name);
  field.docs = std::move(docs);
  field.schema = literal(std::move(value)).node_ptr();
  field.storage = &kNothing;
  add(std::move(field));
  return *this;
}

template <class T>
template <class M>
ObjectSchema<T>& ObjectSchema<T>::field_or(std::string name, M T::* member, const Schema& schema,
                                           const std::type_identity_t<M>& default_value,
                                           std::string docs) {
  static_assert(!schema_detail::is_optional<M>, "with a default the member is never empty");
  auto field = make_field(std::move(name), member, schema, std::move(docs));
  std::string text;
  encode(text, default_value);
  auto json = parse_json(text);
  SYNAP_CHECK(json.has_value(), text);
  field.presence = SchemaField::Presence::kDefaulted;
  field.default_value = std::move(*json);
  add(std::move(field));
  return *this;
}

}  // namespace synap

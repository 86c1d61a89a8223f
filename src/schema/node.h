// What is inside a Schema: the node of a description and, for those made from C++ types, how the
// value is stored. Only this room looks in here; everybody else uses schema.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace synap {

enum class SchemaKind : std::uint8_t {
  kUndefined,  // no value at all: TypeScript's void
  kAny,
  kNull,
  kBoolean,
  kNumber,
  kInteger,  // within +-(2^53 - 1)
  kString,
  kEnum,  // one of some strings; a literal is an enum of one
  kArray,
  kObject,
  kRecord,    // any keys, one schema for the values
  kUnion,     // one of some objects, told apart by one member
  kOptional,  // the inner one, or undefined
  kNullable,  // the inner one, or null
};

struct SchemaNode;
using SchemaNodePtr = std::shared_ptr<const SchemaNode>;

// How a C++ value is stored: enough to fill it and to write it without knowing its type. The
// validator is thus compiled once and not once for each struct.
struct SchemaStorage {
  enum class Form : std::uint8_t {
    kNothing,
    kJson,
    kRawJson,
    kString,
    kBool,
    kInt,
    kInt64,
    kDouble,
    kOptional,
    kVector,
    kMap,
    kStruct,
    kVariant,
  };
  using Visit = void (*)(void* context, const std::string* key, const void* item);

  Form form = Form::kNothing;
  const SchemaStorage* inner = nullptr;     // of optional, vector and map
  const SchemaNode* object = nullptr;       // of structs
  void* (*add)(void* container) = nullptr;  // of optional and vector: a new item in it
  void* (*add_key)(void* map, std::string key) = nullptr;
  void (*reserve)(void* vector, std::size_t count) = nullptr;
  void (*clear)(void* container) = nullptr;
  void (*each)(const void* container, void* context, Visit visit) = nullptr;
  std::vector<const SchemaStorage*> alternatives = {};           // of variants, in their order
  void* (*emplace)(void* variant, std::size_t index) = nullptr;  // another alternative, new
  std::size_t (*index)(const void* variant) = nullptr;           // the one that it holds
};

struct SchemaCheck {
  enum class Kind : std::uint8_t { kMin, kMax, kUuid, kDatetime, kPattern };
  Kind kind = Kind::kMin;
  double bound = 0;                             // of min and max
  std::string pattern;                          // JavaScript's, without the slashes
  bool (*matches)(std::string_view) = nullptr;  // the same in C++
  std::string expected = {};                    // what it must be, for people
};

struct SchemaField {
  enum class Presence : std::uint8_t { kRequired, kOptional, kDefaulted };
  std::string name;
  std::string quoted_name;  // "name": as it stands in JSON text
  std::string docs;
  SchemaNodePtr schema;  // never kOptional: that is the presence
  Presence presence = Presence::kRequired;
  Json default_value;
  // Of objects that describe a C++ struct; kNothing for a tag, which no member holds:
  const SchemaStorage* storage = nullptr;
  std::size_t offset = 0;
};

struct SchemaNode {
  SchemaKind kind = SchemaKind::kUndefined;
  std::string name;  // of objects; empty where it has none
  std::string docs;
  std::vector<SchemaCheck> checks;          // in the order in which they are made
  std::vector<std::string> values;          // of kEnum
  bool is_literal = false;                  // of kEnum: written as a literal
  SchemaNodePtr inner;                      // of kArray, kRecord, kOptional, kNullable
  std::vector<SchemaField> fields;          // of kObject
  std::string discriminator;                // of kUnion: the member whose value chooses
  std::vector<SchemaNodePtr> options = {};  // of kUnion: objects, no value of it in two of them

  const SchemaCheck* check(SchemaCheck::Kind wanted) const {
    for (const auto& each : checks) {
      if (each.kind == wanted) return &each;
    }
    return nullptr;
  }
};

/// The values of an object's field that choose it in a union; nullptr if the field is no such one.
const std::vector<std::string>* discriminator_values(const SchemaNode& object,
                                                     std::string_view discriminator);

/// CHECKs that values of `node` can be stored so; `where` names the field in the complaint.
void check_storable(const SchemaNode& node, const SchemaStorage& storage, std::string_view where);

/// What is said of a value that has not the format: "it must be an id, as …".
std::string format_sentence(const SchemaCheck& check);

/// zod's regular expressions, as their toString prints them.
std::string_view uuid_pattern();
std::string_view datetime_pattern();

}  // namespace synap

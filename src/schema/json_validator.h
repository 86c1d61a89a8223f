// JsonValidator: a JSON Schema that somebody brought, compiled: for types of events that users
// register. (What the pod itself knows is described by schema.h.)
//
// JSON Schema 2020-12 as far as a value can be judged by itself. Not known, and so refused by
// compile() with the place where it stands: $dynamicRef, unevaluated*, a $ref to another document,
// an $id below the root, formats that nobody here checks, and words that are no keywords (but for
// those that begin with "x-", which are notes). Nothing in a schema is ignored in silence.
//
// `format` is checked: date-time, date, time, uuid, email, uri, ipv4, ipv6. `pattern` is matched by
// RE2 in time linear in the text, without look-around and back-references.
//
// Bounds: a schema has at most 64 KiB of JSON and 50 patterns; its references may not lead back to
// themselves without entering the value; and a validation makes at most kStepsMax steps, after
// which the value is refused, since it cannot be said that it fits.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace synap {

struct JsonRules;

/// A value: cheap to copy, immutable, any thread.
class JsonValidator {
 public:
  static constexpr std::size_t kSchemaBytesMax = 64 * 1024;
  static constexpr std::size_t kStepsMax = 500'000;

  /// kBadRequest lists what is wrong with the schema, in the shape of decode()'s errors; their
  /// paths begin with `field`, the name of the input's member that holds it.
  static Result<JsonValidator> compile(const Json& schema, std::string_view field);

  /// kBadRequest lists what is wrong with the value, in zod's shape; paths begin with `field`.
  Result<> validate(const Json& value, std::string_view field) const;

 private:
  explicit JsonValidator(std::shared_ptr<const JsonRules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const JsonRules> rules_;
};

}  // namespace synap

// Expression: a text of the Common Expression Language (https://cel.dev), parsed. Filters of
// triggers, keys of flow control, conditions of waits and cancellations are expressions over the
// JSON of events.
//
// An Expression is a value: immutable, cheap to copy, shared by any number of threads. Evaluating
// changes nothing and reads nothing but what it is handed, the clock included. Parsing and
// evaluating are bounded in time, stack and memory, so both may be done with what strangers wrote.
//
// Two modes. kStrict is CEL as its specification has it. kInngest is how Inngest's server evaluates
// the same text (docs/expressions.md says how they differ): a field that is not there is null and
// no error, && and || take any value, + joins texts with anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "cel/budget.h"
#include "cel/value.h"

namespace synap::cel {

struct Node;

enum class Mode : std::uint8_t { kStrict, kInngest };

/// What a text may have. What nests costs stack, when it is parsed and when it is evaluated: within
/// these limits 1 MiB of it is enough, without optimisation too.
struct ParseLimits {
  std::size_t text_bytes_max = 8 * 1024;
  std::size_t nodes_max = 2'048;
  int depth_max = 200;   // of the tree: a + b + c is 2 deep
  int nesting_max = 64;  // of parentheses, brackets and arguments in each other
};

/// For the texts that `with_values` makes of those that people wrote: values can be long.
inline constexpr ParseLimits kStoredLimits{
    .text_bytes_max = 64 * 1024, .nodes_max = 4'096, .depth_max = 200, .nesting_max = 128};

/// The variables of one evaluation, by name. A Json is referred to and must outlive the evaluation.
class Bindings {
 public:
  Bindings() = default;
  Bindings& set(std::string_view name, const Json& json) { return set(name, Value::of(json)); }
  Bindings& set(std::string_view name, Json&& json) = delete;
  Bindings& set(std::string_view name, Value value);

  const Value* find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, Value>> variables_;
};

struct EvaluateOptions {
  Mode mode = Mode::kInngest;
  /// What now() says: milliseconds since 1970.
  std::int64_t now_unix_ms = 0;
  Limits limits = {};
};

/// What `check` is to refuse.
struct CheckOptions {
  Mode mode = Mode::kInngest;
  std::vector<std::string> variables = {"event", "async", "vars"};
  /// Only comparisons, logic, arithmetic, conversions of numbers and functions of dates: what
  /// Inngest allows in the `if` of a cancellation.
  bool is_plain_logic = false;
};

/// The way from a variable to a field: {"event", "data", "id"}. An index by a text is a name too.
using Path = std::vector<std::string>;
/// "event.data.id"
std::string to_text(const Path& path);

/// One term of a conjunction that says: the value at `path` equals `value`, or that at `other`.
/// Exactly one of the two is there. The value is null, a bool, a text or a number of at most 2^53.
/// Null also holds for a field that is not there.
struct Equality {
  Path path;
  std::optional<Json> value;
  std::optional<Path> other;

  friend bool operator==(const Equality&, const Equality&) = default;
};

/// What can be looked up in an index before an expression is evaluated.
struct Equalities {
  std::vector<Equality> found;
  /// Whether the expression says nothing else: where all of `found` hold, it is true.
  bool is_all = false;
};

class Expression {
 public:
  /// kBadRequest says at which line and column what was expected, or which limit is passed.
  static Result<Expression> parse(std::string_view text, const ParseLimits& limits = {});

  /// Refuses functions that there are not, or not in this mode, and variables that there are not.
  /// kBadRequest says where. An expression that passes can still fail for its data.
  Result<> check(const CheckOptions& options) const;

  /// The value, which refers to nothing. kUnprocessableContent: the data does not fit the
  /// expression (no such field, no such overload, overflow), with line and column.
  /// kPayloadTooLarge: the limits are passed.
  Result<Value> evaluate(const Bindings& bindings, const EvaluateOptions& options = {}) const;
  /// Whether it is true. Null is not; any other value than a bool is kUnprocessableContent.
  Result<bool> matches(const Bindings& bindings, const EvaluateOptions& options = {}) const;

  /// The terms of the outermost && that an index can answer: `a.b == literal` and `a.b == c.d`, in
  /// either order.
  Equalities equalities() const;

  /// The expression with the values of `variable` put in as literals: event.data.id becomes
  /// "ab_1", a field that is not there null. Terms of the outermost && that are then known to be
  /// true are left out; if one is known to be false, so is the whole. For kInngest's mode.
  /// kPayloadTooLarge: its text would pass kStoredLimits.
  Result<Expression> with_values(std::string_view variable, const Json& value) const;

  /// The canonical text: parsed (within kStoredLimits), it is an expression that is the same.
  std::string to_text() const;

  /// Whether both are the same but for spaces, parentheses and ways to write literals.
  friend bool operator==(const Expression& left, const Expression& right);

 private:
  explicit Expression(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;
};

}  // namespace synap::cel

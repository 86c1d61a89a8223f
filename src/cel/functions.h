// The functions that an expression may call, in tables. Private to the room.
//
// A function is found when the expression is parsed, by its name, its way of being called and how
// many arguments it is given. What kinds these are it looks at itself: an Error with a message that
// says what it does not take. The target of a member call is its first argument.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cel/ast.h"
#include "cel/budget.h"
#include "cel/expression.h"
#include "cel/value.h"

namespace synap::cel {

/// What one evaluation is about, handed to all that takes part in it.
struct Context {
  const EvaluateOptions& options;
  Budget& budget;

  bool is_loose() const { return options.mode == Mode::kInngest; }
};

struct Call {
  std::span<const Value> arguments;
  Context& context;
  const Node& node;

  const Value& operator[](std::size_t at) const { return arguments[at]; }
  std::size_t size() const { return arguments.size(); }
  Budget& budget() const { return context.budget; }
};

enum class Style : std::uint8_t { kGlobal, kMember, kEither };

/// What a function is to CEL's type system and Inngest's rules.
enum class Nature : std::uint8_t {
  kPlain,
  kPredicate,   // false for what is missing
  kConversion,  // of numbers: allowed as plain logic
  kDate,        // allowed as plain logic
};

struct Function {
  std::string_view name;
  Style style = Style::kGlobal;
  std::uint8_t arguments_min = 1;  // with the target
  std::uint8_t arguments_max = 1;
  Result<Value> (*body)(const Call& call) = nullptr;
  Nature nature = Nature::kPlain;
  bool is_inngest = false;  // only in Inngest's mode
};

inline constexpr std::uint8_t kAnyNumber = 255;

// One table of each source of functions.
std::span<const Function> conversion_functions();
std::span<const Function> text_functions();
std::span<const Function> string_functions();
std::span<const Function> math_functions();
std::span<const Function> time_functions();
std::span<const Function> inngest_functions();

// Bodies of more than one table.
Result<Value> lower_ascii(const Call& call);
Result<Value> upper_ascii(const Call& call);

/// Sets node.function of a call, and node.pattern of a matches() with a literal.
void resolve_function(Node& call);
/// Whether there is one, however it is called.
bool is_function_name(std::string_view name);

/// An error of an evaluation: kUnprocessableContent.
std::unexpected<Error> fail_evaluation(std::string message);
/// "no such overload: size(int)"
std::unexpected<Error> no_overload(std::string_view what, std::span<const Value> arguments);
inline std::unexpected<Error> no_overload(const Call& call) {
  return no_overload(call.node.name, call.arguments);
}

/// A text that was made here: it counts.
Value made_string(Context& context, std::string text);

/// Compiled within bounds; nullptr if it is no pattern, or too large a one.
std::shared_ptr<const re2::RE2> compile_pattern(std::string_view text);

}  // namespace synap::cel

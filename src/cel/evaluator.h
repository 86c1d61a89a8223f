// Evaluator: walks a tree once, within a budget. Private to the room.
#pragma once

#include <string_view>

#include "base/status.h"
#include "cel/ast.h"
#include "cel/functions.h"
#include "cel/value.h"

namespace synap::cel {

/// The variables of the macros around a node, the innermost first. Lives on the stack.
struct Scope {
  std::string_view name;
  const Value& value;
  const Scope* outer;
};

/// One thread, one evaluation. Errors are those of Expression::evaluate.
class Evaluator {
 public:
  Evaluator(const Bindings& bindings, Context context) : bindings_(bindings), context_(context) {}

  Result<Value> evaluate(const Node& node, const Scope* scope);

 private:
  Result<Value> dispatch(const Node& node, const Scope* scope);
  Result<Value> identifier(const Node& node, const Scope* scope);
  Result<Value> select(const Node& node, const Scope* scope);
  Result<Value> has(const Node& node, const Scope* scope);
  Result<Value> index(const Node& node, const Scope* scope);
  Result<Value> unary(const Node& node, const Scope* scope);
  Result<Value> binary(const Node& node, const Scope* scope);
  Result<Value> logic(const Node& node, const Scope* scope);
  Result<Value> loose_logic(const Node& node, const Scope* scope);
  Result<Value> conditional(const Node& node, const Scope* scope);
  Result<Value> call(const Node& node, const Scope* scope);
  Result<Value> list(const Node& node, const Scope* scope);
  Result<Value> map(const Node& node, const Scope* scope);

  // macros.cpp
  struct Loop;
  Result<Value> macro(const Node& node, const Scope* scope);
  Result<Value> quantifier(const Loop& loop);
  Result<Value> exists_one(const Loop& loop);
  Result<Value> collect(const Loop& loop);
  Result<Value> collect_map(const Loop& loop);
  Result<Value> evaluate_in(const Loop& loop, std::size_t at, const Node& node);
  Result<bool> holds(const Loop& loop, std::size_t at, const Node& condition);

  /// An argument: in Inngest's mode what went wrong in it is missing.
  Result<Value> argument(const Node& node, const Scope* scope);
  std::unexpected<Error> exhausted(const Node& node) const;

  const Bindings& bindings_;
  Context context_;
};

/// Whether this error ends the evaluation whatever is around it.
bool is_final(const Error& error);

}  // namespace synap::cel

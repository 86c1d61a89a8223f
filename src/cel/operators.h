// Operators on values: as CEL has them, and as Inngest's mode has them. Private to the room.
#pragma once

#include "base/status.h"
#include "cel/ast.h"
#include "cel/functions.h"
#include "cel/value.h"

namespace synap::cel {

// CEL's own. No argument is missing.
Result<Value> apply_unary(Operation operation, const Value& operand);
Result<Value> apply_binary(Operation operation, const Value& left, const Value& right,
                           Context& context);
/// The element of a list or the value of a map; an error if there is none.
Result<Value> apply_index(const Value& container, const Value& key, Context& context);

// Inngest's. Errors of arguments have become missing values before.
Result<Value> apply_unary_loosely(Operation operation, const Value& operand);
Result<Value> apply_binary_loosely(Operation operation, const Value& left, const Value& right,
                                   Context& context);
Result<Value> call_loosely(const Call& call);

}  // namespace synap::cel

#include "cel/expression.h"

#include <fmt/format.h>

#include <limits>

#include "cel/ast.h"
#include "cel/compare.h"
#include "cel/evaluator.h"
#include "cel/parser.h"

namespace synap::cel {

Bindings& Bindings::set(std::string_view name, Value value) {
  for (auto& [known, old] : variables_) {
    if (known == name) {
      old = std::move(value);
      return *this;
    }
  }
  variables_.emplace_back(name, std::move(value));
  return *this;
}

const Value* Bindings::find(std::string_view name) const {
  for (const auto& [known, value] : variables_) {
    if (known == name) return &value;
  }
  return nullptr;
}

Result<Expression> Expression::parse(std::string_view text, const ParseLimits& limits) {
  auto root = parse_tree(text, limits);
  if (!root) return fail(std::move(root.error()));
  return Expression(std::make_shared<const Node>(std::move(*root)));
}

namespace {

// What comes out may be a good part of an event, which costs nothing while it is only looked at.
constexpr std::int64_t kResultBytesFactor = 8;

Result<Value> owned(const Value& value, const Limits& limits) {
  Budget budget({.steps_max = std::numeric_limits<std::int64_t>::max(),
                 .bytes_max = limits.bytes_max * kResultBytesFactor});
  auto owned = value.owned(budget);
  if (!budget.is_exhausted()) return owned;
  return fail(Code::kPayloadTooLarge,
              fmt::format("the value of the expression takes more than {} bytes",
                          limits.bytes_max * kResultBytesFactor));
}

}  // namespace

Result<Value> Expression::evaluate(const Bindings& bindings, const EvaluateOptions& options) const {
  Budget budget(options.limits);
  const auto value = Evaluator(bindings, Context{options, budget}).evaluate(*root_, nullptr);
  if (!value) return value;
  return owned(*value, options.limits);
}

Result<bool> Expression::matches(const Bindings& bindings, const EvaluateOptions& options) const {
  Budget budget(options.limits);
  const auto value = Evaluator(bindings, Context{options, budget}).evaluate(*root_, nullptr);
  if (!value) return fail(value.error());
  if (value->is_nothing()) return false;
  if (value->is(Kind::kBool)) return value->as_bool();
  return fail(Code::kUnprocessableContent,
              fmt::format("the expression is to be true or false, it is of type {}",
                          type_name(value->kind())));
}

std::string Expression::to_text() const {
  return text_of(*root_);
}

namespace {

bool are_same_literals(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  // 0.0 and -0.0 are equal, and not the same.
  if (left.is(Kind::kDouble)) return text_of(Node{.value = left}) == text_of(Node{.value = right});
  Budget budget({});
  return equal(left, right, budget);
}

}  // namespace

bool is_same(const Node& left, const Node& right) {
  if (left.kind != right.kind || left.name != right.name || left.second_name != right.second_name ||
      left.is_member != right.is_member || left.children.size() != right.children.size()) {
    return false;
  }
  if (left.operation != right.operation || left.macro != right.macro) return false;
  if (left.kind == NodeKind::kLiteral && !are_same_literals(left.value, right.value)) return false;
  for (std::size_t at = 0; at < left.children.size(); ++at) {
    if (!is_same(left.children[at], right.children[at])) return false;
  }
  return true;
}

bool operator==(const Expression& left, const Expression& right) {
  return is_same(*left.root_, *right.root_);
}

}  // namespace synap::cel

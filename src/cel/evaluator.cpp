#include "cel/evaluator.h"

#include <array>
#include <limits>

#include "cel/compare.h"
#include "cel/operators.h"

namespace synap::cel {
namespace {

// Says where, unless the error comes from further inside and has said it.
Result<Value> placed(const Node& node, Result<Value> result) {
  if (!result && !is_final(result.error())) {
    result.error().message = fmt::format("{}: {}", to_text(node.place), result.error().message);
  }
  return result;
}

std::unexpected<Error> fail_there(const Node& node, std::string_view message) {
  return fail_evaluation(fmt::format("{}: {}", to_text(node.place), message));
}

}  // namespace

bool is_final(const Error& error) {
  return error.code == Code::kPayloadTooLarge;
}

std::unexpected<Error> Evaluator::exhausted(const Node& node) const {
  const auto& limits = context_.options.limits;
  return fail(Code::kPayloadTooLarge,
              context_.budget.has_steps()
                  ? fmt::format("{}: the expression makes more than {} bytes of texts and lists",
                                to_text(node.place), limits.bytes_max)
                  : fmt::format("{}: the expression takes more than {} steps on this data",
                                to_text(node.place), limits.steps_max));
}

Result<Value> Evaluator::evaluate(const Node& node, const Scope* scope) {
  if (!context_.budget.spend(1)) return exhausted(node);
  auto result = dispatch(node, scope);
  if (context_.budget.is_exhausted() && (result || !is_final(result.error()))) {
    return exhausted(node);
  }
  return result;
}

Result<Value> Evaluator::dispatch(const Node& node, const Scope* scope) {
  switch (node.kind) {
    case NodeKind::kLiteral:
      return node.value;
    case NodeKind::kIdentifier:
      return identifier(node, scope);
    case NodeKind::kSelect:
      return select(node, scope);
    case NodeKind::kHas:
      return has(node, scope);
    case NodeKind::kIndex:
      return index(node, scope);
    case NodeKind::kUnary:
      return unary(node, scope);
    case NodeKind::kBinary:
      return binary(node, scope);
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return context_.is_loose() ? loose_logic(node, scope) : logic(node, scope);
    case NodeKind::kConditional:
      return conditional(node, scope);
    case NodeKind::kCall:
      return call(node, scope);
    case NodeKind::kList:
      return list(node, scope);
    case NodeKind::kMap:
      return map(node, scope);
    case NodeKind::kMacro:
      return macro(node, scope);
  }
  return Value();
}

Result<Value> Evaluator::argument(const Node& node, const Scope* scope) {
  auto value = evaluate(node, scope);
  if (!value && context_.is_loose() && !is_final(value.error())) return Value::missing();
  return value;
}

Result<Value> Evaluator::identifier(const Node& node, const Scope* scope) {
  for (; scope != nullptr; scope = scope->outer) {
    if (scope->name == node.name) return scope->value;
  }
  if (const auto* bound = bindings_.find(node.name)) return *bound;
  if (const auto type = type_named(node.name)) return Value(*type);
  if (context_.is_loose()) return Value::missing();
  return fail_there(node, fmt::format("there is no variable {}", node.name));
}

Result<Value> Evaluator::select(const Node& node, const Scope* scope) {
  const auto operand = argument(node.children[0], scope);
  if (!operand) return operand;
  if (operand->is(Kind::kMap)) {
    auto found = operand->as_map().find(node.name, context_.budget);
    if (found) return *found;
    if (context_.is_loose()) return Value::missing();
    return fail_there(node, fmt::format("no such key: {}", node.name));
  }
  if (context_.is_loose()) return Value::missing();
  return placed(node, no_overload("." + node.name, std::array{*operand}));
}

Result<Value> Evaluator::has(const Node& node, const Scope* scope) {
  const auto operand = argument(node.children[0], scope);
  if (!operand) return operand;
  if (operand->is(Kind::kMap)) {
    return Value(operand->as_map().find(node.name, context_.budget).has_value());
  }
  if (context_.is_loose()) return Value(false);
  return placed(node, no_overload("has", std::array{*operand}));
}

Result<Value> Evaluator::index(const Node& node, const Scope* scope) {
  const auto container = argument(node.children[0], scope);
  if (!container) return container;
  const auto key = argument(node.children[1], scope);
  if (!key) return key;
  auto found = apply_index(*container, *key, context_);
  if (!found && context_.is_loose()) return Value::missing();
  return placed(node, std::move(found));
}

Result<Value> Evaluator::unary(const Node& node, const Scope* scope) {
  const auto operand = argument(node.children[0], scope);
  if (!operand) return operand;
  return placed(node, context_.is_loose() ? apply_unary_loosely(node.operation, *operand)
                                          : apply_unary(node.operation, *operand));
}

Result<Value> Evaluator::binary(const Node& node, const Scope* scope) {
  const auto left = argument(node.children[0], scope);
  if (!left) return left;
  const auto right = argument(node.children[1], scope);
  if (!right) return right;
  return placed(node, context_.is_loose()
                          ? apply_binary_loosely(node.operation, *left, *right, context_)
                          : apply_binary(node.operation, *left, *right, context_));
}

// CEL's && and ||: a term that decides does so wherever it stands, errors beside it do not count.
Result<Value> Evaluator::logic(const Node& node, const Scope* scope) {
  const bool decisive = node.kind == NodeKind::kOr;
  std::optional<Error> failed;
  for (const auto& child : node.children) {
    auto term = evaluate(child, scope);
    if (term && !term->is(Kind::kBool)) {
      term = placed(child, no_overload(decisive ? "||" : "&&", std::array{*term}));
    }
    if (!term) {
      if (is_final(term.error())) return term;
      if (!failed) failed = std::move(term.error());
    } else if (term->as_bool() == decisive) {
      return term;
    }
  }
  if (failed) return fail(std::move(*failed));
  return Value(!decisive);
}

// Inngest's: as JavaScript has them, the value of the term that decides. An error is not true.
Result<Value> Evaluator::loose_logic(const Node& node, const Scope* scope) {
  const bool decisive = node.kind == NodeKind::kOr;
  Result<Value> term;
  for (const auto& child : node.children) {
    term = evaluate(child, scope);
    if (!term && is_final(term.error())) return term;
    if ((term && is_truthy(*term)) == decisive) return term;
  }
  return term;
}

Result<Value> Evaluator::conditional(const Node& node, const Scope* scope) {
  const auto condition = evaluate(node.children[0], scope);
  if (!condition) return condition;
  if (!context_.is_loose() && !condition->is(Kind::kBool)) {
    return placed(node, no_overload("?:", std::array{*condition}));
  }
  return evaluate(node.children[is_truthy(*condition) ? 1 : 2], scope);
}

Result<Value> Evaluator::call(const Node& node, const Scope* scope) {
  const bool is_known =
      node.function != nullptr && (context_.is_loose() || !node.function->is_inngest);
  if (!is_known) {
    return fail_there(node, fmt::format("there is no function {} of {} arguments", node.name,
                                        node.children.size() - (node.is_member ? 1 : 0)));
  }
  std::vector<Value> arguments;
  arguments.reserve(node.children.size());
  for (const auto& child : node.children) {
    auto value = argument(child, scope);
    if (!value) return value;
    arguments.push_back(std::move(*value));
  }
  const Call call{arguments, context_, node};
  return placed(node, context_.is_loose() ? call_loosely(call) : node.function->body(call));
}

Result<Value> Evaluator::list(const Node& node, const Scope* scope) {
  std::vector<Value> items;
  if (!context_.budget.make(static_cast<std::int64_t>(node.children.size() * sizeof(Value)))) {
    return exhausted(node);
  }
  items.reserve(node.children.size());
  for (const auto& child : node.children) {
    auto item = argument(child, scope);
    if (!item) return item;
    items.push_back(std::move(*item));
  }
  return Value(List(std::move(items)));
}

Result<Value> Evaluator::map(const Node& node, const Scope* scope) {
  std::vector<Map::Entry> entries;
  if (!context_.budget.make(static_cast<std::int64_t>(node.children.size() * sizeof(Value)))) {
    return exhausted(node);
  }
  entries.reserve(node.children.size() / 2);
  for (std::size_t at = 0; at < node.children.size(); at += 2) {
    auto key = evaluate(node.children[at], scope);
    if (!key) return key;
    const bool is_key = key->is(Kind::kBool) || key->is(Kind::kInt) || key->is(Kind::kUint) ||
                        key->is(Kind::kString);
    if (!is_key) return fail_there(node.children[at], "unsupported key type");
    for (const auto& [other, value] : entries) {
      if (context_.budget.spend(1) && equal(other, *key, context_.budget)) {
        return fail_there(node.children[at], "the key is there twice");
      }
    }
    auto value = argument(node.children[at + 1], scope);
    if (!value) return value;
    entries.emplace_back(std::move(*key), std::move(*value));
  }
  return Value(Map(std::move(entries)));
}

}  // namespace synap::cel

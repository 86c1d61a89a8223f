// Expression::with_values: the values of one variable become literals.
#include <fmt/format.h>

#include <span>

#include "cel/ast.h"
#include "cel/evaluator.h"
#include "cel/expression.h"
#include "cel/functions.h"
#include "cel/parser.h"

namespace synap::cel {
namespace {

// What a part of the tree has become: itself, rebuilt, or a value of the variable that is still to
// be selected from. The latter becomes a literal where nothing more is selected, so that not the
// whole event is written out for one field of it.
struct Part {
  Node node;
  std::optional<Value> value;
};

Node literal_node(const Value& value, Place place) {
  Node node;
  node.kind = NodeKind::kLiteral;
  node.place = place;
  if (value.is(Kind::kList)) {
    node.kind = NodeKind::kList;
    for (std::size_t at = 0; at < value.as_list().size(); ++at) {
      node.children.push_back(literal_node(value.as_list().at(at), place));
    }
  } else if (value.is(Kind::kMap)) {
    node.kind = NodeKind::kMap;
    for (std::size_t at = 0; at < value.as_map().size(); ++at) {
      const auto [key, item] = value.as_map().at(at);
      node.children.push_back(literal_node(key, place));
      node.children.push_back(literal_node(item, place));
    }
  } else {
    node.value = value.owned();
  }
  return node;
}

class Substitution {
 public:
  Substitution(std::string_view variable, const Json& value) : variable_(variable), value_(value) {}

  /// `is_hidden`: a macro around has a variable of this name. Nothing where the text would be too
  /// long, or selecting takes too much.
  std::optional<Node> apply(const Node& node, bool is_hidden) {
    auto part = rebuild(node, is_hidden);
    if (budget_.is_exhausted()) return std::nullopt;
    return settled(std::move(part), node.place);
  }

 private:
  std::optional<Node> settled(Part part, Place place) {
    if (!part.value) return std::move(part.node);
    // About what the text will have, before any of it is made.
    const auto bytes = part.value->is(Kind::kList) || part.value->is(Kind::kMap)
                           ? json_bytes(part.value->to_json())
                       : part.value->is(Kind::kString) ? part.value->as_string().size()
                                                       : 8;
    if (!budget_.make(static_cast<std::int64_t>(bytes))) return std::nullopt;
    return literal_node(*part.value, place);
  }

  Part rebuild(const Node& node, bool is_hidden) {
    if (node.kind == NodeKind::kIdentifier && !is_hidden && node.name == variable_) {
      return {node, Value::of(value_)};
    }
    if (node.kind == NodeKind::kSelect || node.kind == NodeKind::kHas ||
        (node.kind == NodeKind::kIndex && node.children[1].kind == NodeKind::kLiteral)) {
      return selected(node, is_hidden);
    }
    return {with_children(node, is_hidden), std::nullopt};
  }

  Part selected(const Node& node, bool is_hidden) {
    auto operand = rebuild(node.children[0], is_hidden);
    if (!operand.value) return {with_children(node, is_hidden), std::nullopt};
    // As the evaluator has it in Inngest's mode: what is not there is null.
    const auto key =
        node.kind == NodeKind::kIndex ? node.children[1].value : Value(Text{{}, node.name});
    const auto found = element(*operand.value, key);
    if (node.kind == NodeKind::kHas) return {node, Value(found.has_value())};
    return {node, found.value_or(Value())};
  }

  std::optional<Value> element(const Value& container, const Value& key) {
    if (container.is(Kind::kMap)) return container.as_map().find(key, budget_);
    if (!container.is(Kind::kList) || !key.is(Kind::kInt)) return std::nullopt;
    const auto index = static_cast<std::uint64_t>(key.as_int());
    if (key.as_int() < 0 || index >= container.as_list().size()) return std::nullopt;
    return container.as_list().at(index);
  }

  Node with_children(const Node& node, bool is_hidden) {
    auto made = node;
    made.children.clear();
    const bool hides =
        node.kind == NodeKind::kMacro && (node.name == variable_ || node.second_name == variable_);
    for (std::size_t at = 0; at < node.children.size(); ++at) {
      auto child = apply(node.children[at], is_hidden || (hides && at > 0));
      made.children.push_back(child ? std::move(*child) : Node{});
    }
    return made;
  }

  std::string_view variable_;
  const Json& value_;
  Budget budget_{
      {.steps_max = 100'000, .bytes_max = static_cast<std::int64_t>(kStoredLimits.text_bytes_max)}};
};

// Whether it has one value whenever it is asked: no variable, no clock.
bool is_constant(const Node& node) {
  if (node.kind == NodeKind::kIdentifier || node.kind == NodeKind::kMacro) return false;
  if (node.function != nullptr && node.function->nature == Nature::kDate) return false;
  for (const auto& child : node.children) {
    if (!is_constant(child)) return false;
  }
  return true;
}

std::optional<bool> constant_truth(const Node& node) {
  if (!is_constant(node)) return std::nullopt;
  const Bindings none;
  const EvaluateOptions options{};
  Budget budget(options.limits);
  const auto value = Evaluator(none, Context{options, budget}).evaluate(node, nullptr);
  // Null and texts are left: what an && is then worth is one of its terms.
  if (!value || !value->is(Kind::kBool)) return std::nullopt;
  return value->as_bool();
}

Node bool_node(bool value, Place place) {
  return literal_node(Value(value), place);
}

// Whether it is a bool, or missing, whatever the data.
bool is_bool(const Node& node) {
  if (node.kind == NodeKind::kHas) return true;
  if (node.kind == NodeKind::kUnary) return node.operation == Operation::kNot;
  if (node.kind != NodeKind::kBinary) return false;
  return node.operation >= Operation::kEqual && node.operation <= Operation::kIn;
}

// Only in a chain of && at the top: there a term that is true changes nothing, unless it is the
// last and so the value of the chain, which the term before it would not be.
Node folded(Node node) {
  if (node.kind != NodeKind::kAnd) {
    const auto truth = constant_truth(node);
    return truth ? bool_node(*truth, node.place) : node;
  }
  std::vector<Node> kept;
  bool was_last_true = false;
  for (auto& child : node.children) {
    const auto truth = constant_truth(child);
    if (truth && !*truth) return bool_node(false, node.place);
    was_last_true = truth.has_value();
    if (!truth) kept.push_back(std::move(child));
  }
  if (was_last_true && !kept.empty() && !is_bool(kept.back())) {
    kept.push_back(bool_node(true, node.place));
  }
  if (kept.empty()) return bool_node(true, node.place);
  if (kept.size() == 1) return std::move(kept.front());
  node.children = std::move(kept);
  return node;
}

}  // namespace

Result<Expression> Expression::with_values(std::string_view variable, const Json& value) const {
  auto node = Substitution(variable, value).apply(*root_, false);
  auto text = node ? text_of(folded(std::move(*node))) : std::string();
  if (!node || text.size() > kStoredLimits.text_bytes_max) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("with the values of {} the expression has more than {} bytes", variable,
                            kStoredLimits.text_bytes_max));
  }
  // By way of its text: what is stored is then what was made.
  auto made = parse(text, kStoredLimits);
  if (!made) return fail(Code::kPayloadTooLarge, made.error().message);
  return made;
}

}  // namespace synap::cel

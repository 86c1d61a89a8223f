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
  const Json* value = nullptr;
};

const Json kNothing;
const Json kTrue(true);
const Json kFalse(false);

Node literal_node(const Json& json, Place place) {
  Node node;
  node.place = place;
  if (json.is_array()) {
    node.kind = NodeKind::kList;
    for (const auto& item : json.as_array()) node.children.push_back(literal_node(item, place));
  } else if (json.is_object()) {
    node.kind = NodeKind::kMap;
    for (const auto& [key, item] : json.as_object()) {
      node.children.push_back(literal_node(Json(key), place));
      node.children.push_back(literal_node(item, place));
    }
  } else if (json.is_string()) {
    node.value = Value::string(json.as_string());
  } else {
    node.value = Value::of(json);
  }
  return node;
}

// What Inngest's mode finds there; nullptr where nothing is.
const Json* element(const Json& container, const Value& key) {
  if (key.is(Kind::kString)) return container.find(key.as_string());
  if (!container.is_array() || !key.is(Kind::kInt)) return nullptr;
  const auto& items = container.as_array();
  const auto index = static_cast<std::uint64_t>(key.as_int());  // a negative one is large
  return index < items.size() ? &items[index] : nullptr;
}

class Substitution {
 public:
  Substitution(std::string_view variable, const Json& value) : variable_(variable), value_(value) {}

  /// `is_hidden`: a macro around has a variable of this name. Anything where is_too_long.
  Node apply(const Node& node, bool is_hidden) {
    if (is_too_long()) return {};
    auto part = rebuild(node, is_hidden);
    if (part.value == nullptr) return std::move(part.node);
    // About what the text will have, before any of it is made.
    bytes_ += json_bytes(*part.value);
    return is_too_long() ? Node{} : literal_node(*part.value, node.place);
  }

  bool is_too_long() const { return bytes_ > kStoredLimits.text_bytes_max; }

 private:
  Part rebuild(const Node& node, bool is_hidden) {
    if (node.kind == NodeKind::kIdentifier && !is_hidden && node.name == variable_) {
      return {{}, &value_};
    }
    const bool is_selection =
        node.kind == NodeKind::kSelect || node.kind == NodeKind::kHas ||
        (node.kind == NodeKind::kIndex && node.children[1].kind == NodeKind::kLiteral);
    if (!is_selection) return {with_children(node, is_hidden)};
    auto operand = rebuild(node.children[0], is_hidden);
    if (operand.value == nullptr) {
      auto made = node;
      made.children[0] = std::move(operand.node);
      return {std::move(made)};
    }
    const auto key =
        node.kind == NodeKind::kIndex ? node.children[1].value : Value(Text{{}, node.name});
    const auto* found = element(*operand.value, key);
    if (node.kind == NodeKind::kHas) return {{}, found != nullptr ? &kTrue : &kFalse};
    return {{}, found != nullptr ? found : &kNothing};
  }

  Node with_children(const Node& node, bool is_hidden) {
    auto made = node;
    const bool hides =
        node.kind == NodeKind::kMacro && (node.name == variable_ || node.second_name == variable_);
    for (std::size_t at = 0; at < node.children.size(); ++at) {
      made.children[at] = apply(node.children[at], is_hidden || (hides && at > 0));
    }
    return made;
  }

  std::string_view variable_;
  const Json& value_;
  std::size_t bytes_ = 0;
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
  return literal_node(Json(value), place);
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
  Substitution substitution(variable, value);
  auto node = substitution.apply(*root_, false);
  auto text = substitution.is_too_long() ? std::string() : text_of(folded(std::move(node)));
  if (substitution.is_too_long() || text.size() > kStoredLimits.text_bytes_max) {
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

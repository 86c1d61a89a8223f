// The canonical text of a tree.
#include <fmt/format.h>

#include <cmath>

#include "cel/ast.h"
#include "cel/literal.h"

namespace synap::cel {
namespace {

// How tightly the levels of the grammar bind, from the loosest.
enum Level : int {
  kConditionalLevel = 1,
  kOrLevel,
  kAndLevel,
  kRelationLevel,
  kSumLevel,
  kProductLevel,
  kUnaryLevel,
  kMemberLevel,
};

int precedence_of(Operation operation) {
  switch (operation) {
    case Operation::kNot:
    case Operation::kNegate:
      return kUnaryLevel;
    case Operation::kAdd:
    case Operation::kSubtract:
      return kSumLevel;
    case Operation::kMultiply:
    case Operation::kDivide:
    case Operation::kModulo:
      return kProductLevel;
    default:
      return kRelationLevel;
  }
}

// The fewest digits that read back as the same double, and always one sign that it is one.
std::string double_text(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string literal_text(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool:
      return value.as_bool() ? "true" : "false";
    case Kind::kInt:
      return fmt::format("{}", value.as_int());
    case Kind::kUint:
      return fmt::format("{}u", value.as_uint());
    case Kind::kDouble:
      return double_text(value.as_double());
    case Kind::kString:
      return quoted(value.as_string());
    case Kind::kBytes:
      return quoted_bytes(value.as_bytes());
    default:
      return "null";
  }
}

bool is_plain_name(std::string_view name) {
  // A quoted name may have what no plain one has; "in" and the literals are words of the grammar.
  if (name == "in" || name == "true" || name == "false" || name == "null") return false;
  return name.find_first_of(".-/ ") == std::string_view::npos && !name.empty() &&
         (name.front() < '0' || name.front() > '9');
}

// Whether the text begins with a number, which a "-" before it would become part of.
bool begins_with_number(const Node& node) {
  switch (node.kind) {
    case NodeKind::kLiteral:
      return node.value.is_number();
    case NodeKind::kSelect:
    case NodeKind::kIndex:
    case NodeKind::kMacro:
      return begins_with_number(node.children[0]);
    case NodeKind::kCall:
      return node.is_member && begins_with_number(node.children[0]);
    default:
      return false;
  }
}

class Printer {
 public:
  void print(const Node& node);
  std::string take() { return std::move(out_); }

 private:
  void child(const Node& node, int level);
  void list(const Node& node, std::size_t from, std::string_view separator, int level);
  void field(std::string_view name);
  void call(const Node& node);
  void macro(const Node& node);
  void map(const Node& node);
  void unary(const Node& node);

  std::string out_;
};

void Printer::child(const Node& node, int level) {
  const bool is_wrapped = precedence(node) < level;
  if (is_wrapped) out_ += '(';
  print(node);
  if (is_wrapped) out_ += ')';
}

void Printer::list(const Node& node, std::size_t from, std::string_view separator, int level) {
  for (auto at = from; at < node.children.size(); ++at) {
    if (at > from) out_ += separator;
    child(node.children[at], level);
  }
}

void Printer::field(std::string_view name) {
  out_ += '.';
  if (is_plain_name(name)) {
    out_ += name;
  } else {
    out_ += fmt::format("`{}`", name);
  }
}

void Printer::call(const Node& node) {
  if (node.is_member) {
    child(node.children[0], kMemberLevel);
    out_ += '.';
  }
  out_ += node.name;
  out_ += '(';
  list(node, node.is_member ? 1 : 0, ", ", kConditionalLevel);
  out_ += ')';
}

void Printer::macro(const Node& node) {
  child(node.children[0], kMemberLevel);
  out_ += fmt::format(".{}({}", name_of(node.macro), node.name);
  if (!node.second_name.empty()) out_ += ", " + node.second_name;
  out_ += ", ";
  list(node, 1, ", ", kConditionalLevel);
  out_ += ')';
}

void Printer::map(const Node& node) {
  out_ += '{';
  for (std::size_t at = 0; at < node.children.size(); at += 2) {
    if (at > 0) out_ += ", ";
    print(node.children[at]);
    out_ += ": ";
    print(node.children[at + 1]);
  }
  out_ += '}';
}

void Printer::unary(const Node& node) {
  const auto& operand = node.children[0];
  out_ += symbol(node.operation);
  const bool is_negation = node.operation == Operation::kNegate;
  child(operand, is_negation && begins_with_number(operand) ? kMemberLevel + 1 : kUnaryLevel);
}

void Printer::print(const Node& node) {
  switch (node.kind) {
    case NodeKind::kLiteral:
      out_ += literal_text(node.value);
      return;
    case NodeKind::kIdentifier:
      out_ += node.name;
      return;
    case NodeKind::kSelect:
      child(node.children[0], kMemberLevel);
      return field(node.name);
    case NodeKind::kHas:
      out_ += "has(";
      child(node.children[0], kMemberLevel);
      field(node.name);
      out_ += ')';
      return;
    case NodeKind::kIndex:
      child(node.children[0], kMemberLevel);
      out_ += '[';
      print(node.children[1]);
      out_ += ']';
      return;
    case NodeKind::kUnary:
      return unary(node);
    case NodeKind::kBinary:
      child(node.children[0], precedence(node));
      out_ += fmt::format(" {} ", symbol(node.operation));
      return child(node.children[1], precedence(node) + 1);
    case NodeKind::kAnd:
      return list(node, 0, " && ", kAndLevel + 1);
    case NodeKind::kOr:
      return list(node, 0, " || ", kOrLevel + 1);
    case NodeKind::kConditional:
      child(node.children[0], kOrLevel);
      out_ += " ? ";
      child(node.children[1], kOrLevel);
      out_ += " : ";
      return child(node.children[2], kConditionalLevel);
    case NodeKind::kCall:
      return call(node);
    case NodeKind::kList:
      out_ += '[';
      list(node, 0, ", ", kConditionalLevel);
      out_ += ']';
      return;
    case NodeKind::kMap:
      return map(node);
    case NodeKind::kMacro:
      return macro(node);
  }
}

}  // namespace

std::string_view symbol(Operation operation) {
  switch (operation) {
    case Operation::kNot:
      return "!";
    case Operation::kNegate:
      return "-";
    case Operation::kEqual:
      return "==";
    case Operation::kNotEqual:
      return "!=";
    case Operation::kLess:
      return "<";
    case Operation::kLessOrEqual:
      return "<=";
    case Operation::kGreater:
      return ">";
    case Operation::kGreaterOrEqual:
      return ">=";
    case Operation::kIn:
      return "in";
    case Operation::kAdd:
      return "+";
    case Operation::kSubtract:
      return "-";
    case Operation::kMultiply:
      return "*";
    case Operation::kDivide:
      return "/";
    case Operation::kModulo:
      return "%";
  }
  return "";
}

std::string_view name_of(Macro macro) {
  switch (macro) {
    case Macro::kAll:
      return "all";
    case Macro::kExists:
      return "exists";
    case Macro::kExistsOne:
      return "exists_one";
    case Macro::kFilter:
      return "filter";
    case Macro::kMap:
      return "map";
    case Macro::kTransformList:
      return "transformList";
    case Macro::kTransformMap:
      return "transformMap";
  }
  return "";
}

int precedence(const Node& node) {
  switch (node.kind) {
    case NodeKind::kConditional:
      return kConditionalLevel;
    case NodeKind::kOr:
      return kOrLevel;
    case NodeKind::kAnd:
      return kAndLevel;
    case NodeKind::kUnary:
    case NodeKind::kBinary:
      return precedence_of(node.operation);
    default:
      return kMemberLevel;
  }
}

std::string text_of(const Node& node) {
  Printer printer;
  printer.print(node);
  return printer.take();
}

std::string to_text(Place place) {
  return fmt::format("line {}, column {}", place.line, place.column);
}

}  // namespace synap::cel

#include "cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "cel/functions.h"
#include "cel/lexer.h"
#include "cel/literal.h"
#include "cel/macros.h"

namespace synap::cel {
namespace {

// Words that CEL keeps for host languages: no names of variables.
constexpr std::array<std::string_view, 17> kReserved = {
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

struct BinaryOperator {
  std::string_view symbol;
  Operation operation;
};

constexpr std::array kRelations = {BinaryOperator{"==", Operation::kEqual},
                                   BinaryOperator{"!=", Operation::kNotEqual},
                                   BinaryOperator{"<=", Operation::kLessOrEqual},
                                   BinaryOperator{"<", Operation::kLess},
                                   BinaryOperator{">=", Operation::kGreaterOrEqual},
                                   BinaryOperator{">", Operation::kGreater},
                                   BinaryOperator{"in", Operation::kIn}};
constexpr std::array kSums = {BinaryOperator{"+", Operation::kAdd},
                              BinaryOperator{"-", Operation::kSubtract}};
constexpr std::array kProducts = {BinaryOperator{"*", Operation::kMultiply},
                                  BinaryOperator{"/", Operation::kDivide},
                                  BinaryOperator{"%", Operation::kModulo}};
// From the loosest to the tightest.
constexpr std::array<std::span<const BinaryOperator>, 3> kLevels = {kRelations, kSums, kProducts};

bool is_literal_word(const Token& token) {
  return token.is_word("true") || token.is_word("false") || token.is_word("null");
}

std::string description(const Token& token) {
  if (token.kind == TokenKind::kEnd) return "the end";
  return quoted(token.text.substr(0, valid_utf8_prefix(token.text.substr(0, 40))));
}

class Parser {
 public:
  Parser(std::string_view text, const ParseLimits& limits) : lexer_(text), limits_(limits) {}

  Result<Node> parse();

 private:
  Result<> advance();
  std::unexpected<Error> expected(std::string_view what) const;
  Result<> expect(std::string_view symbol, std::string_view after);
  bool is(std::string_view symbol) const { return token_.is(symbol); }

  // Each answers the tree of what the grammar calls by this name.
  Result<Node> expression();
  Result<Node> conditional();
  Result<Node> logic(NodeKind kind);
  Result<Node> binary(std::size_t level);
  const BinaryOperator* operator_here(std::span<const BinaryOperator> level) const;
  Result<Node> unary();
  Result<Node> member(Result<Node> from);
  Result<Node> selection(Node operand);
  Result<Node> index(Node operand);
  Result<Node> primary();
  Result<Node> name();
  Result<Node> literal(bool is_negative, Place place);
  Result<Node> list();
  Result<Node> map();
  Result<std::vector<Node>> arguments(std::string_view end, std::string_view of);
  Result<Node> has(Place place);

  Result<Node> finished(Node node);
  Node made(NodeKind kind, Place place) const;

  Lexer lexer_;
  const ParseLimits& limits_;
  Token token_;
  int nesting_ = 0;
  std::size_t nodes_ = 0;
};

Node Parser::made(NodeKind kind, Place place) const {
  Node node;
  node.kind = kind;
  node.place = place;
  return node;
}

// Every node passes here when its children are complete.
Result<Node> Parser::finished(Node node) {
  if (++nodes_ > limits_.nodes_max) {
    return fail_at(node.place,
                   fmt::format("an expression has at most {} parts", limits_.nodes_max));
  }
  for (const auto& child : node.children) {
    node.depth = std::max(node.depth, static_cast<std::uint16_t>(child.depth + 1));
  }
  if (node.depth > limits_.depth_max) {
    return fail_at(node.place,
                   fmt::format("an expression is at most {} operations deep", limits_.depth_max));
  }
  return node;
}

Result<> Parser::advance() {
  auto next = lexer_.next();
  if (!next) return fail(next.error());
  token_ = std::move(*next);
  return {};
}

std::unexpected<Error> Parser::expected(std::string_view what) const {
  return fail_at(token_.place, fmt::format("expected {}, found {}", what, description(token_)));
}

Result<> Parser::expect(std::string_view symbol, std::string_view after) {
  if (!is(symbol)) return expected(fmt::format("\"{}\" {}", symbol, after));
  return advance();
}

Result<Node> Parser::parse() {
  if (auto begun = advance(); !begun) return fail(begun.error());
  auto root = expression();
  if (!root) return root;
  if (token_.kind != TokenKind::kEnd) return expected("an operator or the end");
  return root;
}

Result<Node> Parser::expression() {
  if (++nesting_ > limits_.nesting_max) {
    return fail_at(token_.place,
                   fmt::format("an expression nests at most {} deep", limits_.nesting_max));
  }
  auto node = conditional();
  --nesting_;
  return node;
}

Result<Node> Parser::conditional() {
  auto condition = logic(NodeKind::kOr);
  if (!condition || !is("?")) return condition;
  auto node = made(NodeKind::kConditional, token_.place);
  if (auto done = advance(); !done) return fail(done.error());
  auto yes = logic(NodeKind::kOr);
  if (!yes) return yes;
  if (auto done = expect(":", "and what it is otherwise"); !done) return fail(done.error());
  auto no = expression();
  if (!no) return no;
  node.children.push_back(std::move(*condition));
  node.children.push_back(std::move(*yes));
  node.children.push_back(std::move(*no));
  return finished(std::move(node));
}

// Chains are one node: a && b && c has three children, so a long one is not deep.
Result<Node> Parser::logic(NodeKind kind) {
  const std::string_view symbol = kind == NodeKind::kOr ? "||" : "&&";
  const auto term = [&] { return kind == NodeKind::kOr ? logic(NodeKind::kAnd) : binary(0); };
  auto first = term();
  if (!first || !is(symbol)) return first;
  auto node = made(kind, token_.place);
  node.children.push_back(std::move(*first));
  while (is(symbol)) {
    if (auto done = advance(); !done) return fail(done.error());
    auto next = term();
    if (!next) return next;
    node.children.push_back(std::move(*next));
  }
  return finished(std::move(node));
}

const BinaryOperator* Parser::operator_here(std::span<const BinaryOperator> level) const {
  for (const auto& each : level) {
    if (is(each.symbol) || (each.operation == Operation::kIn && token_.is_word("in"))) return &each;
  }
  return nullptr;
}

Result<Node> Parser::binary(std::size_t level) {
  if (level == kLevels.size()) return unary();
  auto left = binary(level + 1);
  while (left) {
    const auto* found = operator_here(kLevels[level]);
    if (found == nullptr) return left;
    auto node = made(NodeKind::kBinary, token_.place);
    node.operation = found->operation;
    if (auto done = advance(); !done) return fail(done.error());
    auto right = binary(level + 1);
    if (!right) return right;
    node.children.push_back(std::move(*left));
    node.children.push_back(std::move(*right));
    left = finished(std::move(node));
  }
  return left;
}

Result<Node> Parser::unary() {
  if (!is("!") && !is("-")) return member(primary());
  auto node = made(NodeKind::kUnary, token_.place);
  node.operation = is("!") ? Operation::kNot : Operation::kNegate;
  if (auto done = advance(); !done) return fail(done.error());
  const bool is_number = token_.kind == TokenKind::kInt || token_.kind == TokenKind::kDouble;
  if (node.operation == Operation::kNegate && is_number) return member(literal(true, node.place));
  // Operators before one another nest: "!!!x" takes stack too.
  if (++nesting_ > limits_.nesting_max) {
    return fail_at(node.place,
                   fmt::format("an expression nests at most {} deep", limits_.nesting_max));
  }
  auto operand = unary();
  --nesting_;
  if (!operand) return operand;
  node.children.push_back(std::move(*operand));
  return finished(std::move(node));
}

Result<Node> Parser::member(Result<Node> from) {
  auto node = std::move(from);
  while (node && (is(".") || is("["))) {
    node = is(".") ? selection(std::move(*node)) : index(std::move(*node));
  }
  return node;
}

Result<Node> Parser::index(Node operand) {
  auto node = made(NodeKind::kIndex, token_.place);
  if (auto done = advance(); !done) return fail(done.error());
  auto key = expression();
  if (!key) return key;
  if (auto done = expect("]", "after an index"); !done) return fail(done.error());
  node.children.push_back(std::move(operand));
  node.children.push_back(std::move(*key));
  return finished(std::move(node));
}

Result<Node> Parser::selection(Node operand) {
  if (auto done = advance(); !done) return fail(done.error());
  const auto field = token_;
  const bool is_quoted = field.kind == TokenKind::kQuotedIdentifier;
  const bool is_name =
      field.kind == TokenKind::kIdentifier && !field.is_word("in") && !is_literal_word(field);
  if (!is_name && !is_quoted) return expected("the name of a field after \".\"");
  if (auto done = advance(); !done) return fail(done.error());
  if (!is("(") || is_quoted) {
    auto node = made(NodeKind::kSelect, field.place);
    node.name = field.text;
    node.children.push_back(std::move(operand));
    return finished(with_type_name(std::move(node)));
  }
  auto given = arguments(")", "arguments");
  if (!given) return fail(given.error());
  auto node = made(NodeKind::kCall, field.place);
  node.name = field.text;
  const bool has_namespace =
      operand.kind == NodeKind::kIdentifier && is_function_name(operand.name + "." + node.name);
  if (has_namespace) {
    node.name = operand.name + "." + node.name;
    node.children = std::move(*given);
  } else {
    node.is_member = true;
    node.children = std::move(*given);
    node.children.insert(node.children.begin(), std::move(operand));
    if (auto done = expand_macro(node); !done) return fail(done.error());
  }
  resolve_function(node);
  return finished(std::move(node));
}

Result<std::vector<Node>> Parser::arguments(std::string_view end, std::string_view of) {
  if (auto done = advance(); !done) return fail(done.error());
  std::vector<Node> given;
  while (!is(end)) {
    auto next = expression();
    if (!next) return fail(next.error());
    given.push_back(std::move(*next));
    if (is(end)) break;
    if (!is(",")) return expected(fmt::format("\",\" or \"{}\" in the {}", end, of));
    if (auto done = advance(); !done) return fail(done.error());
    // Lists may end with a comma, calls may not.
    if (is(end) && end == ")") return expected("an argument after \",\"");
  }
  if (auto done = advance(); !done) return fail(done.error());
  return given;
}

Result<Node> Parser::primary() {
  switch (token_.kind) {
    case TokenKind::kInt:
    case TokenKind::kDouble:
    case TokenKind::kUint:
    case TokenKind::kString:
    case TokenKind::kBytes:
      return literal(false, token_.place);
    case TokenKind::kIdentifier:
      return is_literal_word(token_) ? literal(false, token_.place) : name();
    default:
      break;
  }
  if (is("[")) return list();
  if (is("{")) return map();
  if (is(".")) {
    if (auto done = advance(); !done) return fail(done.error());
    return name();
  }
  if (!is("(")) return expected("a value");
  if (auto done = advance(); !done) return fail(done.error());
  auto inside = expression();
  if (!inside) return inside;
  if (auto done = expect(")", "to close the parenthesis"); !done) return fail(done.error());
  return inside;
}

Result<Node> Parser::name() {
  const auto word = token_;
  const bool is_name = word.kind == TokenKind::kIdentifier && !word.is_word("in");
  if (!is_name || is_literal_word(word)) return expected("a name");
  if (auto done = advance(); !done) return fail(done.error());
  if (is("{")) return fail_at(word.place, "messages (Name{...}) are not part of this language");
  if (!is("(")) {
    if (std::ranges::find(kReserved, word.text) != kReserved.end()) {
      return fail_at(word.place, fmt::format("\"{}\" is a reserved word", word.text));
    }
    auto node = made(NodeKind::kIdentifier, word.place);
    node.name = word.text;
    return finished(std::move(node));
  }
  if (word.is_word("has")) return has(word.place);
  auto given = arguments(")", "arguments");
  if (!given) return fail(given.error());
  auto node = made(NodeKind::kCall, word.place);
  node.name = word.text;
  node.children = std::move(*given);
  resolve_function(node);
  return finished(std::move(node));
}

Result<Node> Parser::has(Place place) {
  auto given = arguments(")", "arguments");
  if (!given) return fail(given.error());
  if (given->size() != 1 || given->front().kind != NodeKind::kSelect) {
    return fail_at(place, "has() takes one field, as in has(event.data.id)");
  }
  auto node = std::move(given->front());
  node.kind = NodeKind::kHas;
  node.place = place;
  return node;
}

Result<Node> Parser::literal(bool is_negative, Place place) {
  auto node = made(NodeKind::kLiteral, place);
  auto value = literal_value(token_, is_negative);
  if (!value) return fail_at(place, value.error());
  node.value = std::move(*value);
  if (auto done = advance(); !done) return fail(done.error());
  return finished(std::move(node));
}

Result<Node> Parser::list() {
  auto node = made(NodeKind::kList, token_.place);
  auto items = arguments("]", "list");
  if (!items) return fail(items.error());
  node.children = std::move(*items);
  return finished(std::move(node));
}

Result<Node> Parser::map() {
  auto node = made(NodeKind::kMap, token_.place);
  if (auto done = advance(); !done) return fail(done.error());
  while (!is("}")) {
    auto key = expression();
    if (!key) return key;
    node.children.push_back(std::move(*key));
    if (auto done = expect(":", "and a value after a key"); !done) return fail(done.error());
    auto value = expression();
    if (!value) return value;
    node.children.push_back(std::move(*value));
    if (is("}")) break;
    if (!is(",")) return expected("\",\" or \"}\" in the map");
    if (auto done = advance(); !done) return fail(done.error());
  }
  if (auto done = advance(); !done) return fail(done.error());
  return finished(std::move(node));
}

}  // namespace

Result<Node> parse_tree(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.text_bytes_max) {
    return fail(Code::kBadRequest, fmt::format("an expression has at most {} bytes, this one {}",
                                               limits.text_bytes_max, text.size()));
  }
  if (!is_valid_utf8(text)) return fail(Code::kBadRequest, "an expression is UTF-8, this is not");
  return Parser(text, limits).parse();
}

}  // namespace synap::cel

// Node: a parsed expression as a tree. Private to the room; people hold an Expression.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace synap::cel {

struct Function;

enum class NodeKind : std::uint8_t {
  kLiteral,      // value
  kIdentifier,   // name
  kSelect,       // children[0].name
  kHas,          // has(children[0].name)
  kIndex,        // children[0][children[1]]
  kUnary,        // operation, children[0]
  kBinary,       // operation, children[0], children[1]
  kAnd,          // children, at least two
  kOr,           // children, at least two
  kConditional,  // children[0] ? children[1] : children[2]
  kCall,         // name(children), or children[0].name(the rest) where is_member
  kList,         // children
  kMap,          // children: key, value, key, value
  kMacro,        // children[0].macro(name, children[1], ...), with second_name where there is one
};

enum class Operation : std::uint8_t {
  kNot,
  kNegate,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
};

enum class Macro : std::uint8_t {
  kAll,
  kExists,
  kExistsOne,
  kFilter,
  kMap,
  kTransformList,
  kTransformMap,
};

/// Where something stands in the text, from 1. Columns count characters.
struct Place {
  int line = 1;
  int column = 1;
};

struct Node {
  NodeKind kind = NodeKind::kLiteral;
  Operation operation = Operation::kNot;
  Macro macro = Macro::kAll;
  bool is_member = false;
  std::uint16_t depth = 1;  // of the tree from here down
  Place place;
  std::string name;
  std::string second_name;
  Value value;  // owns its text
  std::vector<Node> children;
  /// What is called, or nullptr if there is nothing of this name: evaluating it is then an error.
  const Function* function = nullptr;
  /// The pattern of matches() where it is a literal, compiled once.
  std::shared_ptr<const re2::RE2> pattern;
};

/// "==", "in"
std::string_view symbol(Operation operation);
/// "exists_one"
std::string_view name_of(Macro macro);
/// How tightly it binds, for printing: a child that binds less tightly needs parentheses.
int precedence(const Node& node);

/// Whether two trees mean the same, text for text; places aside.
bool is_same(const Node& left, const Node& right);

/// The canonical text: parsed, it gives the same tree.
std::string text_of(const Node& node);

/// "line 1, column 7"
std::string to_text(Place place);

}  // namespace synap::cel

// Parser: the tree of a text. Private to the room.
//
//   expression  = or [ "?" or ":" expression ]
//   or          = and { "||" and }
//   and         = relation { "&&" relation }
//   relation    = sum { ( "<" | "<=" | ">" | ">=" | "==" | "!=" | "in" ) sum }
//   sum         = product { ( "+" | "-" ) product }
//   product     = unary { ( "*" | "/" | "%" ) unary }
//   unary       = "!" unary | "-" unary | member
//   member      = primary { "." NAME [ "(" [ arguments ] ")" ] | "[" expression "]" }
//   primary     = [ "." ] NAME [ "(" [ arguments ] ")" ] | "(" expression ")" | literal
//               | "[" [ arguments ] [ "," ] "]" | "{" [ entry { "," entry } ] [ "," ] "}"
//   entry       = expression ":" expression
//
// Source: the CEL specification, "Syntax" (langdef.md). Messages (`Name{field: 1}`) and optional
// fields (`a.?b`) are left out.
#pragma once

#include <string_view>

#include "base/status.h"
#include "cel/ast.h"
#include "cel/expression.h"

namespace synap::cel {

/// kBadRequest: "line 1, column 7: ...".
Result<Node> parse_tree(std::string_view text, const ParseLimits& limits);

}  // namespace synap::cel

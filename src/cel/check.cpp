// Expression::check: what can be known to be wrong before there is any data.
#include <algorithm>
#include <span>

#include "cel/ast.h"
#include "cel/expression.h"
#include "cel/functions.h"
#include "cel/lexer.h"

namespace synap::cel {
namespace {

// The variables of macros around a node.
struct Names {
  std::string_view name;
  const Names* outer;
};

class Checker {
 public:
  explicit Checker(const CheckOptions& options) : options_(options) {}

  Result<> check(const Node& node, const Names* names) const {
    if (auto own = check_itself(node, names); !own) return own;
    if (node.kind == NodeKind::kMacro) return check_macro(node, names);
    for (const auto& child : node.children) {
      if (auto done = check(child, names); !done) return done;
    }
    return {};
  }

 private:
  Result<> check_itself(const Node& node, const Names* names) const {
    switch (node.kind) {
      case NodeKind::kIdentifier:
        return check_variable(node, names);
      case NodeKind::kCall:
        return check_call(node);
      case NodeKind::kHas:
        if (options_.is_plain_logic) return fail_at(node.place, "has() is not allowed here");
        return {};
      case NodeKind::kMacro:
        if (options_.is_plain_logic) {
          return fail_at(node.place, fmt::format("{}() is not allowed here", name_of(node.macro)));
        }
        return {};
      case NodeKind::kBinary:
        if (options_.is_plain_logic && node.operation == Operation::kIn) {
          return fail_at(node.place, "\"in\" is not allowed here");
        }
        return {};
      default:
        return {};
    }
  }

  Result<> check_macro(const Node& node, const Names* names) const {
    if (auto range = check(node.children[0], names); !range) return range;
    const Names first{node.name, names};
    const Names second{node.second_name, &first};
    for (const auto& child : std::span(node.children).subspan(1)) {
      if (auto done = check(child, &second); !done) return done;
    }
    return {};
  }

  Result<> check_variable(const Node& node, const Names* names) const {
    for (; names != nullptr; names = names->outer) {
      if (names->name == node.name) return {};
    }
    if (std::ranges::find(options_.variables, node.name) != options_.variables.end()) return {};
    if (is_type_name(node.name)) return {};
    return fail_at(node.place, fmt::format("there is no variable {}; there is {}", node.name,
                                           fmt::join(options_.variables, ", ")));
  }

  Result<> check_call(const Node& node) const {
    const auto* function = node.function;
    if (function != nullptr && function->is_inngest && options_.mode == Mode::kStrict) {
      return fail_at(node.place, fmt::format("{}() is Inngest's, not CEL's", node.name));
    }
    if (function == nullptr) {
      return fail_at(node.place, is_function_name(node.name)
                                     ? fmt::format("{}() is not called like this", node.name)
                                     : fmt::format("there is no function {}", node.name));
    }
    const bool is_allowed =
        function->nature == Nature::kConversion || function->nature == Nature::kDate;
    if (options_.is_plain_logic && !is_allowed) {
      return fail_at(node.place, fmt::format("{}() is not allowed here", node.name));
    }
    return {};
  }

  const CheckOptions& options_;
};

}  // namespace

Result<> Expression::check(const CheckOptions& options) const {
  return Checker(options).check(*root_, nullptr);
}

}  // namespace synap::cel

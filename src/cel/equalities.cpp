// Expression::equalities: the terms that an index can answer.
#include <fmt/format.h>

#include <cmath>
#include <span>

#include "cel/ast.h"
#include "cel/expression.h"

namespace synap::cel {
namespace {

// event.data["id"] is a path as event.data.id is.
std::optional<Path> path_of(const Node& node) {
  if (node.kind == NodeKind::kIdentifier) {
    // A type is a value where no variable has its name.
    return is_type_name(node.name) ? std::nullopt : std::optional(Path{node.name});
  }
  if (node.kind == NodeKind::kSelect) {
    auto path = path_of(node.children[0]);
    if (path) path->push_back(node.name);
    return path;
  }
  if (node.kind != NodeKind::kIndex) return std::nullopt;
  const auto& key = node.children[1];
  if (key.kind != NodeKind::kLiteral || !key.value.is(Kind::kString)) return std::nullopt;
  auto path = path_of(node.children[0]);
  if (path) path->emplace_back(key.value.as_string());
  return path;
}

// Beyond 2^53 a Json may hold one number in two ways, which an index would not find as one.
bool is_exact(const Value& value) {
  constexpr std::int64_t kWholeMax = 9'007'199'254'740'992;
  switch (value.kind()) {
    case Kind::kInt:
      return value.as_int() >= -kWholeMax && value.as_int() <= kWholeMax;
    case Kind::kUint:
      return value.as_uint() <= std::uint64_t{kWholeMax};
    case Kind::kDouble:
      return std::abs(value.as_double()) <= kWholeNumberMax;
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kString:
      return true;
    default:
      return false;
  }
}

std::optional<Json> literal_of(const Node& node) {
  if (node.kind != NodeKind::kLiteral || !is_exact(node.value)) return std::nullopt;
  // -0.0 equals 0, and an index would not think so.
  if (node.value.is(Kind::kDouble) && node.value.as_double() == 0) return Json(0);
  return node.value.to_json();
}

std::optional<Equality> equality_of(const Node& node) {
  if (node.kind != NodeKind::kBinary || node.operation != Operation::kEqual) return std::nullopt;
  auto left = path_of(node.children[0]);
  auto right = path_of(node.children[1]);
  if (left && right) return Equality{std::move(*left), std::nullopt, std::move(right)};
  if (left) {
    if (auto value = literal_of(node.children[1])) return Equality{*left, value, std::nullopt};
  }
  if (right) {
    if (auto value = literal_of(node.children[0])) return Equality{*right, value, std::nullopt};
  }
  return std::nullopt;
}

// Only true of the terms of a chain of && that is not inside anything else.
void collect(const Node& node, Equalities& equalities) {
  if (node.kind == NodeKind::kAnd) {
    for (const auto& child : node.children) collect(child, equalities);
  } else if (auto equality = equality_of(node)) {
    equalities.found.push_back(std::move(*equality));
  } else if (node.kind != NodeKind::kLiteral || !node.value.is(Kind::kBool) ||
             !node.value.as_bool()) {
    equalities.is_all = false;
  }
}

}  // namespace

std::string to_text(const Path& path) {
  return fmt::format("{}", fmt::join(path, "."));
}

Equalities Expression::equalities() const {
  Equalities equalities{.found = {}, .is_all = true};
  collect(*root_, equalities);
  return equalities;
}

}  // namespace synap::cel

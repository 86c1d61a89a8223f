// Macros are loops over a list or the keys of a map.
#include <array>

#include "cel/compare.h"
#include "cel/evaluator.h"

namespace synap::cel {

/// A macro and what it goes through.
struct Evaluator::Loop {
  const Node& node;
  const Value& range;
  const Scope* outer;

  std::size_t size() const {
    return range.is(Kind::kMap) ? range.as_map().size() : range.as_list().size();
  }
};

// The first variable is the element of a list or the key of a map. Where there are two they are
// the index and the element, or the key and the value.
Result<Value> Evaluator::evaluate_in(const Loop& loop, std::size_t at, const Node& node) {
  Value first;
  Value second;
  const bool has_two = !loop.node.second_name.empty();
  if (loop.range.is(Kind::kMap)) {
    std::tie(first, second) = loop.range.as_map().at(at);
  } else if (has_two) {
    first = Value(static_cast<std::int64_t>(at));
    second = loop.range.as_list().at(at);
  } else {
    first = loop.range.as_list().at(at);
  }
  const Scope outside{loop.node.name, first, loop.outer};
  const Scope inside{loop.node.second_name, second, &outside};
  return evaluate(node, has_two ? &inside : &outside);
}

// Strictly a condition is a bool. Loosely anything is true or not, and an error is not.
Result<bool> Evaluator::holds(const Loop& loop, std::size_t at, const Node& condition) {
  auto value = evaluate_in(loop, at, condition);
  if (context_.is_loose()) {
    if (!value && is_final(value.error())) return fail(std::move(value.error()));
    return value && is_truthy(*value);
  }
  if (!value) return fail(std::move(value.error()));
  if (!value->is(Kind::kBool)) {
    return fail_evaluation(fmt::format("{}: a condition is a bool, this is {}",
                                       to_text(condition.place), type_name(value->kind())));
  }
  return value->as_bool();
}

Result<Value> Evaluator::macro(const Node& node, const Scope* scope) {
  const auto range = argument(node.children[0], scope);
  if (!range) return range;
  if (context_.is_loose() && range->is_nothing()) return Value::missing();
  if (!range->is(Kind::kList) && !range->is(Kind::kMap)) {
    return fail_evaluation(fmt::format("{}: {}() goes through a list or a map, this is {}",
                                       to_text(node.place), name_of(node.macro),
                                       type_name(range->kind())));
  }
  const Loop loop{node, *range, scope};
  switch (node.macro) {
    case Macro::kAll:
    case Macro::kExists:
      return quantifier(loop);
    case Macro::kExistsOne:
      return exists_one(loop);
    case Macro::kFilter:
    case Macro::kMap:
    case Macro::kTransformList:
      return collect(loop);
    case Macro::kTransformMap:
      return collect_map(loop);
  }
  return Value();
}

// As && and || over all elements: one that decides does so whatever errors are beside it.
Result<Value> Evaluator::quantifier(const Loop& loop) {
  const bool decisive = loop.node.macro == Macro::kExists;
  std::optional<Error> failed;
  for (std::size_t at = 0; at < loop.size(); ++at) {
    auto is_so = holds(loop, at, loop.node.children[1]);
    if (!is_so) {
      if (is_final(is_so.error())) return fail(std::move(is_so.error()));
      if (!failed) failed = std::move(is_so.error());
    } else if (*is_so == decisive) {
      return Value(decisive);
    }
  }
  if (failed) return fail(std::move(*failed));
  return Value(!decisive);
}

Result<Value> Evaluator::exists_one(const Loop& loop) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < loop.size(); ++at) {
    auto is_so = holds(loop, at, loop.node.children[1]);
    if (!is_so) return fail(std::move(is_so.error()));
    if (*is_so) ++count;
  }
  return Value(count == 1);
}

// filter(x, condition), map(x, value), map(x, condition, value)
Result<Value> Evaluator::collect(const Loop& loop) {
  const auto& node = loop.node;
  const bool is_filter = node.macro == Macro::kFilter;
  const bool has_condition = is_filter || node.children.size() == 3;
  std::vector<Value> items;
  for (std::size_t at = 0; at < loop.size(); ++at) {
    if (has_condition) {
      auto is_so = holds(loop, at, node.children[1]);
      if (!is_so) return fail(std::move(is_so.error()));
      if (!*is_so) continue;
    }
    Result<Value> item;
    if (is_filter) {
      item = loop.range.is(Kind::kMap) ? loop.range.as_map().at(at).first
                                       : loop.range.as_list().at(at);
    } else {
      item = evaluate_in(loop, at, node.children.back());
      if (!item && context_.is_loose() && !is_final(item.error())) item = Value::missing();
    }
    if (!item) return item;
    if (!context_.budget.make(sizeof(Value))) return exhausted(node);
    items.push_back(std::move(*item));
  }
  return Value(List(std::move(items)));
}

Result<Value> Evaluator::collect_map(const Loop& loop) {
  const auto& node = loop.node;
  std::vector<Map::Entry> entries;
  for (std::size_t at = 0; at < loop.size(); ++at) {
    if (node.children.size() == 3) {
      auto is_so = holds(loop, at, node.children[1]);
      if (!is_so) return fail(std::move(is_so.error()));
      if (!*is_so) continue;
    }
    auto value = evaluate_in(loop, at, node.children.back());
    if (!value) return value;
    if (!context_.budget.make(2 * sizeof(Value))) return exhausted(node);
    auto key = loop.range.is(Kind::kMap) ? loop.range.as_map().at(at).first
                                         : Value(static_cast<std::int64_t>(at));
    entries.emplace_back(std::move(key), std::move(*value));
  }
  return Value(Map(std::move(entries)));
}

}  // namespace synap::cel

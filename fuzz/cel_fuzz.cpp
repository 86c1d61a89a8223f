// Any text as an expression: parsing and evaluating end, within their bounds and in both modes.
// What is printed parses to the same; with the values of an event put in it says the same of
// another; and where all its equalities are there and hold, it is true.
//
// The first line is an event, a JSON object with members "event" and "async"; the rest is the text.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cel/budget.h"
#include "cel/compare.h"
#include "cel/expression.h"

namespace {

using namespace synap;
using namespace synap::cel;

// Fewer than usual: a run of the fuzzer is many evaluations.
constexpr Limits kLimits{.steps_max = 20'000, .bytes_max = 256 * 1024};

EvaluateOptions options(Mode mode) {
  return {.mode = mode, .now_unix_ms = 1'767'225'600'000, .limits = kLimits};
}

bool is_over_limits(const Result<Value>& result) {
  return !result && result.error().code == Code::kPayloadTooLarge;
}

void expect_same(const Result<Value>& left, const Result<Value>& right, std::string_view text) {
  // One of two expressions that say the same may take a step more.
  if (is_over_limits(left) || is_over_limits(right)) return;
  SYNAP_CHECK(left.has_value() == right.has_value(), text);
  if (left) SYNAP_CHECK(left->to_json().dump() == right->to_json().dump(), text);
}

const Value* find(const Bindings& bindings, const Path& path, Budget& budget, Value& holder) {
  const auto* root = bindings.find(path.front());
  if (root == nullptr) return nullptr;
  holder = *root;
  for (std::size_t at = 1; at < path.size(); ++at) {
    if (!holder.is(Kind::kMap)) return nullptr;
    auto inner = holder.as_map().find(path[at], budget);
    if (!inner) return nullptr;
    holder = std::move(*inner);
  }
  return &holder;
}

// What an index would look up.
bool holds(const Equality& equality, const Bindings& bindings) {
  Budget budget({});
  Value left;
  Value right;
  const auto* at = find(bindings, equality.path, budget, left);
  if (equality.value) {
    if (equality.value->is_null()) return at == nullptr || at->is(Kind::kNull);
    return at != nullptr && equal(*at, Value::of(*equality.value), budget);
  }
  const auto* other = find(bindings, *equality.other, budget, right);
  if (at == nullptr || other == nullptr) {
    return (at != nullptr && at->is(Kind::kNull)) || (other != nullptr && other->is(Kind::kNull));
  }
  return equal(*at, *other, budget);
}

void check_equalities(const Expression& expression, const Bindings& bindings,
                      const Result<Value>& value) {
  const auto equalities = expression.equalities();
  bool hold = true;
  for (const auto& equality : equalities.found) hold = hold && holds(equality, bindings);
  const bool is_true = value && value->is(Kind::kBool) && value->as_bool();
  if (!hold) SYNAP_CHECK(!is_true, expression.to_text());
  if (hold && equalities.is_all && !is_over_limits(value)) {
    SYNAP_CHECK(is_true, expression.to_text());
  }
}

void check_with_values(const Expression& expression, const Json& event, const Json& async) {
  const auto made = expression.with_values("event", event);
  if (!made) {
    SYNAP_CHECK(made.error().code == Code::kPayloadTooLarge, made.error().message);
    return;
  }
  const auto again = Expression::parse(made->to_text(), kStoredLimits);
  SYNAP_CHECK(again && *again == *made, made->to_text());
  (void)made->evaluate(Bindings().set("async", async), options(Mode::kInngest));
  // Nothing is left to put in.
  const auto twice = made->with_values("event", event);
  if (twice) SYNAP_CHECK(*twice == *made, made->to_text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  auto json = parse_json(input.substr(0, line == std::string_view::npos ? 0 : line));
  const auto text = line == std::string_view::npos ? input : input.substr(line + 1);
  const Json values = json ? *json : Json::object();
  const auto* event = values.find("event");
  const auto* async = values.find("async");

  const auto expression = Expression::parse(text);
  if (!expression) {
    SYNAP_CHECK(
        expression.error().code == Code::kBadRequest && is_valid_utf8(expression.error().message),
        expression.error().message);
    return 0;
  }
  const auto printed = expression->to_text();
  const auto again = Expression::parse(printed, kStoredLimits);
  SYNAP_CHECK(again && *again == *expression, printed);
  (void)expression->check({.is_plain_logic = size % 2 == 0});

  const Json null;
  Bindings bindings;
  bindings.set("event", event != nullptr ? *event : null);
  bindings.set("async", async != nullptr ? *async : null);
  for (const auto mode : {Mode::kStrict, Mode::kInngest}) {
    const auto value = expression->evaluate(bindings, options(mode));
    expect_same(value, again->evaluate(bindings, options(mode)), printed);
    if (mode == Mode::kInngest) check_equalities(*expression, bindings, value);
  }
  check_with_values(*expression, event != nullptr ? *event : null,
                    async != nullptr ? *async : null);
  return 0;
}

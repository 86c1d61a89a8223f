// Small words for the tests of this room. Private to the room.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "cel/expression.h"

namespace synap::cel {

/// The answer as text: JSON of a value, or "error: ..." of the code that failed.
inline std::string evaluated(std::string_view text, const Json& event, EvaluateOptions options) {
  const auto expression = Expression::parse(text);
  if (!expression) return "does not parse: " + expression.error().message;
  const auto value = expression->evaluate(Bindings().set("event", event), options);
  if (!value) return "error: " + value.error().message;
  return value->to_json().dump();
}

inline Json json(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Json());
}

inline std::string strictly(std::string_view text, std::string_view event = "{}") {
  return evaluated(text, json(event), {.mode = Mode::kStrict});
}

inline std::string loosely(std::string_view text, std::string_view event = "{}") {
  return evaluated(text, json(event), {.mode = Mode::kInngest});
}

/// The message of what does not parse.
inline std::string refusal(std::string_view text, const ParseLimits& limits = {}) {
  const auto expression = Expression::parse(text, limits);
  if (expression) return "parses";
  EXPECT_EQ(expression.error().code, Code::kBadRequest);
  return expression.error().message;
}

}  // namespace synap::cel

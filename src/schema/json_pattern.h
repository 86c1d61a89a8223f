// Compiling the "pattern"s of a JSON Schema, which JavaScript's writers wrote. Private to this
// room.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "schema/json_rules.h"

namespace synap {

/// Matches in time linear in the text. Otherwise what is wrong with it: a sentence whose subject is
/// the place that holds it.
std::expected<JsonRule::Pattern, std::string> compile_pattern(std::string_view text);

}  // namespace synap

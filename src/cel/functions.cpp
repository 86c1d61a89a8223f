#include "cel/functions.h"

#include <array>

namespace synap::cel {
namespace {

using Table = std::span<const Function> (*)();
constexpr std::array<Table, 6> kTables = {conversion_functions, text_functions, string_functions,
                                          math_functions,       time_functions, inngest_functions};

bool fits(const Function& function, const Node& call) {
  if (function.name != call.name) return false;
  if (function.style == Style::kGlobal && call.is_member) return false;
  if (function.style == Style::kMember && !call.is_member) return false;
  const auto count = call.children.size();
  return count >= function.arguments_min &&
         (count <= function.arguments_max || function.arguments_max == kAnyNumber);
}

}  // namespace

bool is_function_name(std::string_view name) {
  for (const auto table : kTables) {
    for (const auto& function : table()) {
      if (function.name == name) return true;
    }
  }
  return false;
}

void resolve_function(Node& call) {
  if (call.kind != NodeKind::kCall) return;
  for (const auto table : kTables) {
    for (const auto& function : table()) {
      if (fits(function, call)) call.function = &function;
    }
  }
  if (call.name != "matches" || call.children.size() != 2) return;
  const auto& pattern = call.children.back();
  if (pattern.kind == NodeKind::kLiteral && pattern.value.is(Kind::kString)) {
    call.pattern = compile_pattern(pattern.value.as_string());
  }
}

std::unexpected<Error> fail_evaluation(std::string message) {
  return fail(Code::kUnprocessableContent, std::move(message));
}

std::unexpected<Error> no_overload(std::string_view what, std::span<const Value> arguments) {
  std::string kinds;
  for (const auto& argument : arguments) {
    if (!kinds.empty()) kinds += ", ";
    kinds += type_name(argument.kind());
  }
  return fail_evaluation(fmt::format("no such overload: {}({})", what, kinds));
}

Value made_string(Context& context, std::string text) {
  context.budget.make(static_cast<std::int64_t>(text.size()));
  return Value::string(std::move(text));
}

}  // namespace synap::cel

// What the parser recognises by its name.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "cel/lexer.h"
#include "cel/macros.h"

namespace synap::cel {
namespace {

struct Form {
  std::string_view name;
  std::size_t arguments;
  Macro macro;
  std::size_t variables;
};

constexpr std::array kForms = {
    Form{"all", 2, Macro::kAll, 1},
    Form{"all", 3, Macro::kAll, 2},
    Form{"exists", 2, Macro::kExists, 1},
    Form{"exists", 3, Macro::kExists, 2},
    Form{"exists_one", 2, Macro::kExistsOne, 1},
    Form{"exists_one", 3, Macro::kExistsOne, 2},
    Form{"existsOne", 2, Macro::kExistsOne, 1},
    Form{"existsOne", 3, Macro::kExistsOne, 2},
    Form{"filter", 2, Macro::kFilter, 1},
    Form{"map", 2, Macro::kMap, 1},
    Form{"map", 3, Macro::kMap, 1},
    Form{"transformList", 3, Macro::kTransformList, 2},
    Form{"transformList", 4, Macro::kTransformList, 2},
    Form{"transformMap", 3, Macro::kTransformMap, 2},
    Form{"transformMap", 4, Macro::kTransformMap, 2},
};

const Form* form_of(const Node& call) {
  for (const auto& form : kForms) {
    if (form.name == call.name && form.arguments + 1 == call.children.size()) return &form;
  }
  return nullptr;
}

}  // namespace

Result<> expand_macro(Node& call) {
  const auto* form = form_of(call);
  if (form == nullptr) return {};
  for (std::size_t at = 1; at <= form->variables; ++at) {
    const auto& variable = call.children[at];
    if (variable.kind != NodeKind::kIdentifier || variable.name.find('.') != std::string::npos) {
      return fail_at(variable.place,
                     fmt::format("{}() takes the name of a variable here", form->name));
    }
  }
  if (form->variables == 2 && call.children[1].name == call.children[2].name) {
    return fail_at(call.children[2].place, "the two variables have one name");
  }
  call.kind = NodeKind::kMacro;
  call.macro = form->macro;
  call.name = call.children[1].name;
  if (form->variables == 2) call.second_name = call.children[2].name;
  const auto first = call.children.begin() + 1;
  call.children.erase(first, first + static_cast<std::ptrdiff_t>(form->variables));
  return {};
}

Node with_type_name(Node select) {
  if (select.name != "Timestamp" && select.name != "Duration") return select;
  const auto& scope = select.children[0];
  if (scope.kind != NodeKind::kSelect || scope.name != "protobuf") return select;
  const auto& root = scope.children[0];
  if (root.kind != NodeKind::kIdentifier || root.name != "google") return select;
  Node name;
  name.kind = NodeKind::kIdentifier;
  name.place = root.place;
  name.name = "google.protobuf." + select.name;
  return name;
}

}  // namespace synap::cel

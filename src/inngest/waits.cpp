#include "inngest/waits.h"

#include <fmt/format.h>

#include "cel/expression.h"
#include "inngest/app_event.h"

namespace synap::inngest {
namespace {

Result<> add_condition(workers::EventWait& wait, const std::string& text, const Json& event) {
  auto condition = cel::Expression::parse(text);
  if (!condition) return fail(condition.error());
  auto known = condition->with_values("event", event);
  if (!known) return fail(known.error());
  const auto equalities = known->equalities();
  if (equalities.is_all && equalities.found.size() == 1) {
    const auto& one = equalities.found.front();
    const bool is_of_data = one.path.size() >= 3 && one.path[0] == "async" && one.path[1] == "data";
    if (is_of_data && one.value && !one.value->is_null()) {
      wait.path = cel::to_text(cel::Path(one.path.begin() + 1, one.path.end()));
      wait.value = *one.value;
      return {};
    }
  }
  return fail(Code::kNotImplemented,
              fmt::format("This pod waits for an event by one equality only, as \"async.data.id == "
                          "event.data.id\"; the condition is \"{}\" (docs/not-yet.md)",
                          text.substr(0, 200)));
}

}  // namespace

Result<workers::EventWait> wait_of(const ReportedOp& op, const Json& event) {
  workers::EventWait wait{.type = std::string(op.opts.string_or("event", op.name))};
  if (wait.type.empty()) return fail(Code::kBadRequest, "A wait for an event names it");
  wait.type = bus_name(wait.type);
  if (wait.type.starts_with("inngest/") || wait.type.starts_with("function.")) {
    return fail(Code::kNotImplemented,
                fmt::format("This pod cannot wait for \"{}\" yet (docs/not-yet.md)", wait.type));
  }
  const auto condition = op.opts.string_or("if", "");
  if (!condition.empty()) {
    if (auto added = add_condition(wait, std::string(condition), event); !added) {
      return fail(added.error());
    }
  }
  return wait;
}

}  // namespace synap::inngest

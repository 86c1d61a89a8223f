#include "inngest/waits.h"

#include <fmt/format.h>

#include "inngest/app_event.h"
#include "inngest/flow_reader.h"
#include "workers/event_waits.h"

namespace synap::inngest {
Result<workers::EventWait> wait_of(const ReportedOp& op, const Json& event) {
  workers::EventWait wait{.type = std::string(op.opts.string_or("event", op.name))};
  if (wait.type.empty()) return fail(Code::kBadRequest, "A wait for an event names it");
  wait.type = bus_name(wait.type);
  if (wait.type.starts_with("inngest/") || wait.type.starts_with("function.")) {
    return fail(Code::kNotImplemented,
                fmt::format("This pod cannot wait for \"{}\" yet (docs/not-yet.md)", wait.type));
  }
  const auto condition = op.opts.string_or("if", "");
  if (condition.empty()) return wait;
  auto expression = read_expression(condition, {"event", "async"});
  if (!expression) return fail(expression.error());
  return workers::wait_for(std::move(wait.type), *expression, event);
}

}  // namespace synap::inngest

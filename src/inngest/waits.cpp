#include "inngest/waits.h"

#include <fmt/format.h>

#include "bus/function_events.h"
#include "bus/function_name.h"
#include "inngest/app_event.h"
#include "inngest/flow_reader.h"
#include "inngest/ulid.h"
#include "workers/event_waits.h"

namespace synap::inngest {
namespace {

// What is told of runs stands in the log as the pod says it, and conditions are about what SDKs are
// shown. Of two places in it both are known.
void find_place(workers::EventWait& wait, std::string_view user_id) {
  for (const auto& equality : wait.condition->equalities().found) {
    const auto& path = equality.path;
    const bool is_of_data = path.size() == 3 && path[0] == "async" && path[1] == "data";
    if (!is_of_data || !equality.value || !equality.value->is_string()) continue;
    const auto& value = equality.value->as_string();
    if (path[2] == "run_id") {
      const auto id = parse_id(value);
      if (!id) continue;
      wait.path = "data.runId";
      wait.value = id->to_string();
      return;  // there is one
    }
    // The pod's own functions have a '.' in their ids, and no user behind them.
    if (path[2] != "function_id" || value.contains('.')) continue;
    wait.path = "data.function";
    wait.value = bus::function_id(value, user_id);
  }
}

}  // namespace

Result<workers::EventWait> wait_of(const ReportedOp& op, const Json& event,
                                   std::string_view user_id) {
  workers::EventWait wait{.type = std::string(op.opts.string_or("event", op.name))};
  if (wait.type.empty()) return fail(Code::kBadRequest, "A wait for an event names it");
  wait.type = bus_name(wait.type);
  if (wait.type.starts_with("inngest/")) {
    return fail(Code::kNotImplemented,
                fmt::format("This pod does not send \"{}\" yet (docs/inngest.md)", wait.type));
  }
  const auto condition = op.opts.string_or("if", "");
  if (condition.empty()) return wait;
  auto expression = read_expression(condition, {"event", "async"});
  if (!expression) return fail(expression.error());
  auto made = workers::wait_for(std::move(wait.type), *expression, event);
  if (made && bus::is_about_an_end(made->type)) find_place(*made, user_id);
  return made;
}

}  // namespace synap::inngest

// What an app is shown of an event on the bus: most as sdk_event.h says; what the bus tells of runs
// in Inngest's own shape, put together when it is delivered.
//
//   bus                    app
//   function.invoked       inngest/function.invoked: the data that the function was handed,
//   _inngest function.finished      inngest/function.finished: function_id, run_id, result or
//   error, event(s) function.failed, function.cancelled      the same
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/task.h"
#include "events/event.h"
#include "events/types.h"
#include "workers/run_store.h"

namespace synap::inngest {

/// `event` must outlive the task. An error is the database's.
Task<Result<Json>> event_for_app(const events::Event& event, const events::EventTypes& types,
                                 workers::RunStore& runs);

/// What runs have waited for and is the end of a run, as apps are shown it: puts it into the place
/// of what is stored. An error is the database's.
Task<Result<>> tell_ends(workers::StoredResults& stored, const events::EventTypes& types,
                         workers::RunStore& runs);

/// What its expressions see of it: the same, but of the end of a run neither its event nor its
/// result, which stand elsewhere.
Json app_view(const events::Event& event, const events::EventTypes& types);

/// The type on the bus of what SDKs call `name`, and the inverse.
std::string bus_name(std::string_view name);

}  // namespace synap::inngest

// CallRequest: what an Inngest server asks for with one call of a function.
//
//   POST ...?fnId=<slug>&stepId=step        the function from its beginning
//   POST ...?fnId=<slug>&stepId=<sha1>      one step of it
//   {"ctx":{run_id, attempt, max_attempts, disable_immediate_execution, stack, use_api},
//    "event", "events", "steps":{<sha1>: memo}, "version", "use_api"}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "base/uuid.h"
#include "workers/op.h"

namespace synap::inngest {

struct CallRequest {
  std::string run_id;  // a ULID
  Uuid run;            // the same, as the pod's events have it (parse_foreign_id)
  std::optional<workers::StepHash> step;
  int attempt = 0;
  int attempts_max = 1;
  bool is_planning = false;
  /// Events and steps were left out, and are to be asked for.
  bool uses_api = false;
  std::vector<Json> events;  // one at least, unless uses_api
  workers::StoredResults stored;

  /// kBadRequest says what is missing. `step_id` is that of the address.
  static Result<CallRequest> read(Json body, std::string_view step_id);
  /// What uses_api left out.
  void add_events(Json events);
  void add_steps(const Json& steps);

 private:
  std::vector<std::string> stack_;
};

}  // namespace synap::inngest

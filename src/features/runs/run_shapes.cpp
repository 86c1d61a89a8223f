#include "features/runs/run_shapes.h"

#include "base/clock.h"
#include "base/json.h"
#include "events/damage.h"

namespace synap::features::runs {

const UntypedObjectSchema& run_error_schema() {
  static const auto schema = object("RunError").field("name", string()).field("message", string());
  return schema;
}

const UntypedObjectSchema& run_origin_schema() {
  static const auto schema =
      object("RunOrigin")
          .field("kind", one_of({"invoke", "rerun", "replay"}))
          .field("runId", optional(string().uuid()), "rerun: of that run.")
          .field("fromStep", optional(string()),
                 "rerun: what that run had done before this step was taken over.")
          .field("replayId", optional(string().uuid()), "replay: of functions.replay.")
          .field("edited", optional(boolean()), "It was handed something else than that run.");
  return schema;
}

const PlainSchema& run_status_schema() {
  static const auto schema =
      one_of({"active", "sleeping", "completed", "failed", "cancelled", "discarded"});
  return schema;
}

const ObjectSchema<Run>& describe(Type<Run>) {
  static const auto schema = [] {
    auto run = object<Run>("Run");
    add_run_fields(run);
    return run;
  }();
  return schema;
}

const ObjectSchema<RunId>& describe(Type<RunId>) {
  static const auto schema = object<RunId>("RunId").field("id", &RunId::id, string().uuid());
  return schema;
}

RawJson stored_json(std::string_view text) {
  // A few levels more than what comes in may have: what is stored was wrapped by us.
  constexpr JsonLimits kStored{.depth_max = 80};
  return {parse_json(text, kStored) ? std::string(text) : R"({"damaged":true})"};
}

void read_run(db::Rows& row, Run& run) {
  run.id = row.uuid(0).value_or(Uuid{}).to_string();
  run.function = row.text(1);
  run.status = row.text(2);
  run.attempts = row.integer(3);
  run.event_position = row.integer(4);
  run.created_ms = row.integer(5);
  run.created_at = to_iso8601(run.created_ms);
  if (!row.is_null(6)) run.ended_at = to_iso8601(row.integer(6));
  if (!row.is_null(7)) run.error = stored_json(row.view(7));
  if (!row.is_null(8)) run.started_at = to_iso8601(row.integer(8));
  if (!row.is_null(9)) run.origin = stored_json(row.view(9));
  if (!row.is_null(10)) run.node = row.text(10);
}

Task<Result<events::EventRef>> event_at(const Rooms& rooms, std::int64_t position) {
  auto event = co_await rooms.log.at(position);
  if (!event && event.error().code == Code::kNotFound) co_return events::EventRef();
  co_return event;
}

std::string id_of(const events::EventRef& event) {
  return (event != nullptr ? event->id : Uuid{}).to_string();
}

std::string type_of(const events::EventRef& event) {
  return event != nullptr ? event->type : std::string(events::kMissingType);
}

void set_event(Run& run, const events::EventRef& event) {
  run.event_id = id_of(event);
  run.event_type = type_of(event);
}

}  // namespace synap::features::runs

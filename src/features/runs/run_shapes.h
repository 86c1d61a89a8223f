// Run: a run as it is told to whoever asks, alone and in lists; and how it is read from its row.
// Private to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "db/database.h"
#include "features/rooms.h"
#include "schema/schema.h"

namespace synap::features::runs {

struct Run {
  std::string id;
  std::string function;
  std::string status;
  std::int64_t attempts = 0;
  std::string event_id;
  std::string event_type;
  std::int64_t event_position = 0;
  std::string created_at;
  std::optional<std::string> started_at;
  std::optional<std::string> ended_at;
  std::optional<RawJson> error;
  std::optional<RawJson> origin;
  std::optional<std::string> node;

  std::int64_t created_ms = 0;  // not told
};
const ObjectSchema<Run>& describe(Type<Run>);

/// {name, message}
const UntypedObjectSchema& run_error_schema();
/// Why there is a run, if it is not that its event triggered its function.
const UntypedObjectSchema& run_origin_schema();
/// The values that a run's status has.
const PlainSchema& run_status_schema();

/// The fields of a run, for what has more of them.
template <class T>
void add_run_fields(ObjectSchema<T>& schema) {
  const auto of_run = []<class M>(M Run::* member) -> M T::* { return member; };
  schema.field("id", of_run(&Run::id), string().uuid())
      .field("function", of_run(&Run::function), string())
      .field("status", of_run(&Run::status), run_status_schema(),
             "active: queued, under way, or between two attempts. failed: a dead letter. "
             "discarded: a dead letter that somebody has put away.")
      .field("attempts", of_run(&Run::attempts), integer(), "That have ended.")
      .field("eventId", of_run(&Run::event_id), string().uuid(), "What it is a run for.")
      .field("eventType", of_run(&Run::event_type), string(),
             "\"missing\": the event's row is gone, as after damage to the disk; eventId is then "
             "all zeros.")
      .field("eventPosition", of_run(&Run::event_position), integer())
      .field("createdAt", of_run(&Run::created_at), string().datetime(), "When it was queued.")
      .field("startedAt", of_run(&Run::started_at), string().datetime(),
             "When its function was first called. Absent: it was not, or that call goes on and has "
             "stored nothing yet.")
      .field("endedAt", of_run(&Run::ended_at), string().datetime())
      .field("error", of_run(&Run::error), run_error_schema(), "Of the last attempt that failed.")
      .field("origin", of_run(&Run::origin), run_origin_schema(),
             "Why there is this run, if it is not that the event triggered its function.")
      .field(
          "node", of_run(&Run::node), string(),
          "Of many nodes the one that made its last call, by its name. Absent: the pod is alone, "
          "or no call has stored anything yet.");
}

/// Columns of the view `runs`, for read_run().
inline constexpr std::string_view kRunColumns =
    "SELECT id, function, status, attempts, event_position, created_at, ended_at, error, "
    "started_at, origin, node FROM runs ";
void read_run(db::Rows& row, Run& run);
/// JSON text of a column as it is, or {"damaged":true} where it is none: one run that is damaged on
/// disk must not make a whole list unreadable.
RawJson stored_json(std::string_view text);
/// The event at a position of which it is known that there is one: null where its row is gone,
/// which must not make whatever mentions it unreadable.
Task<Result<events::EventRef>> event_at(const Rooms& rooms, std::int64_t position);
/// What such an event is called.
std::string id_of(const events::EventRef& event);
std::string type_of(const events::EventRef& event);
void set_event(Run& run, const events::EventRef& event);

struct RunId {
  std::string id;
};
const ObjectSchema<RunId>& describe(Type<RunId>);

void add_list(const Rooms& rooms);   // runs.list
void add_trace(const Rooms& rooms);  // runs.get, runs.result
void add_dead_letters(const Rooms& rooms);

}  // namespace synap::features::runs

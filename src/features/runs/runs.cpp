#include "features/runs/runs.h"

#include <limits>

#include "base/clock.h"
#include "features/procedures.h"

namespace synap::features::runs {
namespace {

using api::Session;

struct Run;

struct ListRuns {
  std::int64_t limit = 50;
  std::optional<std::string> cursor;
  std::optional<std::string> status;
  std::optional<std::string> function;
  std::optional<std::string> event_id;
  std::optional<std::string> correlation_id;

  bool fits(const Run& run) const;
};
const ObjectSchema<ListRuns>& describe(Type<ListRuns>) {
  static const auto schema =
      object<ListRuns>("ListRuns")
          .field_or("limit", &ListRuns::limit, integer().min(1).max(500), 50)
          .field("cursor", &ListRuns::cursor, string().uuid().nullish(),
                 "The nextCursor of the page before.")
          .field("status", &ListRuns::status,
                 one_of({"active", "sleeping", "completed", "failed", "cancelled"}))
          .field("function", &ListRuns::function, string().min(1).max(200),
                 "Only runs of this function: notes.create.")
          .field("eventId", &ListRuns::event_id, string().uuid(), "Only runs for this event.")
          .field("correlationId", &ListRuns::correlation_id, string().uuid(),
                 "Only runs for events that share this cause.");
  return schema;
}

struct Run {
  std::string id;
  std::string function;
  std::string status;
  std::int64_t attempts = 0;
  std::string event_id;
  std::string event_type;
  std::int64_t event_position = 0;
  std::string created_at;
  std::optional<std::string> ended_at;
  std::optional<RawJson> error;
};
const UntypedObjectSchema& run_error_schema() {
  static const auto schema = object("RunError").field("name", string()).field("message", string());
  return schema;
}
template <class T>
void add_run_fields(ObjectSchema<T>& schema) {
  const auto of_run = []<class M>(M Run::* member) -> M T::* { return member; };
  schema.field("id", of_run(&Run::id), string().uuid())
      .field("function", of_run(&Run::function), string())
      .field("status", of_run(&Run::status),
             one_of({"active", "sleeping", "completed", "failed", "cancelled"}),
             "active: queued, under way, or between two attempts. failed: a dead letter.")
      .field("attempts", of_run(&Run::attempts), integer(), "That have ended.")
      .field("eventId", of_run(&Run::event_id), string().uuid(), "What it is a run for.")
      .field("eventType", of_run(&Run::event_type), string())
      .field("eventPosition", of_run(&Run::event_position), integer())
      .field("createdAt", of_run(&Run::created_at), string().datetime())
      .field("endedAt", of_run(&Run::ended_at), string().datetime())
      .field("error", of_run(&Run::error), run_error_schema(), "Of the last attempt that failed.");
}
const ObjectSchema<Run>& describe(Type<Run>) {
  static const auto schema = [] {
    auto run = object<Run>("Run");
    add_run_fields(run);
    return run;
  }();
  return schema;
}

struct RunList {
  std::vector<Run> runs;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<RunList>& describe(Type<RunList>) {
  static const auto schema =
      object<RunList>("RunList")
          .field("runs", &RunList::runs, array(schema_of<Run>()), "The newest first.")
          .field("nextCursor", &RunList::next_cursor, string().uuid(),
                 "Absent on the last page. A page before it may be short, or empty.");
  return schema;
}

struct RunId {
  std::string id;
};
const ObjectSchema<RunId>& describe(Type<RunId>) {
  static const auto schema = object<RunId>("RunId").field("id", &RunId::id, string().uuid());
  return schema;
}

struct RunStep {
  std::string name;
  std::string op;
  RawJson result;
  std::string stored_at;
};
const ObjectSchema<RunStep>& describe(Type<RunStep>) {
  static const auto schema =
      object<RunStep>("RunStep")
          .field("name", &RunStep::name)
          .field("op", &RunStep::op,
                 one_of({"StepRun", "StepError", "StepFailed", "Sleep", "WaitForEvent",
                         "InvokeFunction", "WaitForSignal", "RunComplete"}))
          .field("result", &RunStep::result, any(),
                 "{data}, {error}, the event that was waited for, or null "
                 "for a sleep or a wait in vain.")
          .field("storedAt", &RunStep::stored_at, string().datetime());
  return schema;
}

struct PendingRunStep {
  std::string name;
  std::string op;
  std::int64_t attempts = 0;
  std::optional<std::string> due_at;
  std::optional<RawJson> error;
};
const ObjectSchema<PendingRunStep>& describe(Type<PendingRunStep>) {
  static const auto schema =
      object<PendingRunStep>("PendingRunStep")
          .field("name", &PendingRunStep::name)
          .field("op", &PendingRunStep::op,
                 one_of({"StepError", "Sleep", "WaitForEvent", "InvokeFunction", "WaitForSignal"}),
                 "StepError: it failed and is to be tried again.")
          .field("attempts", &PendingRunStep::attempts, integer(), "That have failed.")
          .field("dueAt", &PendingRunStep::due_at, string().datetime(),
                 "When it is tried again, when the sleep ends, or until when it is waited for."
                 " Absent: as soon as that is possible, or, of a wait, for ever.")
          .field("error", &PendingRunStep::error, run_error_schema(), "Of its last attempt.");
  return schema;
}

struct RunWithSteps : Run {
  std::vector<RunStep> steps;
  std::vector<PendingRunStep> pending;
};
const ObjectSchema<RunWithSteps>& describe(Type<RunWithSteps>) {
  static const auto schema = [] {
    auto run = object<RunWithSteps>("RunWithSteps");
    add_run_fields(run);
    run.field("steps", &RunWithSteps::steps, array(schema_of<RunStep>()),
              "Those that are done, in their order.")
        .field("pendingSteps", &RunWithSteps::pending, array(schema_of<PendingRunStep>()),
               "Those that are begun and not done.");
    return run;
  }();
  return schema;
}

struct Retried {
  std::string status = "pending";
  std::string run_id;
};
const ObjectSchema<Retried>& describe(Type<Retried>) {
  static const auto schema = object<Retried>("Retried")
                                 .field("status", &Retried::status, one_of({"pending"}))
                                 .field("runId", &Retried::run_id, string().uuid());
  return schema;
}

// The end of the year 9999, the last that ISO 8601 has; a wait without an end is due behind it.
constexpr std::int64_t kTimeMax = 253'402'300'799'999;
// Rows that one page walks over: some 10 ms.
constexpr std::int64_t kWalkedMax = 10'000;
// Events whose runs are looked up in one read: some 2 us each.
constexpr int kEventsPage = 1'000;

constexpr std::string_view kRunColumns =
    "SELECT id, function, status, attempts, event_position, created_at, ended_at, error FROM runs ";

void read_run(db::Rows& row, Run& run) {
  run.id = row.uuid(0).value_or(Uuid{}).to_string();
  run.function = row.text(1);
  run.status = row.text(2);
  run.attempts = row.integer(3);
  run.event_position = row.integer(4);
  run.created_at = to_iso8601(row.integer(5));
  if (!row.is_null(6)) run.ended_at = to_iso8601(row.integer(6));
  if (!row.is_null(7)) run.error = RawJson{row.text(7)};
}

Task<Result<>> add_event(const Rooms& rooms, Run& run) {
  auto event = co_await rooms.log.at(run.event_position);
  if (!event) co_return fail(event.error());
  run.event_id = (*event)->id.to_string();
  run.event_type = (*event)->type;
  co_return Result<>{};
}

bool ListRuns::fits(const Run& run) const {
  return (!status || run.status == *status) && (!function || run.function == *function);
}

// The newest first. The index of dead letters leads to those; others are looked at one by one, over
// a bounded number of rows: then the page ends, short or empty, with a cursor to go on from.
RunList newest_runs(db::Tx& tx, const ListRuns& input) {
  Uuid before;
  before.bytes.fill(0xff);
  if (input.cursor) before = Uuid::parse(*input.cursor).value_or(before);
  const bool is_led = !input.function && (!input.status || input.status == "failed");
  const auto where =
      input.status == "failed" ? "WHERE status = 'failed' AND id < $1" : "WHERE id < $1";
  RunList found;
  auto rows = tx.query(std::string(kRunColumns) + where + " ORDER BY id DESC LIMIT $2", before,
                       is_led ? input.limit + 1 : kWalkedMax + 1);
  std::string last;  // the last row that was taken or passed over
  for (std::int64_t walked = 0; rows.next(); ++walked) {
    Run run;
    read_run(rows, run);
    const bool is_full = static_cast<std::int64_t>(found.runs.size()) == input.limit;
    if ((is_full && input.fits(run)) || walked == kWalkedMax ||
        (walked > 0 && tx.is_out_of_time())) {
      found.next_cursor = last;
      break;
    }
    last = run.id;
    if (input.fits(run)) found.runs.push_back(std::move(run));
  }
  return found;
}

// Of one event, the newest first. One for each of its functions: they are few.
void add_runs_of(db::Tx& tx, std::int64_t event_position, const ListRuns& input,
                 std::vector<Run>& runs) {
  auto rows = tx.query(std::string(kRunColumns) + "WHERE event_position = $1 ORDER BY id DESC",
                       event_position);
  while (rows.next()) {
    Run run;
    read_run(rows, run);
    if (input.fits(run)) runs.push_back(std::move(run));
  }
}

// The events that runs are asked for, a page at a time, the newest first: one event, or those of a
// cause, from that of the cursor's run on.
class EventsAskedFor {
 public:
  EventsAskedFor(const Rooms& rooms, const Session& session, const ListRuns& input)
      : rooms_(rooms), session_(session), input_(input) {}

  Task<Result<events::Page>> next(std::int64_t before) const {
    if (!input_.event_id) {
      co_return co_await rooms_.log.read(session_.tenancy(),
                                         {.limit = kEventsPage,
                                          .correlation_id = Uuid::parse(*input_.correlation_id),
                                          .before = before,
                                          .order = events::Order::kNewestFirst});
    }
    events::Page page;
    page.is_at_end = true;
    auto event = co_await rooms_.log.find(session_.tenancy(),
                                          Uuid::parse(*input_.event_id).value_or(Uuid{}));
    if (!event && event.error().code != Code::kNotFound) co_return fail(event.error());
    const auto cause = Uuid::parse(input_.correlation_id.value_or(""));
    if (event && (!input_.correlation_id || (*event)->correlation_id == cause)) {
      page.events.push_back(std::move(*event));
    }
    co_return page;
  }

 private:
  const Rooms& rooms_;
  const Session& session_;
  const ListRuns& input_;
};

// An index leads to the events, and one from each of them to its runs. The runs of a page are in
// the order of their events; behind the cursor are those of its event that stand behind it, and
// those of earlier events.
Task<Result<RunList>> runs_for_events(const Rooms& rooms, const Session& session,
                                      const ListRuns& input) {
  RunList found;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::int64_t cursor_position = 0;
  if (input.cursor) {
    const auto cursor = Uuid::parse(*input.cursor).value_or(Uuid{});
    auto position = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      auto rows = tx.query("SELECT event_position FROM runs WHERE id = $1", cursor);
      return rows.next() ? rows.integer(0) : std::int64_t{0};
    });
    if (!position) co_return fail(position.error());
    cursor_position = *position;
    before = cursor_position + 1;
  }
  const EventsAskedFor asked(rooms, session, input);
  for (bool is_at_end = false; !is_at_end && !found.next_cursor;) {
    auto page = co_await asked.next(before);
    if (!page) co_return fail(page.error());
    auto read = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      std::vector<Run> runs;
      for (const auto& event : page->events) add_runs_of(tx, event->position, input, runs);
      return runs;
    });
    if (!read) co_return fail(read.error());
    for (auto& run : *read) {
      if (run.event_position == cursor_position && run.id >= *input.cursor) continue;
      if (static_cast<std::int64_t>(found.runs.size()) == input.limit) {
        found.next_cursor = found.runs.back().id;
        break;
      }
      found.runs.push_back(std::move(run));
    }
    before = page->next_before;
    is_at_end = page->is_at_end;
  }
  co_return found;
}

Task<Result<RunList>> list(const Rooms& rooms, Session session, ListRuns input) {
  const bool is_of_events = input.event_id || input.correlation_id;
  Result<RunList> page;
  if (is_of_events) {
    page = co_await runs_for_events(rooms, session, input);
  } else {
    page = co_await rooms.database.read_as(session.user_id(),
                                           [&](db::Tx& tx) { return newest_runs(tx, input); });
  }
  if (!page) co_return page;
  for (auto& run : page->runs) {
    if (auto added = co_await add_event(rooms, run); !added) co_return fail(added.error());
  }
  co_return page;
}

Task<Result<RunWithSteps>> get(const Rooms& rooms, Session session, RunId input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto found = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::optional<RunWithSteps> run;
    {
      auto rows = tx.query(std::string(kRunColumns) + "WHERE id = $1", id);
      if (!rows.next()) return run;
      read_run(rows, run.emplace());
    }
    {
      auto rows = tx.query(
          "SELECT name, op, memo, stored_at FROM run_steps WHERE run = $1 ORDER BY place", id);
      while (rows.next()) {
        run->steps.push_back(
            {rows.text(0), rows.text(1), {rows.text(2)}, to_iso8601(rows.integer(3))});
      }
    }
    auto rows = tx.query(
        "SELECT name, op, attempts, due_at, error FROM pending_steps WHERE run = $1 ORDER BY name",
        id);
    while (rows.next()) {
      auto& step = run->pending.emplace_back(rows.text(0), rows.text(1), rows.integer(2));
      const auto due_at = rows.integer(3);
      if (due_at > 0 && due_at <= kTimeMax) step.due_at = to_iso8601(due_at);
      if (!rows.is_null(4)) step.error = RawJson{rows.text(4)};
    }
    return run;
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such run");
  if (auto added = co_await add_event(rooms, **found); !added) co_return fail(added.error());
  co_return std::move(**found);
}

Task<Result<Retried>> retry(const Rooms& rooms, Session session, RunId input) {
  auto done =
      co_await rooms.workers.retry(session.user_id(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!done) co_return fail(done.error());
  co_return Retried{"pending", input.id};
}

struct Cancelled {
  std::string status = "cancelled";
  std::string run_id;
};
const ObjectSchema<Cancelled>& describe(Type<Cancelled>) {
  static const auto schema = object<Cancelled>("Cancelled")
                                 .field("status", &Cancelled::status, one_of({"cancelled"}))
                                 .field("runId", &Cancelled::run_id, string().uuid());
  return schema;
}

Task<Result<Cancelled>> cancel(const Rooms& rooms, Session session, RunId input) {
  auto done = co_await rooms.workers.cancel(
      session.user_id(), Uuid::parse(input.id).value_or(Uuid{}), session.actor->recorded);
  if (!done) co_return fail(done.error());
  co_return Cancelled{"cancelled", input.id};
}

}  // namespace

void add(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound, "There is no such run for your events."};
  add_query(rooms, "runs.list", {.summary = "What was done for your events, the newest first."},
            list);
  add_query(rooms, "runs.get",
            {.summary = "One run with the steps that are done, and those that are begun.",
             .errors = {no_such}},
            get);
  add_mutation(rooms, "runs.retry",
               {.summary = "Try a dead letter again, with all its attempts, or now what waits.",
                .docs = "Steps that are done stay done. A run that waits for its next attempt, or "
                        "sleeps, goes on at once.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {no_such, {Code::kConflict, "It has completed, or is under way."}}},
               retry);
  add_mutation(rooms, "runs.cancel",
               {.summary = "End a run before it has done all of its work.",
                .docs = "What it has done stays done. A call that is under way is not interrupted: "
                        "it begins no further step, and nothing of it is stored. Recorded as "
                        "function.cancelled.",
                .effects = rpc::Effects::kDestroys,
                .errors = {no_such, {Code::kConflict, "It has ended."}}},
               cancel);
  add_signals(rooms);
}

}  // namespace synap::features::runs

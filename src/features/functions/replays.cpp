// functions.replay, functions.replays, functions.cancelReplay: runs for events of the past.
#include "base/clock.h"
#include "features/functions/functions.h"
#include "features/procedures.h"

namespace synap::features::functions {
namespace {

using api::Session;

struct ReplayFunction {
  std::string id;
  std::optional<std::int64_t> from_position;
  std::optional<std::int64_t> to_position;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> filter;
  bool repeats = false;
};
const ObjectSchema<ReplayFunction>& describe(Type<ReplayFunction>) {
  static const auto schema =
      object<ReplayFunction>("ReplayFunction")
          .field("id", &ReplayFunction::id, string().min(1).max(400), kFunctionNameDocs)
          .field("fromPosition", &ReplayFunction::from_position, integer().min(1),
                 "The first event. Absent: the first of the log.")
          .field("toPosition", &ReplayFunction::to_position, integer().min(1),
                 "The last. Absent: the last there is now.")
          .field("from", &ReplayFunction::from, string().datetime(),
                 "Events of this time or later.")
          .field("to", &ReplayFunction::to, string().datetime(), "Events before this time.")
          .field("filter", &ReplayFunction::filter, string().min(1).max(8'192),
                 "An expression over event, beside what triggers the function.")
          .field_or("repeats", &ReplayFunction::repeats, boolean(), false,
                    "True: events that had a run of the function have another.");
  return schema;
}

struct ShownReplay {
  std::string id;
  std::string function;
  std::string status;
  std::int64_t from_position = 0;
  std::int64_t to_position = 0;
  std::int64_t looked_to = 0;
  std::int64_t made = 0;
  std::int64_t passed_over = 0;
  std::optional<std::string> filter;
  std::string created_at;
  std::optional<std::string> ended_at;
};
const ObjectSchema<ShownReplay>& describe(Type<ShownReplay>) {
  static const auto schema =
      object<ShownReplay>("Replay")
          .field("id", &ShownReplay::id, string().uuid())
          .field("function", &ShownReplay::function)
          .field("status", &ShownReplay::status, one_of({"active", "completed", "cancelled"}),
                 "completed: all its runs are made, not done.")
          .field("fromPosition", &ShownReplay::from_position)
          .field("toPosition", &ShownReplay::to_position)
          .field("lookedTo", &ShownReplay::looked_to, integer(),
                 "Everything up to this position was looked at.")
          .field("made", &ShownReplay::made, integer(), "Runs.")
          .field("passedOver", &ShownReplay::passed_over, integer(),
                 "Events that have no run of it: they had one, or there may be none now.")
          .field("filter", &ShownReplay::filter, string())
          .field("createdAt", &ShownReplay::created_at, string().datetime())
          .field("endedAt", &ShownReplay::ended_at, string().datetime());
  return schema;
}

ShownReplay shown(const workers::Replay& replay) {
  ShownReplay shown{.id = replay.id.to_string(),
                    .function = replay.function,
                    .status = replay.status,
                    .from_position = replay.from_position,
                    .to_position = replay.to_position,
                    .looked_to = replay.looked_to,
                    .made = replay.made,
                    .passed_over = replay.passed_over,
                    .created_at = to_iso8601(replay.created_at)};
  if (!replay.filter.empty()) shown.filter = replay.filter;
  if (replay.ended_at) shown.ended_at = to_iso8601(*replay.ended_at);
  return shown;
}

struct ListReplays {
  std::optional<std::string> function;
};
const ObjectSchema<ListReplays>& describe(Type<ListReplays>) {
  static const auto schema = object<ListReplays>("ListReplays")
                                 .field("function", &ListReplays::function,
                                        string().min(1).max(400), "Only those of this function.");
  return schema;
}

struct ReplayList {
  std::vector<ShownReplay> replays;
};
const ObjectSchema<ReplayList>& describe(Type<ReplayList>) {
  static const auto schema = object<ReplayList>("ReplayList")
                                 .field("replays", &ReplayList::replays,
                                        array(schema_of<ShownReplay>()), "The newest 100.");
  return schema;
}

struct ReplayId {
  std::string id;
};
const ObjectSchema<ReplayId>& describe(Type<ReplayId>) {
  static const auto schema =
      object<ReplayId>("ReplayId").field("id", &ReplayId::id, string().uuid());
  return schema;
}

struct EndedReplay {
  std::string id;
  std::string status = "cancelled";
};
const ObjectSchema<EndedReplay>& describe(Type<EndedReplay>) {
  static const auto schema = object<EndedReplay>("EndedReplay")
                                 .field("id", &EndedReplay::id, string().uuid())
                                 .field("status", &EndedReplay::status, one_of({"cancelled"}));
  return schema;
}

Task<Result<ShownReplay>> replay(const Rooms& rooms, Session session, ReplayFunction input) {
  workers::Replay asked{.function = std::move(input.id),
                        .from_position = input.from_position.value_or(1),
                        .to_position = input.to_position.value_or(0),
                        .filter = std::move(input.filter).value_or(""),
                        .repeats = input.repeats};
  if (input.from) asked.from = parse_iso8601(*input.from);
  if (input.to) asked.to = parse_iso8601(*input.to);
  auto begun = co_await rooms.replays.begin(person_of(session), std::move(asked));
  if (!begun) co_return fail(begun.error());
  co_return shown(*begun);
}

Task<Result<ReplayList>> list(const Rooms& rooms, Session session, ListReplays input) {
  auto meant = co_await find_id(rooms, session, input.function);
  if (!meant) co_return fail(meant.error());
  const auto function = input.function.value_or("");
  auto read = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    ReplayList list;
    const auto sql = "SELECT " + std::string(workers::Replays::kColumns) +
                     " FROM run_replays WHERE $1 = '' OR function = $1 ORDER BY id DESC LIMIT 100";
    auto rows = tx.query(sql, function);
    while (rows.next()) list.replays.push_back(shown(workers::Replays::read(rows)));
    return list;
  });
  co_return read;
}

Task<Result<EndedReplay>> cancel(const Rooms& rooms, Session session, ReplayId input) {
  auto done =
      co_await rooms.replays.cancel(session.user_id(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!done) co_return fail(done.error());
  co_return EndedReplay{input.id};
}

}  // namespace

void add_replays(const Rooms& rooms) {
  add_mutation(rooms, "functions.replay",
               {.summary = "Have a function run for events of the past, of which it had no run.",
                .docs = "It goes through your events in slices, from the oldest on, no faster than "
                        "the runs are done, and over restarts of the pod. Each run says in its "
                        "origin that it is of this replay. Limits that say how many runs begin or "
                        "go on hold; what puts events together, or lets them wait for quiet, does "
                        "not.",
                .effects = rpc::Effects::kAppends,
                .errors = {{Code::kNotFound, "There is no such function for your events."},
                           {Code::kBadRequest,
                            "The filter is no expression, the function carries out requests, or "
                            "several of your apps have one of this name."},
                           {Code::kTooManyRequests, "10 replays of yours go on."}},
                .appends = {std::string(bus::kFunctionReplayed.name)}},
               replay);
  add_query(rooms, "functions.replays",
            {.summary = "Replays, and how far they have come.",
             .errors = errors_of_name(),
             .reach = rpc::Reach::kPod},
            list);
  add_mutation(rooms, "functions.cancelReplay",
               {.summary = "Let a replay make no more runs.",
                .docs = "Those that are made stay.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {{Code::kNotFound, "There is no such replay of yours."},
                           {Code::kConflict, "It has ended."}}},
               cancel);
}

}  // namespace synap::features::functions

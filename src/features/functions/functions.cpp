#include "features/functions/functions.h"

#include <algorithm>

#include "base/clock.h"
#include "bus/function_name.h"
#include "features/functions/function_limits.h"
#include "features/procedures.h"

namespace synap::features::functions {
namespace {

using api::Session;

constexpr std::int64_t kCountMax = 1'000;  // of runs that wait, of one function

struct FunctionTrigger {
  std::string event;
  std::optional<std::string> condition;
  std::optional<std::string> problem;
};
const ObjectSchema<FunctionTrigger>& describe(Type<FunctionTrigger>) {
  static const auto schema =
      object<FunctionTrigger>("FunctionTrigger")
          .field("event", &FunctionTrigger::event, string(),
                 "A type; note.* is all that begin with \"note.\".")
          .field("if", &FunctionTrigger::condition, string(), "What else must be true.")
          .field("problem", &FunctionTrigger::problem, string(),
                 "Why no event can ever be this, as of a name with a letter too few.");
  return schema;
}

struct FunctionSchedule {
  std::string cron;
  std::optional<std::int64_t> jitter_ms;
};
const ObjectSchema<FunctionSchedule>& describe(Type<FunctionSchedule>) {
  static const auto schema =
      object<FunctionSchedule>("FunctionSchedule")
          .field("cron", &FunctionSchedule::cron)
          .field("jitterMs", &FunctionSchedule::jitter_ms, integer(), "At most so much later.");
  return schema;
}

struct FunctionPause {
  std::string by;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> user;
};
const ObjectSchema<FunctionPause>& describe(Type<FunctionPause>) {
  static const auto schema =
      object<FunctionPause>("FunctionPause")
          .field("by", &FunctionPause::by, one_of({"person", "outage"}),
                 "person: until functions.resume. outage: what it needs is out of order (a full "
                 "disk, a host that is gone); one run at a time looks whether it may go on.")
          .field("since", &FunctionPause::since, string().datetime(), "person: since when.")
          .field("until", &FunctionPause::until, string().datetime(), "outage: the next look.")
          .field("user", &FunctionPause::user, string(), "person: who.");
  return schema;
}

struct FunctionCounts {
  std::int64_t completed = 0;
  std::int64_t retried = 0;
  std::int64_t slept = 0;
  std::int64_t given_up = 0;
  std::int64_t paused = 0;
};
const ObjectSchema<FunctionCounts>& describe(Type<FunctionCounts>) {
  static const auto schema =
      object<FunctionCounts>("FunctionCounts")
          .field("completed", &FunctionCounts::completed, integer())
          .field("retried", &FunctionCounts::retried, integer(), "Failed, and tried again later.")
          .field("slept", &FunctionCounts::slept, integer(), "Put away until their time came.")
          .field("givenUp", &FunctionCounts::given_up, integer(), "Dead letters.")
          .field("paused", &FunctionCounts::paused, integer(),
                 "Put away since what they need was out of order.");
  return schema;
}

struct FunctionInfo {
  std::string id;
  std::string name;
  std::optional<std::string> app;
  bool is_yours = false;
  bool is_invocable = false;
  std::vector<FunctionTrigger> triggers;
  std::vector<FunctionSchedule> schedules;
  std::int64_t retries = 0;
  FunctionLimits limits;
  std::optional<FunctionPause> pause;
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  std::optional<FunctionCounts> counts;
};
const ObjectSchema<FunctionInfo>& describe(Type<FunctionInfo>) {
  static const auto schema =
      object<FunctionInfo>("FunctionInfo")
          .field("id", &FunctionInfo::id, string(), "As runs.list and the log have it.")
          .field("name", &FunctionInfo::name, string(),
                 "The id without whose it is, by which you may name it wherever one is asked for.")
          .field("app", &FunctionInfo::app, string(),
                 "The app of yours that it is a part of (apps.list). Absent: it is the pod's own.")
          .field("isYours", &FunctionInfo::is_yours, boolean(),
                 "True: it is of an app of yours; only your events start it, and you may pause it. "
                 "False: it is the pod's own.")
          .field("isInvocable", &FunctionInfo::is_invocable, boolean(),
                 "False: it carries out requests, which procedures make.")
          .field("triggers", &FunctionInfo::triggers, array(schema_of<FunctionTrigger>()))
          .field("schedules", &FunctionInfo::schedules, array(schema_of<FunctionSchedule>()))
          .field("retries", &FunctionInfo::retries, integer(), "Beside the first attempt.")
          .field("limits", &FunctionInfo::limits, schema_of<FunctionLimits>(),
                 "When its runs begin, and whether they do.")
          .field("pause", &FunctionInfo::pause, schema_of<FunctionPause>(),
                 "What is triggered meanwhile waits. Absent: it is not paused.")
          .field("waiting", &FunctionInfo::waiting, integer(),
                 "Runs of yours that could go on now and wait for their turn; those on disk are "
                 "counted up to 1,000.")
          .field("running", &FunctionInfo::running, integer(), "Calls for you under way.")
          .field("counts", &FunctionInfo::counts, schema_of<FunctionCounts>(),
                 "How calls have ended since the pod started. Of the pod's own functions those for "
                 "all users, for owners.");
  return schema;
}

struct ListFunctions {
  std::int64_t limit = 100;
  std::optional<std::string> cursor;
  std::optional<std::string> app;
};
const ObjectSchema<ListFunctions>& describe(Type<ListFunctions>) {
  static const auto schema =
      object<ListFunctions>("ListFunctions")
          .field_or("limit", &ListFunctions::limit, integer().min(1).max(500), 100)
          .field("cursor", &ListFunctions::cursor, string().min(1).max(400).nullish(),
                 "The nextCursor of the page before.")
          .field("app", &ListFunctions::app, string().min(1).max(200), "Only those of this app.");
  return schema;
}

struct FunctionList {
  std::vector<FunctionInfo> functions;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<FunctionList>& describe(Type<FunctionList>) {
  static const auto schema =
      object<FunctionList>("FunctionList")
          .field("functions", &FunctionList::functions, array(schema_of<FunctionInfo>()),
                 "By their ids.")
          .field("nextCursor", &FunctionList::next_cursor, string(), "Absent on the last page.");
  return schema;
}

struct FunctionId {
  std::string id;
};
const ObjectSchema<FunctionId>& describe(Type<FunctionId>) {
  static const auto schema =
      object<FunctionId>("FunctionId")
          .field("id", &FunctionId::id, string().min(1).max(400), kFunctionNameDocs);
  return schema;
}

bool is_of(const Session& session, const bus::Function& function) {
  return !function.user_id || *function.user_id == session.user_id();
}

std::optional<FunctionPause> pause_of(const Rooms& rooms, const Session& session,
                                      const bus::Function& function) {
  if (const auto pause = rooms.control.paused(function.id)) {
    FunctionPause told{.by = "person", .since = to_iso8601(pause->since)};
    // Who the owners are is not a member's to know.
    if (function.user_id || session.actor->role == api::Role::kOwner) told.user = pause->user_id;
    return told;
  }
  if (const auto left = rooms.workers.outage_pause_left(function.id)) {
    return FunctionPause{.by = "outage", .until = to_iso8601(unix_ms_now() + left->count())};
  }
  return std::nullopt;
}

// Of so many triggers at a time it is looked for what was meant.
constexpr int kSuggestionsMax = 20;

FunctionInfo info_of(const Rooms& rooms, const Session& session, const bus::Function& function,
                     int& suggestions) {
  FunctionInfo info{.id = function.id,
                    .name = std::string(bus::name_of_function(function.id)),
                    .is_yours = function.user_id.has_value(),
                    .is_invocable = !function.fulfills,
                    .retries = function.retry.retries_max,
                    .limits = limits_of(function.flow),
                    .pause = pause_of(rooms, session, function)};
  if (!function.app.empty()) info.app = function.app;
  for (const auto& trigger : function.triggers) {
    auto& told = info.triggers.emplace_back(trigger.event);
    if (trigger.condition) told.condition = trigger.condition->to_text();
    if (auto why = rooms.types.why_never(trigger.event, suggestions > 0); !why.empty()) {
      --suggestions;
      told.problem = std::move(why);
    }
  }
  for (const auto& cron : function.schedules) {
    auto& told = info.schedules.emplace_back(cron.text);
    if (cron.jitter_ms > 0) told.jitter_ms = cron.jitter_ms;
  }
  if (function.user_id || session.actor->role == api::Role::kOwner) {
    if (const auto counts = rooms.workers.functions().own_meter(function.id)) {
      const auto of = [](const Counter& counter) {
        return static_cast<std::int64_t>(counter.value());
      };
      info.counts = {of(counts->completed), of(counts->retried), of(counts->slept),
                     of(counts->given_up), of(counts->paused)};
    }
  }
  return info;
}

Task<Result<>> add_loads(const Rooms& rooms, const Session& session,
                         std::vector<FunctionInfo>& functions) {
  std::vector<std::string> ids;
  for (const auto& function : functions) ids.push_back(function.id);
  auto loads = co_await rooms.control.loads(session.user_id(), std::move(ids), kCountMax);
  if (!loads) co_return fail(loads.error());
  for (std::size_t i = 0; i < functions.size(); ++i) {
    functions[i].waiting = (*loads)[i].waiting;
    functions[i].running = (*loads)[i].running;
  }
  co_return Result<>{};
}

Task<Result<FunctionList>> list(const Rooms& rooms, Session session, ListFunctions input) {
  const auto set = rooms.workers.functions().now();
  std::vector<const bus::Function*> found;
  for (const auto& function : set->all()) {
    if (!is_of(session, *function)) continue;
    if (input.app && function->app != *input.app) continue;
    if (input.cursor && function->id <= *input.cursor) continue;
    found.push_back(function.get());
  }
  const auto count = std::min(found.size(), static_cast<std::size_t>(input.limit));
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(count), {},
                            &bus::Function::id);
  FunctionList list;
  int suggestions = kSuggestionsMax;
  for (std::size_t i = 0; i < count; ++i) {
    list.functions.push_back(info_of(rooms, session, *found[i], suggestions));
  }
  if (found.size() > count) list.next_cursor = list.functions.back().id;
  if (auto added = co_await add_loads(rooms, session, list.functions); !added) {
    co_return fail(added.error());
  }
  co_return list;
}

Task<Result<FunctionInfo>> get(const Rooms& rooms, Session session, FunctionId input) {
  const auto function =
      bus::function_meant(*rooms.workers.functions().now(), session.user_id(), input.id);
  if (!function) co_return fail(function.error());
  int suggestions = kSuggestionsMax;
  std::vector<FunctionInfo> one = {info_of(rooms, session, **function, suggestions)};
  if (auto added = co_await add_loads(rooms, session, one); !added) co_return fail(added.error());
  co_return std::move(one.front());
}

struct PauseChange {
  std::string id;
  bool has_changed = false;
};
const ObjectSchema<PauseChange>& describe(Type<PauseChange>) {
  static const auto schema = object<PauseChange>("PauseChange")
                                 .field("id", &PauseChange::id)
                                 .field("hasChanged", &PauseChange::has_changed, boolean(),
                                        "False: it was so before, and nothing is recorded.");
  return schema;
}

Task<Result<PauseChange>> pause(const Rooms& rooms, Session session, FunctionId input) {
  auto changed = co_await rooms.control.pause(person_of(session), input.id);
  if (!changed) co_return fail(changed.error());
  co_return PauseChange{std::move(changed->function_id), changed->has_changed};
}

Task<Result<PauseChange>> resume(const Rooms& rooms, Session session, FunctionId input) {
  auto changed = co_await rooms.control.resume(person_of(session), input.id);
  if (!changed) co_return fail(changed.error());
  co_return PauseChange{std::move(changed->function_id), changed->has_changed};
}

struct InvokeFunction {
  std::string id;
  Json data;
};
const ObjectSchema<InvokeFunction>& describe(Type<InvokeFunction>) {
  static const auto schema =
      object<InvokeFunction>("InvokeFunction")
          .field("id", &InvokeFunction::id, string().min(1).max(400), kFunctionNameDocs)
          .field_or("data", &InvokeFunction::data, record(any()), Json::object(),
                    "What it is handed as the event's data, at most 512 KiB of JSON.");
  return schema;
}

struct InvokedRun {
  std::string event_id;
  std::int64_t position = 0;
  std::optional<std::string> run_id;
};
const ObjectSchema<InvokedRun>& describe(Type<InvokedRun>) {
  static const auto schema =
      object<InvokedRun>("InvokedRun")
          .field("eventId", &InvokedRun::event_id, string().uuid(), "Of function.invoked.")
          .field("position", &InvokedRun::position, integer().min(1))
          .field("runId", &InvokedRun::run_id, string().uuid(),
                 "Absent: the function's limits say when it has a run; runs.list finds it by the "
                 "event.");
  return schema;
}

Task<Result<InvokedRun>> invoke(const Rooms& rooms, Session session, InvokeFunction input) {
  auto invoked =
      co_await rooms.control.invoke(person_of(session), std::move(input.id), std::move(input.data));
  if (!invoked) co_return fail(invoked.error());
  InvokedRun told{invoked->event_id.to_string(), invoked->position};
  if (invoked->run_id) told.run_id = invoked->run_id->to_string();
  co_return told;
}

}  // namespace

workers::Person person_of(const api::Session& session) {
  return {session.user_id(),     session.actor->recorded,
          session.actor->source, session.actor->role == api::Role::kOwner,
          session.trace,         session.cause,
          session.reason};
}

std::vector<rpc::ErrorMeta> errors_of_name() {
  return {{Code::kNotFound, "There is no such function for your events."},
          {Code::kBadRequest, "Several of your apps have a function of this name."}};
}

Task<Result<>> find_id(const Rooms& rooms, const Session& session,
                       std::optional<std::string>& function) {
  if (!function) co_return Result<>{};
  auto id = co_await rooms.control.id_meant(session.user_id(), *function);
  if (!id) co_return fail(id.error());
  function = std::move(*id);
  co_return Result<>{};
}

void add(const Rooms& rooms) {
  const auto no_such = errors_of_name().front();
  const auto ambiguous = errors_of_name().back();
  const rpc::ErrorMeta not_yours{Code::kForbidden, "It is the pod's own, and you are no owner."};
  add_query(rooms, "functions.list",
            {.summary = "What reacts to your events: the pod's own functions and those of your "
                        "apps.",
             .reach = rpc::Reach::kPod},
            list);
  add_query(rooms, "functions.get",
            {.summary = "One function.", .errors = {no_such, ambiguous}, .reach = rpc::Reach::kPod},
            get);
  add_mutation(rooms, "functions.pause",
               {.summary = "Let a function do nothing for now.",
                .docs = "What triggers it has its run, which waits; calls that are under way go to "
                        "their end. It holds over restarts. The pod's own functions are paused by "
                        "owners, for everybody.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {no_such, ambiguous, not_yours},
                .appends = {std::string(bus::kFunctionPaused.name)}},
               pause);
  add_mutation(rooms, "functions.resume",
               {.summary = "End the pause of a function: what waits goes on.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {no_such, ambiguous, not_yours},
                .appends = {std::string(bus::kFunctionResumed.name)}},
               resume);
  add_mutation(rooms, "functions.invoke",
               {.summary = "Have a function run, whatever triggers it.",
                .docs = "The run is for an event of its own, function.invoked, which has the data.",
                .effects = rpc::Effects::kAppends,
                .errors = {no_such,
                           {Code::kBadRequest,
                            "Several of your apps have a function of this name, or it carries out "
                            "requests: call the procedure that makes them."}},
                .appends = {std::string(bus::kFunctionInvoked.name)}},
               invoke);
  add_replays(rooms);
}

}  // namespace synap::features::functions

#include "inngest/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/json_given.h"
#include "bus/function_events.h"
#include "bus/function_name.h"
#include "inngest/app_event.h"
#include "inngest/call_body.h"
#include "inngest/defers.h"
#include "inngest/query.h"
#include "inngest/run_state.h"
#include "inngest/sdk_event.h"
#include "inngest/ulid.h"
#include "workers/pending_steps.h"
#include "workers/signal_waits.h"

namespace synap::inngest {

namespace {

constexpr int kEventsMax = 100;
constexpr int kRunsMax = 500;
constexpr std::int64_t kTimeMax = 253'402'300'799'999;  // 9999-12-31, the last that is shown
constexpr JsonLimits kStored{.depth_max = 80};

Json parsed(const std::string& text) {
  return text.empty() ? Json() : parse_json(text, kStored).value_or(Json());
}

// "/v1/runs/01J…/batch" in its parts, behind the first '/'.
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

enum class Route : std::uint8_t {
  kNone,
  kEvents,
  kEvent,
  kRunsOfEvent,
  kRun,
  kSignals,
  kJobs,
  kBatch,
  kActions,
};

Route route_of(const std::vector<std::string_view>& parts) {
  const auto count = parts.size();
  if (count < 2 || count > 4) return Route::kNone;
  const bool is_v1 = parts[0] == "v1";
  if (!is_v1 && parts[0] != "v0") return Route::kNone;
  if (parts[1] == "runs" && count == 3) return Route::kRun;
  if (parts[1] == "runs" && count == 4 && is_v1 && parts[3] == "jobs") return Route::kJobs;
  if (parts[1] == "runs" && count == 4 && !is_v1) {
    if (parts[3] == "batch") return Route::kBatch;
    if (parts[3] == "actions") return Route::kActions;
  }
  if (!is_v1) return Route::kNone;
  if (parts[1] == "signals" && count == 2) return Route::kSignals;
  if (parts[1] != "events") return Route::kNone;
  if (count == 2) return Route::kEvents;
  if (count == 3) return Route::kEvent;
  return parts[3] == "runs" ? Route::kRunsOfEvent : Route::kNone;
}

std::unexpected<Error> no_such(std::string_view what) {
  return fail(Code::kNotFound, fmt::format("There is no such {}", what));
}

Result<events::Filter> filter_of(std::string_view query) {
  events::Filter filter{.limit = 20, .order = events::Order::kNewestFirst};
  if (const auto limit = query_parameter(query, "limit"); !limit.empty()) {
    int number = 0;
    const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), number);
    const bool is_number = error == std::errc{} && end == limit.data() + limit.size();
    if (!is_number || number < 1 || number > kEventsMax) {
      return fail(Code::kBadRequest, fmt::format("limit is a number from 1 to {}", kEventsMax));
    }
    filter.limit = number;
  }
  if (const auto name = query_parameter(query, "name"); !name.empty()) {
    filter.types.push_back(bus_name(name));
  }
  for (const auto& [key, at] :
       {std::pair("received_after", &filter.from), std::pair("received_before", &filter.to)}) {
    const auto text = query_parameter(query, key);
    if (text.empty()) continue;
    *at = parse_iso8601(text);
    if (!*at) return fail(Code::kBadRequest, fmt::format("{} is a time as ISO 8601 has it", key));
  }
  return filter;
}

}  // namespace

Json with_metadata(Json data) {
  const auto now = to_iso8601(unix_ms_now());
  return Json::object(
      {{"data", std::move(data)},
       {"metadata", Json::object({{"fetched_at", now}, {"cached_until", nullptr}})}});
}

std::string_view History::methods_of(std::string_view path) {
  const auto parts = parts_of(path);
  switch (route_of(parts)) {
    case Route::kNone:
      return {};
    case Route::kRun:
      return parts[0] == "v1" ? "GET, DELETE" : "DELETE";
    case Route::kSignals:
      return "POST";
    default:
      return "GET";
  }
}

std::string_view History::scope_of(std::string_view path, std::string_view method) {
  switch (route_of(parts_of(path))) {
    case Route::kEvents:
    case Route::kEvent:
      return "events:read";
    case Route::kSignals:
      return "signals:write";
    default:
      return method == "GET" ? "runs:read" : "runs:write";
  }
}

Task<Result<Json>> History::answer(const net::Request& request, const Asker& asker) {
  const auto parts = parts_of(request.path);
  const auto route = route_of(parts);
  if (route == Route::kEvents) co_return co_await list_events(request.query, asker);
  if (route == Route::kSignals) co_return co_await send_signal(request, asker);
  const bool is_event = route == Route::kEvent || route == Route::kRunsOfEvent;
  // Of a run of an endpoint the app has made the id.
  const auto id = is_event ? parse_id(parts[2]) : parse_foreign_id(parts[2]);
  if (!id) co_return no_such(is_event ? "event" : "run");
  switch (route) {
    case Route::kEvent: {
      auto event = co_await find_event(*id, asker);
      if (!event) co_return fail(event.error());
      co_return with_metadata(shown_event(**event));
    }
    case Route::kRunsOfEvent:
      co_return co_await runs_of_event(*id, asker);
    case Route::kJobs:
      co_return co_await jobs(*id, asker);
    case Route::kBatch:
      co_return co_await batch(*id, asker);
    case Route::kActions:
      co_return co_await actions(*id, asker);
    default:
      break;
  }
  if (request.method == "DELETE") {
    auto done = co_await engine_.pool->cancel(asker.user_id, *id, asker.actor);
    if (!done) co_return fail(done.error());
    co_return Json();
  }
  auto run = co_await find_run(*id, asker);
  if (!run) co_return fail(run.error());
  auto shown = co_await shown_run(*run);
  if (!shown) co_return fail(shown.error());
  co_return with_metadata(std::move(*shown));
}

Json History::shown_event(const events::Event& event) const {
  const events::EventRef unowned(&event, [](const events::Event*) {});
  const auto current = types_.current(unowned);
  Json shown = sdk_event(current ? **current : event);
  shown.set("internal_id", ulid_of(event.id));
  shown.set("received_at", to_iso8601(event.timestamp));
  return shown;
}

Task<Result<events::EventRef>> History::find_event(Uuid id, const Asker& asker) {
  co_return co_await engine_.log.find(events::Tenancy::of_user(asker.user_id), id);
}

Task<Result<Json>> History::list_events(std::string_view query, const Asker& asker) {
  auto filter = filter_of(query);
  if (!filter) co_return fail(filter.error());
  if (const auto cursor = query_parameter(query, "cursor"); !cursor.empty()) {
    const auto id = parse_id(cursor);
    if (!id) co_return fail(Code::kBadRequest, "cursor is the internal_id of an event");
    auto event = co_await find_event(*id, asker);
    if (!event) co_return fail(event.error());
    filter->before = (*event)->position;
  }
  auto page = co_await engine_.log.read(events::Tenancy::of_user(asker.user_id), *filter);
  if (!page) co_return fail(page.error());
  Json list = Json::array();
  for (const auto& event : page->events) list.push_back(shown_event(*event));
  co_return with_metadata(std::move(list));
}

Task<Result<std::vector<History::Run>>> History::runs(const Asker& asker, std::optional<Uuid> id,
                                                      std::int64_t event_position) {
  co_return co_await engine_.runs.database().read_as(asker.user_id, [&](db::Tx& tx) {
    std::vector<Run> runs;
    constexpr std::string_view kColumns =
        "SELECT id, function, event_position, status, created_at, ended_at, output, error, "
        "started_at FROM runs WHERE ";
    const auto add = [&](db::Rows rows) {
      while (rows.next()) {
        runs.push_back({rows.uuid(0).value_or(Uuid{}), rows.text(1), rows.integer(2), rows.text(3),
                        rows.integer(4), std::nullopt, std::nullopt,
                        rows.optional_text(6).value_or(""), rows.optional_text(7).value_or("")});
        if (!rows.is_null(8)) runs.back().started_at = rows.integer(8);
        if (!rows.is_null(5)) runs.back().ended_at = rows.integer(5);
      }
    };
    if (id) {
      add(tx.query(fmt::format("{}id = $1", kColumns), *id));
    } else {
      add(tx.query(fmt::format("{}event_position = $1 ORDER BY id LIMIT $2", kColumns),
                   event_position, kRunsMax));
    }
    return runs;
  });
}

Task<Result<std::vector<History::Run>>> History::runs_for(std::int64_t event_position,
                                                          const Asker& asker) {
  co_return co_await runs(asker, std::nullopt, event_position);
}

Task<Result<History::Run>> History::find_run(Uuid id, const Asker& asker) {
  auto found = co_await runs(asker, id, 0);
  if (!found) co_return fail(found.error());
  if (found->empty()) co_return no_such("run");
  co_return std::move(found->front());
}

Task<Result<Json>> History::shown_run(const Run& run) {
  auto event = co_await engine_.log.at(run.event_position);
  if (!event) co_return fail(event.error());
  Json shown =
      Json::object({{"run_id", ulid_of(run.id)},
                    {"run_started_at", to_iso8601(run.started_at.value_or(run.created_at))},
                    {"function_id", std::string(bus::name_of_function(run.function))},
                    {"function_version", 1},
                    {"environment_id", "00000000-0000-0000-0000-000000000000"},
                    {"event_id", ulid_of((*event)->id)},
                    {"batch_id", nullptr},
                    {"original_run_id", nullptr},
                    {"cron", nullptr},
                    {"status", rest_name(run_state_of(run.status))}});
  shown.set("ended_at", run.ended_at ? Json(to_iso8601(*run.ended_at)) : Json());
  shown.set("output", run.status == "completed" ? parsed(run.output) : parsed(run.error));
  co_return shown;
}

Task<Result<Json>> History::runs_of_event(Uuid id, const Asker& asker) {
  auto event = co_await find_event(id, asker);
  if (!event) co_return fail(event.error());
  auto found = co_await runs(asker, std::nullopt, (*event)->position);
  if (!found) co_return fail(found.error());
  Json list = Json::array();
  for (const auto& run : *found) {
    auto shown = co_await shown_run(run);
    if (!shown) co_return fail(shown.error());
    list.push_back(std::move(*shown));
  }
  co_return with_metadata(std::move(list));
}

// A run that is under way, or to be called, has one job that begins it; one that waits, one for
// each step that it waits for.
Task<Result<Json>> History::jobs(Uuid id, const Asker& asker) {
  auto run = co_await find_run(id, asker);
  if (!run) co_return fail(run.error());
  Json list = Json::array();
  if (run->ended_at) co_return with_metadata(std::move(list));
  auto read = co_await engine_.runs.database().read([&](db::Tx& tx) {
    auto rows = tx.query(
        "SELECT hash, name, op, attempts, due_at FROM pending_steps_data WHERE run = $1 "
        "ORDER BY due_at, hash LIMIT $2",
        id, workers::kStepsMax);
    while (rows.next()) {
      const auto hash = workers::hash_of(rows.view(0));
      const bool is_try = rows.view(2) == workers::op_name(workers::OpCode::kStepError);
      const bool is_sleep = rows.view(2) == workers::op_name(workers::OpCode::kSleep);
      Json job = Json::object({{"id", fmt::format("{}-{}", ulid_of(id), to_hex(hash))},
                               {"step", rows.text(1)},
                               {"kind", is_try     ? "edge"
                                        : is_sleep ? "sleep"
                                                   : "pause"},
                               {"attempt", rows.integer(3)},
                               {"position", 0}});
      job.set("at", to_iso8601(std::clamp<std::int64_t>(rows.integer(4), 0, kTimeMax)));
      list.push_back(std::move(job));
    }
  });
  if (!read) co_return fail(read.error());
  if (list.as_array().empty()) {
    list.push_back(Json::object({{"id", ulid_of(id)},
                                 {"step", "step"},
                                 {"kind", "start"},
                                 {"attempt", 0},
                                 {"position", 0},
                                 {"at", to_iso8601(run->created_at)}}));
  }
  co_return with_metadata(std::move(list));
}

Task<Result<Json>> History::batch(Uuid id, const Asker& asker) {
  auto run = co_await find_run(id, asker);
  if (!run) co_return fail(run.error());
  auto all = co_await engine_.runs.load_events(id);
  if (!all) co_return fail(all.error());
  if (all->empty()) {
    auto event = co_await engine_.log.at(run->event_position);
    if (!event) co_return fail(event.error());
    all->push_back(std::move(*event));
  }
  Json list = Json::array();
  for (const auto& event : *all) {
    auto shown = co_await event_for_app(*event, types_, engine_.runs);
    if (!shown) co_return fail(shown.error());
    list.push_back(std::move(*shown));
  }
  co_return list;
}

Task<Result<Json>> History::actions(Uuid id, const Asker& asker) {
  auto run = co_await find_run(id, asker);
  if (!run) co_return fail(run.error());
  auto stored = co_await engine_.runs.load_results(id);
  if (!stored) co_return fail(stored.error());
  if (auto told = co_await tell_ends(*stored, types_, engine_.runs); !told) {
    co_return fail(told.error());
  }
  Defers().take_from(stored->memos);  // they are no steps
  auto steps = parse_json(steps_json(*stored), kStored);
  if (!steps) co_return fail(Code::kInternalServerError, steps.error().message);
  co_return std::move(*steps);
}

Task<Result<Json>> History::send_signal(const net::Request& request, const Asker& asker) {
  const auto body = parse_given_json(request.body);
  if (!body) co_return fail(body.error());
  bus::Signal signal{std::string(body->string_or("signal", "")), Json()};
  if (signal.signal.empty() || signal.signal.size() > 256) {
    co_return fail(Code::kBadRequest, "signal has 1 to 256 bytes");
  }
  if (const Json* data = body->find("data")) signal.data = *data;
  const auto name = signal.signal;
  events::Envelope envelope;
  envelope.user_id = asker.user_id;
  envelope.actor = asker.actor;
  envelope.source = asker.actor ? events::Source::kApi : events::Source::kAutomation;
  auto event = types_.make(bus::kSignalSent, std::move(signal), std::move(envelope));
  if (!event) co_return fail(event.error());
  events::Append append;
  append.events.push_back(std::move(*event));
  std::optional<Uuid> run;
  append.decide = [&](db::Tx& tx) {
    run = workers::take_signal_wait(tx, asker.user_id, name);
    if (!run) tx.abort({Code::kNotFound, "No run waits for this signal", nullptr});
  };
  auto appended = co_await engine_.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  co_return Json::object({{"data", Json::object({{"run_id", ulid_of(*run)}})}});
}

}  // namespace synap::inngest

#include "inngest/app_event.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "bus/function_events.h"
#include "bus/function_name.h"
#include "events/damage.h"
#include "inngest/app_driver.h"
#include "inngest/app_events.h"
#include "inngest/canonical.h"
#include "inngest/run_state.h"
#include "inngest/sdk_event.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kInngest = "inngest/";
constexpr JsonLimits kStored{.depth_max = 80};

Json current(const events::Event& event, const events::EventTypes& types) {
  const events::EventRef unowned(&event, [](const events::Event*) {});
  const auto now = types.current(unowned);
  return sdk_event(now ? **now : event);
}

std::string ulid_of_text(const std::string& uuid) {
  return ulid_of(Uuid::parse(uuid).value_or(Uuid{}));
}

Json told(const events::Event& event, Json data) {
  return Json::object({{"name", std::string(kInngest) + event.type},
                       {"id", ulid_of(event.id)},
                       {"ts", event.timestamp},
                       {"data", std::move(data)},
                       {"user", Json::object()}});
}

// Steps stand in no groups here: `gid` is the step's own.
Json invocation_facts(const events::Event& event, const bus::Invocation& asked) {
  Json facts = Json::object(
      {{"fn_id", std::string(bus::name_of_function(asked.function))},
       {"correlation_id", fmt::format("{}.{}", ulid_of_text(asked.run_id), asked.step)}});
  if (!asked.source_function) return facts;
  facts.set("gid", asked.step).set("name", asked.name.value_or(""));
  facts.set("source_fn_id", app_function_id(*asked.source_function)).set("source_fn_v", 1);
  if (asked.source_app) {
    facts.set("source_app_id", app_stream(event.user_id, *asked.source_app).to_string());
  }
  const auto until = parse_iso8601(asked.expires_at.value_or(""));
  if (until) facts.set("expire", *until);
  return facts;
}

Json invocation(const events::Event& event, const bus::Invocation& asked) {
  Json data = asked.data.is_object() ? asked.data : Json::object({{"value", asked.data}});
  // Of a run that has ended (defers.h).
  if (const Json* said = data.find("_inngest"); said != nullptr && said->find("parent_run_id")) {
    auto shown = told(event, std::move(data));
    return std::move(shown.set("name", "inngest/deferred.schedule"));
  }
  data.set("_inngest", invocation_facts(event, asked));
  auto shown = told(event, std::move(data));
  if (!asked.sdk) return shown;
  for (const char* key : {"v", "user", "meta"}) {
    if (const Json* value = asked.sdk->find(key)) shown.set(key, *value);
  }
  return shown;
}

Json timer(const events::Event& event, const bus::Tick& tick) {
  auto shown = told(event, Json::object({{"cron", tick.cron},
                                         {"scheduledAt", tick.scheduled_at},
                                         {"fireAt", to_iso8601(event.timestamp)}}));
  shown.set("name", "inngest/scheduled.timer").set("id", tick.scheduled_at);
  shown.set("synap", Json::object({{"id", event.id.to_string()}}));
  return shown;
}

// What is stored of a run that has ended.
struct Ended {
  std::string output;
  std::string error;
};

Task<Result<Ended>> ended_run(workers::RunStore& runs, const bus::RunEnd& end) {
  const auto id = Uuid::parse(end.run_id).value_or(Uuid{});
  co_return co_await runs.database().read([&](db::Tx& tx) {
    Ended ended;
    auto rows = tx.query("SELECT output, error FROM runs_data WHERE id = $1", id);
    if (rows.next()) {
      ended.output = rows.optional_text(0).value_or("");
      ended.error = rows.optional_text(1).value_or("");
    }
    return ended;
  });
}

events::EventType<bus::RunEnd> end_type(const events::Event& event) {
  return {.name = event.type, .needs_aggregate = false};
}

Json data_of_end(const bus::RunEnd& end) {
  return Json::object(
      {{"function_id", std::string(bus::name_of_function(end.function))},
       {"run_id", ulid_of_text(end.run_id)},
       {"_inngest", Json::object({{"status", rest_name(run_state_of(end.status))}})}});
}

Json error_of_end(const bus::RunEnd& end) {
  return Json::object(
      {{"name", end.name.value_or("Error")}, {"message", end.message.value_or(end.status)}});
}

Task<Result<Json>> end_of_run(const events::Event& event, const bus::RunEnd& end,
                              const events::EventTypes& types, workers::RunStore& runs) {
  auto ended = co_await ended_run(runs, end);
  if (!ended) co_return fail(ended.error());
  auto data = data_of_end(end);
  auto cause = co_await runs.log().find(events::Tenancy::of_user(event.user_id),
                                        Uuid::parse(end.event_id).value_or(Uuid{}));
  if (cause) {
    const auto shown = current(**cause, types);
    data.set("event", shown);
    data.set("events", Json(Json::Array{shown}));
  }
  if (end.status == "completed") {
    data.set("result", parse_json(ended->output, kStored).value_or(Json()));
  } else {
    auto error = parse_json(ended->error, kStored);
    data.set("error", error ? std::move(*error) : error_of_end(end));
  }
  co_return told(event, std::move(data));
}

}  // namespace

std::string bus_name(std::string_view name) {
  constexpr std::string_view kBoth = "inngest/function.";
  if (name.starts_with(kBoth)) name.remove_prefix(kInngest.size());
  return std::string(name);
}

Json app_view(const events::Event& event, const events::EventTypes& types) {
  if (event.type == bus::kFunctionInvoked.name) {
    const auto asked = events::data_of(event, bus::kFunctionInvoked);
    return asked ? invocation(event, **asked) : Json();
  }
  if (event.type == bus::kFunctionScheduled.name) {
    const auto tick = events::data_of(event, bus::kFunctionScheduled);
    return tick ? timer(event, **tick) : Json();
  }
  if (!bus::is_about_an_end(event.type)) return current(event, types);
  const auto end = events::data_of(event, end_type(event));
  if (!end) return Json();
  auto data = data_of_end(**end);
  data.set("error", error_of_end(**end));
  return told(event, std::move(data));
}

Task<Result<Json>> event_for_app(const events::Event& event, const events::EventTypes& types,
                                 workers::RunStore& runs) {
  if (event.is_damaged()) co_return fail(events::damaged(event));
  if (!bus::is_about_an_end(event.type)) co_return app_view(event, types);
  const auto end = events::data_of(event, end_type(event));
  if (!end) co_return fail(end.error());
  co_return co_await end_of_run(event, **end, types, runs);
}

Task<Result<>> tell_ends(workers::StoredResults& stored, const events::EventTypes& types,
                         workers::RunStore& runs) {
  for (auto& [hash, memo] : stored.memos) {
    if (memo.op != workers::OpCode::kWaitForEvent || memo.text == "null") continue;
    const auto event = parse_json(memo.text, kStored);
    const Json* position = event ? event->find("position") : nullptr;
    if (position == nullptr || !bus::is_about_an_end(event->string_or("type", ""))) continue;
    auto ended = co_await runs.log().at(position->as_integer());
    if (!ended) co_return fail(ended.error());
    auto told = co_await event_for_app(**ended, types, runs);
    if (!told) co_return fail(told.error());
    memo.text = canonical_json(*told);
    memo.op = workers::OpCode::kStepRun;  // as the app is to see it
  }
  co_return Result<>{};
}

}  // namespace synap::inngest

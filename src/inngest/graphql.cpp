#include "inngest/graphql.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/crypto.h"
#include "bus/function_name.h"
#include "inngest/run_state.h"
#include "inngest/ulid.h"
#include "workers/pending_steps.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kListedOutputMax = 4 << 10;
constexpr JsonLimits kStored{.depth_max = 80};
constexpr std::int64_t kTimeMax = 253'402'300'799'999;  // 9999-12-31, the last that is shown

std::string step_kind(std::string_view op) {
  if (op == "Sleep") return "SLEEP";
  if (op == "WaitForEvent") return "WAIT_FOR_EVENT";
  if (op == "InvokeFunction") return "INVOKE";
  if (op == "WaitForSignal") return "WAIT_FOR_SIGNAL";
  return "RUN";
}

Json time(std::int64_t unix_ms) {
  return to_iso8601(std::clamp<std::int64_t>(unix_ms, 0, kTimeMax));
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// A slug and a name are all that a run says of its function.
Json function_of(const History::Run& run) {
  const std::string slug(bus::name_of_function(run.function));
  return Json::object({{"__typename", "Function"}, {"id", slug}, {"slug", slug}, {"name", slug}});
}

std::string text_argument(const GraphqlField& field, std::string_view name) {
  return std::string(field.arguments.string_or(name, ""));
}

// {"query": {…}}, as older queries have it.
Json query_of(const GraphqlField& field) {
  const Json* query = field.arguments.find("query");
  return query != nullptr && query->is_object() ? *query : Json::object();
}

Result<std::optional<std::int64_t>> time_of(const Json& query, std::string_view name) {
  const auto text = query.string_or(name, "");
  if (text.empty()) return std::nullopt;
  const auto at = parse_iso8601(text);
  if (!at) return fail(Code::kBadRequest, fmt::format("{} is a time as ISO 8601 has it", name));
  return at;
}

// A span, with all that may be asked of one.
struct Span {
  std::string run_id;
  std::string step;  // its hash; empty: the whole run
  std::string name;
  std::string op;
  std::string status;
  std::int64_t attempts = 1;
  std::optional<std::int64_t> started_at;
  std::optional<std::int64_t> ended_at;
  Json info;
};

Json span_json(const Span& span, std::int64_t queued_at, Json children) {
  const bool is_root = span.step.empty();
  const auto id = is_root ? span.run_id : span.run_id + ":" + span.step;
  Json json = Json::object({{"__typename", "RunTraceSpan"},
                            {"runID", span.run_id},
                            {"traceID", span.run_id},
                            {"spanID", id},
                            {"name", span.name},
                            {"status", span.status},
                            {"attempts", span.attempts},
                            {"isRoot", is_root},
                            {"isUserland", false},
                            {"queuedAt", time(queued_at)}});
  json.set("parentSpanID", is_root ? Json() : Json(span.run_id));
  json.set("startedAt", span.started_at ? time(*span.started_at) : Json());
  json.set("endedAt", span.ended_at ? time(*span.ended_at) : Json());
  const bool has_times = span.started_at && span.ended_at;
  json.set("duration", has_times ? Json(*span.ended_at - *span.started_at) : Json());
  json.set("outputID", span.ended_at ? Json(id) : Json());
  json.set("stepID", is_root ? Json() : Json(span.step));
  json.set("stepOp", is_root ? Json() : Json(step_kind(span.op)));
  json.set("stepInfo", span.info);
  for (const char* none : {"userlandSpan", "debugRunID", "debugSessionID", "skipReason"}) {
    json.set(none, Json());
  }
  json.set("metadata", Json::array());
  json.set("childrenSpans", std::move(children));
  return json;
}

// What an op was about, as far as its memo says it.
Json info_of(std::string_view op, const Json& memo, const std::optional<std::int64_t>& ended_at,
             std::int64_t due_at) {
  const bool is_late = ended_at && memo.is_null();
  const auto until = time(ended_at.value_or(due_at));
  if (op == "Sleep") {
    return Json::object({{"__typename", "SleepStepInfo"}, {"sleepUntil", until}});
  }
  if (op == "WaitForEvent") {
    const auto id = parse_id(memo.string_or("id", ""));
    Json info = Json::object({{"__typename", "WaitForEventStepInfo"},
                              {"eventName", text_or_null(std::string(memo.string_or("type", "")))},
                              {"expression", nullptr},
                              {"timeout", until}});
    info.set("foundEventID", id ? Json(ulid_of(*id)) : Json());
    info.set("timedOut", ended_at ? Json(is_late) : Json());
    return info;
  }
  if (op == "WaitForSignal") {
    Json info = Json::object({{"__typename", "WaitForSignalStepInfo"},
                              {"signal", text_or_null(std::string(memo.string_or("signal", "")))},
                              {"timeout", until}});
    info.set("timedOut", ended_at ? Json(is_late) : Json());
    return info;
  }
  if (op == "InvokeFunction") return Json();
  return Json::object({{"__typename", "RunStepInfo"}, {"type", nullptr}});
}

Json error_json(const Json& error) {
  return Json::object({{"__typename", "StepError"},
                       {"message", std::string(error.string_or("message", ""))},
                       {"name", text_or_null(std::string(error.string_or("name", "")))},
                       {"stack", text_or_null(std::string(error.string_or("stack", "")))},
                       {"cause", error.find("cause") != nullptr ? *error.find("cause") : Json()}});
}

// `memo` as an output: what it has of data or error. As text, which Inngest's "Bytes" are.
Json output_of(const Json& memo) {
  Json made = Json::object({{"__typename", "RunTraceSpanOutput"}, {"input", nullptr}});
  const Json* error = memo.find("error");
  const Json* data = memo.find("data");
  if (error != nullptr) {
    made.set("data", Json()).set("error", error_json(*error));
  } else {
    made.set("data", data != nullptr ? data->dump() : memo.dump()).set("error", Json());
  }
  return made;
}

}  // namespace

Task<Result<Json>> Graphql::answer(Json body, const Asker& asker) {
  const Json* given = body.find("variables");
  const Json none = Json::object();
  const Json& variables = given != nullptr && given->is_object() ? *given : none;
  auto fields =
      read_graphql(body.string_or("query", ""), body.string_or("operationName", ""), variables);
  if (fields) fields = fields_of_type(*fields, "Query");
  if (!fields) co_return fail(fields.error());
  // A list of events costs a read of their runs: so much and no more for one request.
  constexpr std::size_t kRootsMax = 10;
  if (fields->size() > kRootsMax) {
    co_return fail(Code::kBadRequest, fmt::format("A query asks for at most {} things", kRootsMax));
  }
  Json data = Json::object();
  for (const auto& field : *fields) {
    if (field.name == "__typename") {
      data.set(field.key, "Query");
      continue;
    }
    auto object = co_await resolve(field, asker);
    if (!object) co_return fail(object.error());
    // As if it were the only member of the whole.
    Json whole = Json::object({{"__typename", "Query"}});
    auto taken = take_fields(whole.set(field.name, std::move(*object)), {field});
    if (!taken) co_return fail(taken.error());
    data.set(field.key, *taken->find(field.key));
  }
  co_return data;
}

Task<Result<Json>> Graphql::resolve(const GraphqlField& field, const Asker& asker) {
  if (field.name == "run") co_return co_await run(field, asker);
  if (field.name == "runTraceSpanOutputByID") co_return co_await output(field, asker);
  if (field.name == "eventV2") {
    co_return co_await event(field, text_argument(field, "id"), asker);
  }
  if (field.name == "event") {
    const auto query = query_of(field);
    co_return co_await event(field, std::string(query.string_or("eventId", "")), asker);
  }
  if (field.name == "events" || field.name == "stream") co_return co_await events(field, asker);
  co_return fail(Code::kNotImplemented,
                 fmt::format("This pod does not answer \"{}\" of Inngest's GraphQL "
                             "(docs/inngest.md)",
                             field.name));
}

Task<Result<Json>> Graphql::run(const GraphqlField& field, const Asker& asker) {
  const auto id = parse_foreign_id(text_argument(field, "runID"));
  if (!id) co_return fail(Code::kNotFound, "There is no such run");
  auto run = co_await history_.find_run(*id, asker);
  if (!run) co_return fail(run.error());
  auto event = co_await engine_.log.at(run->event_position);
  if (!event) co_return fail(event.error());
  co_return co_await shown_run(field, *run, **event);
}

Task<Result<Json>> Graphql::shown_run(const GraphqlField& field, const History::Run& run,
                                      const events::Event& event) {
  const auto& result = run.status == "completed" ? run.output : run.error;
  Json shown = Json::object({{"__typename", "FunctionRunV2"},
                             {"id", ulid_of(run.id)},
                             {"functionID", std::string(bus::name_of_function(run.function))},
                             {"function", function_of(run)},
                             {"status", graphql_name(run_state_of(run.status))},
                             {"queuedAt", time(run.created_at)},
                             {"startedAt", run.started_at ? time(*run.started_at) : Json()},
                             {"traceID", ulid_of(run.id)},
                             {"eventName", event.type},
                             {"sourceID", nullptr},
                             {"cronSchedule", nullptr},
                             {"batchCreatedAt", nullptr},
                             {"isBatch", false},
                             {"hasAI", false},
                             {"triggerIDs", Json(Json::Array{Json(ulid_of(event.id))})}});
  const auto ended = run.ended_at ? time(*run.ended_at) : Json();
  shown.set("endedAt", ended).set("finishedAt", ended);
  shown.set("output", text_or_null(result));
  if (field.find("trace") == nullptr) {
    shown.set("trace", Json());
    co_return shown;
  }
  auto spans = co_await trace(run);
  if (!spans) co_return fail(spans.error());
  co_return std::move(shown.set("trace", std::move(*spans)));
}

Task<Result<Json>> Graphql::trace(const History::Run& run) {
  const auto run_id = ulid_of(run.id);
  std::vector<Span> spans;
  auto read = co_await engine_.runs.database().read([&](db::Tx& tx) {
    {
      auto rows = tx.query(
          "SELECT hash, name, op, stored_at, CASE WHEN length(memo) < 4096 THEN memo END FROM "
          "run_steps_data WHERE run = $1 ORDER BY place LIMIT $2",
          run.id, workers::kStepsMax);
      while (rows.next()) {
        Span span{.run_id = run_id,
                  .step = to_hex(workers::hash_of(rows.view(0))),
                  .name = rows.text(1),
                  .op = rows.text(2),
                  .ended_at = rows.integer(3)};
        span.status = span.op == "StepFailed" ? "FAILED" : "COMPLETED";
        const auto memo = parse_json(rows.optional_text(4).value_or("{}"), kStored);
        span.info = info_of(span.op, memo.value_or(Json::object()), span.ended_at, 0);
        spans.push_back(std::move(span));
      }
    }
    auto rows = tx.query(
        "SELECT hash, name, op, attempts, due_at FROM pending_steps_data WHERE run = $1 "
        "ORDER BY name, hash LIMIT $2",
        run.id, workers::kStepsMax);
    while (rows.next()) {
      Span span{.run_id = run_id,
                .step = to_hex(workers::hash_of(rows.view(0))),
                .name = rows.text(1),
                .op = rows.text(2),
                .status = "WAITING",
                .attempts = std::max<std::int64_t>(rows.integer(3), 1)};
      if (span.op == "StepError") span.status = "RUNNING";
      span.info = info_of(span.op, Json::object(), std::nullopt, rows.integer(4));
      spans.push_back(std::move(span));
    }
  });
  if (!read) co_return fail(read.error());
  Json children = Json::array();
  for (const auto& span : spans) {
    children.push_back(span_json(span, run.created_at, Json::array()));
  }
  const Span root{.run_id = run_id,
                  .name = std::string(bus::name_of_function(run.function)),
                  .status = std::string(graphql_name(run_state_of(run.status))),
                  .started_at = run.started_at,
                  .ended_at = run.ended_at};
  co_return span_json(root, run.created_at, std::move(children));
}

// "<run>" or "<run>:<step>", as span_json writes it.
Task<Result<Json>> Graphql::output(const GraphqlField& field, const Asker& asker) {
  const auto id = text_argument(field, "outputID");
  const auto colon = std::min(id.find(':'), id.size());
  const auto run_id = parse_foreign_id(id.substr(0, colon));
  if (!run_id) co_return fail(Code::kNotFound, "There is no such output");
  auto run = co_await history_.find_run(*run_id, asker);
  if (!run) co_return fail(run.error());
  if (colon == id.size()) {
    const bool is_good = run->status == "completed";
    auto result = parse_json(is_good ? run->output : run->error, kStored);
    Json memo = Json::object();
    memo.set(is_good ? "data" : "error", result ? std::move(*result) : Json());
    co_return output_of(memo);
  }
  const auto hash = workers::hash_from_hex(id.substr(colon + 1));
  std::string memo;
  auto read = co_await engine_.runs.database().read([&](db::Tx& tx) {
    auto rows = tx.query("SELECT memo FROM run_steps_data WHERE run = $1 AND hash = $2", *run_id,
                         workers::blob_of(hash));
    if (rows.next()) memo = rows.text(0);
  });
  if (!read) co_return fail(read.error());
  if (memo.empty()) co_return fail(Code::kNotFound, "There is no such output");
  co_return output_of(parse_json(memo, kStored).value_or(Json()));
}

Task<Result<Json>> Graphql::event(const GraphqlField& field, const std::string& id,
                                  const Asker& asker) {
  const auto uuid = parse_id(id);
  if (!uuid) co_return fail(Code::kNotFound, "There is no such event");
  auto found = co_await history_.find_event(*uuid, asker);
  if (!found) co_return fail(found.error());
  co_return co_await shown(field, **found, asker);
}

Task<Result<Json>> Graphql::events(const GraphqlField& field, const Asker& asker) {
  const auto query = query_of(field);
  events::Filter filter{.limit = 40, .order = events::Order::kNewestFirst};
  if (const Json* limit = query.find("limit"); limit != nullptr && limit->is_integer()) {
    // The tools ask for 999.
    filter.limit = static_cast<int>(std::clamp<std::int64_t>(limit->as_integer(), 1, kEventsMax));
  }
  for (const auto& [name, at] :
       {std::pair("after", &filter.from), std::pair("before", &filter.to)}) {
    auto time = time_of(query, name);
    if (!time) co_return fail(time.error());
    *at = *time;
  }
  auto page = co_await engine_.log.read(events::Tenancy::of_user(asker.user_id), filter);
  if (!page) co_return fail(page.error());
  Json list = Json::array();
  for (const auto& event : page->events) {
    auto one = co_await shown(field, *event, asker);
    if (!one) co_return fail(one.error());
    list.push_back(std::move(*one));
  }
  co_return list;
}

// One shape for all queries of events: each has names of its own for the same.
Task<Result<Json>> Graphql::shown(const GraphqlField& field, const events::Event& event,
                                  const Asker& asker) {
  const auto told = history_.shown_event(event);
  const Json* data = told.find("data");
  const auto at = time(event.timestamp);
  const char* type = field.name == "eventV2"  ? "EventV2"
                     : field.name == "stream" ? "StreamItem"
                                              : "Event";
  Json shown = Json::object({{"__typename", type},
                             {"id", ulid_of(event.id)},
                             {"name", std::string(told.string_or("name", event.type))},
                             {"trigger", std::string(told.string_or("name", event.type))},
                             {"type", "EVENT"},
                             {"inBatch", false},
                             {"receivedAt", at},
                             {"createdAt", at},
                             {"occurredAt", at},
                             {"payload", data != nullptr ? data->dump() : "{}"},
                             {"raw", told.dump()},
                             {"source", nullptr},
                             {"version", nullptr}});
  shown.set("idempotencyKey", text_or_null(std::string(told.string_or("id", ""))));
  const bool is_wanted = std::ranges::any_of(field.fields, [](const GraphqlField& child) {
    return child.name == "runs" || child.name == "functionRuns" || child.name == "totalRuns" ||
           child.name == "pendingRuns" || child.name == "status";
  });
  if (!is_wanted) co_return shown;
  auto runs = co_await history_.runs_for(event.position, asker);
  if (!runs) co_return fail(runs.error());
  Json list = Json::array();
  std::int64_t pending = 0;
  for (auto& run : *runs) {
    if (!run.ended_at) ++pending;
    // A large one is to be asked for by its run.
    if (run.output.size() > kListedOutputMax) run.output.clear();
    if (run.error.size() > kListedOutputMax) run.error.clear();
    auto one = co_await shown_run({}, run, event);
    if (!one) co_return fail(one.error());
    list.push_back(std::move(*one));
  }
  shown.set("totalRuns", static_cast<std::int64_t>(runs->size())).set("pendingRuns", pending);
  shown.set("status", runs->empty() ? "NO_FUNCTIONS" : pending > 0 ? "RUNNING" : "COMPLETED");
  shown.set("runs", list).set("functionRuns", std::move(list));
  co_return shown;
}

}  // namespace synap::inngest

#include "inngest/endpoints/endpoint_server.h"

#include <algorithm>

#include "base/json_given.h"
#include "inngest/app_events.h"
#include "inngest/query.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

constexpr JsonLimits kDepth{.depth_max = 80};

// "/steps" of "/v1/checkpoint/{run}/steps", and the run.
struct Parts {
  std::string_view run;
  std::string_view what;
};
std::optional<Parts> parts_of(std::string_view path) {
  for (const std::string_view begin : {"/v1/checkpoint", "/v1/http/runs"}) {
    if (!path.starts_with(begin)) continue;
    path.remove_prefix(begin.size());
    if (path.empty()) return Parts{};
    const auto end = path.find('/', 1);
    if (path.front() != '/' || end == std::string_view::npos) return std::nullopt;
    return Parts{path.substr(1, end - 1), path.substr(end)};
  }
  return std::nullopt;
}

Result<Uuid> run_of(std::string_view path) {
  const auto parts = parts_of(path);
  const auto id = parts ? parse_foreign_id(parts->run) : std::nullopt;
  if (!id) return fail(Code::kNotFound, "There is no such run");
  return *id;
}

// "js:v4.24.0" of "inngest-js:v4.24.0".
std::string sdk_of(const net::Request& request) {
  constexpr std::string_view kBegin = "inngest-";
  constexpr std::size_t kBytesMax = 64;
  const auto* said = request.headers.find("x-inngest-sdk");
  if (said == nullptr || said->size() > kBytesMax) return {};
  return said->starts_with(kBegin) ? said->substr(kBegin.size()) : *said;
}

Result<EndpointRuns::NewRun> read_new_run(const net::Request& request) {
  const auto body = parse_given_json(request.body, kDepth);
  if (!body) return fail(body.error());
  const auto told_id = body->string_or("run_id", "");
  const auto id = parse_foreign_id(told_id);
  if (!id) return fail(Code::kBadRequest, "run_id is a ULID");
  const Json* event = body->find("event");
  const bool is_of_request = event != nullptr && event->string_or("name", "") == kHttpRequest.name;
  const Json* data = is_of_request ? event->find("data") : nullptr;
  if (data == nullptr) {
    return fail(Code::kBadRequest, "A run of an endpoint is for an event inngest/http.request");
  }
  auto said = HttpRequest::read(*data);
  if (!said) return fail(said.error());
  EndpointRuns::NewRun made{.id = *id,
                            .id_of_app = parse_id(told_id).value_or(*id),
                            .request = std::move(*said),
                            .sdk = sdk_of(request)};
  const Json* retries = body->find("retries");
  constexpr int kUsual = 3;
  made.retries_max = kUsual;
  if (retries != nullptr && retries->is_integer()) {
    made.retries_max =
        static_cast<int>(std::clamp<std::int64_t>(retries->as_integer(), 0, kRetriesMax));
  }
  auto ops = EndpointRuns::read_ops(body->find("steps"));
  if (!ops) return fail(ops.error());
  made.ops = std::move(*ops);
  return made;
}

}  // namespace

EndpointServer::Route EndpointServer::route_of(std::string_view path) {
  const auto parts = parts_of(path);
  if (!parts) return Route::kNone;
  if (parts->what.empty()) return Route::kNew;
  if (parts->what == "/steps") return Route::kSteps;
  return parts->what == "/output" ? Route::kOutput : Route::kNone;
}

Result<> EndpointServer::may_read(const net::Request& head) const {
  const auto run_id = run_of(head.path);
  if (!run_id) return fail(run_id.error());
  return tokens_.check(*run_id, query_parameter(head.query, "token"),
                       rooms_.world.unix_ms() / 1'000);
}

Task<Result<Json>> EndpointServer::create(const net::Request& request, Asker asker) {
  auto asked = read_new_run(request);
  if (!asked) co_return fail(asked.error());
  const auto run_id = asked->id;
  const auto told_id = ulid_of(asked->id_of_app);
  const auto app_id = app_stream(asker.user_id, asked->request.domain);
  auto listening = rooms_.realtime.make_run_token(run_id, asker);
  if (!listening) co_return fail(listening.error());
  auto created = co_await rooms_.runs.create(std::move(asker), std::move(*asked));
  if (!created) co_return fail(created.error());
  co_return Json::object(
      {{"data", Json::object({{"fn_id", app_function_id(created->function->id)},
                              {"app_id", app_id.to_string()},
                              {"run_id", told_id},
                              {"token", tokens_.make(run_id, rooms_.world.unix_ms() / 1'000)},
                              {"realtime_token", std::move(*listening)}})}});
}

Task<Result<>> EndpointServer::take_steps(const net::Request& request, Asker asker) {
  const auto run_id = run_of(request.path);
  if (!run_id) co_return fail(run_id.error());
  const auto body = parse_given_json(request.body, kDepth, "timing");
  if (!body) co_return fail(body.error());
  const Json* steps = body->find("steps");
  if (steps == nullptr) co_return fail(Code::kBadRequest, "A checkpoint has steps, a list");
  auto ops = EndpointRuns::read_ops(steps);
  if (!ops) co_return fail(ops.error());
  co_return co_await rooms_.runs.tell(std::move(asker), *run_id, std::move(*ops));
}

// It may end while it is looked at: who listens by then hears of that.
Task<Result<net::Response>> EndpointServer::listen(const net::Request& request) {
  auto stream = rooms_.realtime.stream(request);
  const auto listening = rooms_.realtime.listening_of(request);
  const auto run_id = listening ? RealtimeServer::run_of(*listening) : std::nullopt;
  if (!stream || !run_id) co_return stream;
  const auto last = co_await rooms_.outputs.last_event(*run_id);
  if (last && *last) {
    stream->stream = nullptr;
    stream->body = **last;
  }
  co_return stream;
}

Task<Result<net::Response>> EndpointServer::output(const net::Request& request) {
  const auto run_id = run_of(request.path);
  if (!run_id) co_return fail(run_id.error());
  co_return co_await rooms_.outputs.wait(*run_id, request.gone);
}

}  // namespace synap::inngest

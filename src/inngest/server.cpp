#include "inngest/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "inngest/query.h"
#include "inngest/request_span.h"
#include "inngest/ulid.h"
#include "net/ascii.h"
#include "net/url.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kQueryBytesMax = 256 << 10;
// Source: Inngest's server.
constexpr std::size_t kSpansBytesMax = 8 << 20;

const Error kWrongHost{Code::kForbidden,
                       "This pod does not go by the name of the request's Host header"};

net::Response json_response(int status, const Json& body) {
  net::Response response;
  response.status = status;
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.body = body.dump();
  return response;
}

bool is_below(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// A field of a form, where '+' is a space.
Result<std::string> form_text(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return net::percent_decode(spaced);
}

// As webhooks send it: `name` is the event's, every other field a list of its values.
Result<Json> event_of_form(std::string_view body) {
  Json event = Json::object();
  Json data = Json::object();
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = form_text(pair.substr(0, equals));
    const auto value = form_text(pair.substr(std::min(equals + 1, pair.size())));
    if (!key || !value) return fail(Code::kBadRequest, "The form's fields are not well encoded");
    if (*key == "name") {
      event.set("name", *value);
    } else if (Json* values = data.find(*key)) {
      values->push_back(*value);
    } else {
      data.set(*key, Json::array().push_back(*value));
    }
  }
  event.set("data", std::move(data));
  return event;
}

Result<std::vector<Json>> events_of(const net::Request& request) {
  const auto* type = request.headers.find("content-type");
  const std::string_view kind = type != nullptr ? *type : std::string_view("application/json");
  if (kind.starts_with("multipart/")) {
    return fail(Code::kUnsupportedMediaType,
                "Events are JSON, or a form that is application/x-www-form-urlencoded");
  }
  // curl says that whatever it sends is a form.
  const auto text = net::trimmed(request.body);
  const bool is_json = text.starts_with('{') || text.starts_with('[');
  const bool is_form = !is_json && kind.starts_with("application/x-www-form-urlencoded");
  auto body = is_form ? event_of_form(text) : parse_json(text);
  if (!body) return fail(body.error());
  std::vector<Json> events;
  if (!body->is_array()) {
    events.push_back(std::move(*body));
    return events;
  }
  if (body->as_array().size() > kEventsOfRequestMax) {
    return fail(Code::kBadRequest, fmt::format("A request has at most {} events; this one has {}",
                                               kEventsOfRequestMax, body->as_array().size()));
  }
  return std::move(body->as_array());
}

// Of "/v1/checkpoint/{run}/async", or by its other name, the run; empty: it is another path.
std::string_view checkpoint_run(std::string_view path) {
  constexpr std::string_view kEnd = "/async";
  if (!path.ends_with(kEnd)) return {};
  path.remove_suffix(kEnd.size());
  for (const std::string_view begin : {"/v1/checkpoint/", "/v1/http/runs/"}) {
    if (path.starts_with(begin)) return path.substr(begin.size());
  }
  return {};
}

// Of "/v1/apps/{app}/functions" the app; empty: it is another path.
std::string_view functions_app(std::string_view path) {
  constexpr std::string_view kBegin = "/v1/apps/";
  constexpr std::string_view kEnd = "/functions";
  if (!path.starts_with(kBegin) || !path.ends_with(kEnd)) return {};
  path.remove_prefix(kBegin.size());
  if (path.size() <= kEnd.size()) return {};
  path.remove_suffix(kEnd.size());
  return path.contains('/') ? std::string_view() : path;
}

Json with_metadata(Json data) {
  const auto now = to_iso8601(unix_ms_now());
  return Json::object(
      {{"data", std::move(data)},
       {"metadata", Json::object({{"fetched_at", now}, {"cached_until", nullptr}})}});
}

}  // namespace

// Which of the paths a request is for, and who may ask for it.
struct Server::Route {
  enum class Is : std::uint8_t {
    kEvents,
    kRegister,
    kRemove,
    kDev,
    kHealth,
    kHistory,
    kCheckpoint,
    kInvoke,
    kAppFunctions,
    kCancellations,
    kGraphql,
    kSpans,
    kConnectStart,
    kConnectFlush,
    kPublish,
    kListeningToken,
    kListen,
    kOther,
  };
  Is is = Is::kOther;
  std::string_view allow = {};  // methods, with a comma between two

  static Route of(const net::Request& head) {
    if (is_below("/e", head.path)) return {Is::kEvents, "POST"};
    if (head.path == "/fn/register") return {Is::kRegister, "POST, PUT"};
    if (head.path == "/fn/remove") return {Is::kRemove, "DELETE"};
    if (head.path == "/dev") return {Is::kDev, "GET"};
    if (head.path == "/health") return {Is::kHealth, "GET"};
    if (head.path.starts_with("/invoke/")) return {Is::kInvoke, "POST"};
    if (!checkpoint_run(head.path).empty()) return {Is::kCheckpoint, "POST"};
    if (!functions_app(head.path).empty()) return {Is::kAppFunctions, "GET"};
    if (head.path == ConnectServer::kStartPath) return {Is::kConnectStart, "POST"};
    if (head.path == ConnectServer::kFlushPath) return {Is::kConnectFlush, "POST"};
    if (head.path == RealtimeServer::kPublishPath) return {Is::kPublish, "POST"};
    if (head.path == RealtimeServer::kTokenPath) return {Is::kListeningToken, "POST"};
    if (head.path == RealtimeServer::kSsePath) return {Is::kListen, "GET"};
    if (head.path == "/v0/gql") return {Is::kGraphql, "POST"};
    if (head.path == "/v1/traces/userland") return {Is::kSpans, "POST"};
    const auto cancelling = Cancellations::methods_of(head.path);
    if (!cancelling.empty()) return {Is::kCancellations, cancelling};
    const auto methods = History::methods_of(head.path);
    if (!methods.empty()) return {Is::kHistory, methods};
    return {};
  }

  /// What an API key must be good for.
  std::string_view scope_of(std::string_view path, std::string_view method) const {
    if (is == Is::kCheckpoint || is == Is::kInvoke || is == Is::kConnectFlush) return "runs:write";
    if (is == Is::kHistory) return History::scope_of(path, method);
    if (is == Is::kAppFunctions) return "apps:read";
    if (is == Is::kGraphql) return "runs:read";
    if (is == Is::kCancellations) return method == "GET" ? "runs:read" : "runs:write";
    if (is == Is::kPublish) return "events:write";
    if (is == Is::kListeningToken) return "events:read";
    return is == Is::kDev ? "apps:read" : "apps:write";
  }
};

const std::vector<std::string>& Server::prefixes() {
  static const std::vector<std::string> all = {"/e", "/fn", "/dev", "/invoke", "/v0", "/v1"};
  return all;
}

net::Response Server::with_kind(net::Response response) const {
  response.headers.set("x-inngest-server-kind", access_.is_dev() ? "dev" : "cloud");
  return response;
}

net::Response Server::refused(const Error& error) const {
  const int status = info(error.code).http_status;
  auto response =
      json_response(status, Json::object({{"error", error.message}, {"status", status}}));
  const auto after = net::retry_after_seconds(status);
  if (!after.empty()) response.headers.add("retry-after", std::string(after));
  return with_kind(std::move(response));
}

net::Response Server::refusal(const Error& error) {
  return refused(error);
}

Task<net::Admission> Server::admit(const net::Request& head) {
  net::Admission admission;
  if (options_.names && !options_.names->has(head)) {
    admission.answer = refused(kWrongHost);
    co_return admission;
  }
  if (head.path == ConnectServer::kGatewayPath || head.path == RealtimeServer::kConnectPath) {
    admission.answer = refused({Code::kBadRequest, "This is opened as a WebSocket"});
    co_return admission;
  }
  const auto route = Route::of(head);
  if (route.is == Route::Is::kOther) {
    admission.answer = refused(
        {Code::kNotImplemented,
         fmt::format("This pod does not answer {} of an Inngest server yet (docs/inngest.md)",
                     head.path.substr(0, 100))});
    co_return admission;
  }
  if (!net::list_has(route.allow, head.method)) {
    admission.answer = refused({Code::kMethodNotSupported,
                                fmt::format("{} takes {}", head.path.substr(0, 20), route.allow)});
    admission.answer->headers.add("allow", std::string(route.allow));
    co_return admission;
  }
  if (route.is == Route::Is::kHealth) {
    admission.answer =
        with_kind(json_response(200, Json::object({{"status", 200}, {"message", "OK"}})));
    co_return admission;
  }
  if (route.is == Route::Is::kSpans && options_.pass_on_spans == nullptr) {
    admission.answer =
        refused({Code::kNotImplemented,
                 "This pod sends no traces anywhere (docs/operations.md, otlp_endpoint)"});
    co_return admission;
  }
  if (options_.is_bus_elsewhere &&
      (route.is == Route::Is::kRegister || route.is == Route::Is::kInvoke ||
       route.is == Route::Is::kConnectStart)) {
    admission.answer = refused({Code::kConflict,
                                "The bus of this pod is an Inngest server (the setting bus): "
                                "register the app there"});
    co_return admission;
  }
  Result<Asker> asker;
  if (route.is == Route::Is::kEvents) {
    const auto key =
        net::percent_decode(head.path.substr(std::min<std::size_t>(3, head.path.size())));
    asker = co_await access_.by_event_key(head, key.value_or(""));
  } else if (route.is == Route::Is::kListen) {
    const auto listening = realtime_.listening_of(head);
    asker = listening ? Result<Asker>(Asker{listening->user_id, std::nullopt})
                      : fail(listening.error());
  } else {
    asker = co_await access_.by_signing_key(head, route.scope_of(head.path, head.method));
    // It tells of both.
    if (asker && route.is == Route::Is::kGraphql) {
      asker = co_await access_.by_signing_key(head, "events:read");
    }
  }
  if (!asker) {
    admission.answer = refused(asker.error());
    co_return admission;
  }
  admission.account = asker->user_id;
  if (route.is == Route::Is::kRegister) admission.body_bytes_max = kRegistrationBytesMax;
  if (route.is == Route::Is::kGraphql) admission.body_bytes_max = kQueryBytesMax;
  if (route.is == Route::Is::kSpans) admission.body_bytes_max = kSpansBytesMax;
  if (route.is == Route::Is::kPublish) {
    admission.body_bytes_max = RealtimeServer::kMessageBytesMax;
  }
  if (route.is == Route::Is::kConnectStart) {
    admission.body_bytes_max = ConnectServer::kStartBytesMax;
  }
  admission.caller = std::make_shared<const Asker>(std::move(*asker));
  co_return admission;
}

Task<net::Response> Server::serve(const net::Request& request) {
  auto asker = *std::static_pointer_cast<const Asker>(request.caller);
  switch (Route::of(request).is) {
    case Route::Is::kEvents: {
      const RequestSpan span(ingestion_.tracer(), request, asker);
      auto response = co_await take_events(request, asker);
      span.end("POST /e", response.status);
      co_return with_kind(std::move(response));
    }
    case Route::Is::kRegister:
      co_return with_kind(co_await register_app(request, asker));
    case Route::Is::kRemove:
      co_return with_kind(co_await remove_app(request, asker));
    case Route::Is::kDev:
      co_return with_kind(co_await tell_dev(asker));
    case Route::Is::kHistory: {
      auto told = co_await history_.answer(request, asker);
      if (!told) co_return refused(told.error());
      if (!told->is_null()) co_return with_kind(json_response(200, *told));
      net::Response nothing;
      nothing.status = request.path.starts_with("/v0") ? 204 : 200;
      co_return with_kind(std::move(nothing));
    }
    case Route::Is::kCheckpoint:
      co_return with_kind(co_await take_checkpoint(request, asker));
    case Route::Is::kInvoke: {
      const RequestSpan span(ingestion_.tracer(), request, asker);
      auto response = co_await invoke(request, asker);
      span.end("POST /invoke", response.status);
      co_return with_kind(std::move(response));
    }
    case Route::Is::kAppFunctions:
      co_return with_kind(co_await tell_functions(request, asker));
    case Route::Is::kGraphql:
      co_return with_kind(co_await query(request, asker));
    case Route::Is::kPublish:
      co_return publish(request, asker);
    case Route::Is::kListeningToken:
      co_return tell_token(request, asker);
    case Route::Is::kListen: {
      auto stream = realtime_.stream(request);
      co_return stream ? with_kind(std::move(*stream)) : refused(stream.error());
    }
    case Route::Is::kConnectStart:
      co_return protobuf(connect_.start(request, asker));
    case Route::Is::kConnectFlush:
      co_return protobuf(connect_.flush(request, asker));
    case Route::Is::kCancellations:
      co_return with_kind(co_await cancel_many(request, asker));
    case Route::Is::kSpans:
      co_return with_kind(co_await take_spans(request));
    case Route::Is::kHealth:
    case Route::Is::kOther:
      break;
  }
  co_return refused({Code::kNotFound, "Nothing is served here"});
}

Task<net::Response> Server::take_events(const net::Request& request, const Asker& asker) {
  auto events = events_of(request);
  Ingested done;
  if (events) {
    std::optional<EventSeed> seed;
    if (const auto* text = request.headers.find("x-inngest-event-id-seed")) {
      seed = EventSeed::parse(*text);
    }
    done = co_await ingestion_.ingest(asker, std::move(*events), std::move(seed));
  } else {
    done.error = events.error();
  }
  Json ids = Json::array();
  for (auto& id : done.ids) ids.push_back(std::move(id));
  const int status = done.error ? info(done.error->code).http_status : 200;
  Json body = Json::object({{"ids", std::move(ids)}, {"status", status}});
  if (done.error) body.set("error", done.error->message);
  co_return json_response(status, body);
}

Task<net::Response> Server::register_app(const net::Request& request, const Asker& asker) {
  auto body = parse_json(request.body);
  if (!body) co_return refused(body.error());
  auto registration = Registration::read(std::move(*body));
  if (!registration) co_return refused(registration.error());
  auto synced = co_await apps_.sync(asker, std::move(*registration));
  if (!synced) co_return refused(synced.error());
  co_return json_response(200, Json::object({{"ok", true},
                                             {"modified", synced->is_modified},
                                             {"status", 200},
                                             {"app_id", synced->app_id.to_string()},
                                             {"sync_id", synced->app_id.to_string()}}));
}

Task<net::Response> Server::invoke(const net::Request& request, const Asker& asker) {
  const auto slug = net::percent_decode(request.path.substr(std::string_view("/invoke/").size()));
  if (!slug) co_return refused(slug.error());
  auto body = parse_json(request.body.empty() ? "{}" : request.body);
  if (!body) co_return refused(body.error());
  Json* data = body->find("data");
  if (data != nullptr && !data->is_object()) {
    co_return refused({Code::kBadRequest, "data is an object"});
  }
  if (data != nullptr) {
    // What only the server says.
    std::erase_if(data->as_object(), [](const auto& member) { return member.first == "_inngest"; });
  }
  auto id =
      co_await ingestion_.invoke(asker, *slug, data != nullptr ? std::move(*data) : Json::object());
  if (!id) co_return refused(id.error());
  co_return json_response(200, Json::object({{"id", *id}, {"status", 200}}));
}

Task<net::Response> Server::take_checkpoint(const net::Request& request, const Asker& asker) {
  const auto id = parse_id(checkpoint_run(request.path));
  if (!id) co_return refused({Code::kNotFound, "There is no such run"});
  auto body = parse_json(request.body, {.depth_max = 80});
  if (!body) co_return refused(body.error());
  auto stored = co_await checkpoints_.store(asker.user_id, *id, std::move(*body));
  if (!stored) co_return refused(stored.error());
  co_return json_response(200, Json::object({{"status", 200}}));
}

Task<net::Response> Server::remove_app(const net::Request& request, const Asker& asker) {
  const auto url = query_parameter(request.query, "url");
  if (url.empty()) co_return refused({Code::kBadRequest, "Say which app: ?url="});
  auto removed = co_await apps_.remove(asker, url);
  if (!removed) co_return refused(removed.error());
  if (*removed == 0) co_return refused({Code::kNotFound, "You have no app at this address"});
  co_return json_response(200, Json::object({{"ok", true}, {"status", 200}}));
}

Task<net::Response> Server::tell_functions(const net::Request& request, const Asker& asker) {
  const auto app = net::percent_decode(functions_app(request.path));
  if (!app) co_return refused(app.error());
  auto functions = co_await apps_.functions(asker.user_id, *app);
  if (!functions) co_return refused(functions.error());
  co_return json_response(200, with_metadata(std::move(*functions)));
}

// Errors stand in the answer, as GraphQL has them.
Task<net::Response> Server::query(const net::Request& request, const Asker& asker) {
  auto body = parse_json(request.body);
  auto data = body ? co_await graphql_.answer(std::move(*body), asker) : std::move(body);
  if (data) co_return json_response(200, Json::object({{"data", std::move(*data)}}));
  const auto& error = data.error();
  const Json said =
      Json::object({{"message", error.message},
                    {"extensions", Json::object({{"code", std::string(info(error.code).name)}})}});
  const int status = error.code == Code::kNotFound ? 200 : info(error.code).http_status;
  co_return json_response(status,
                          Json::object({{"data", nullptr}, {"errors", Json(Json::Array{said})}}));
}

Task<net::Response> Server::cancel_many(const net::Request& request, const Asker& asker) {
  auto told = co_await cancellations_.answer(request, asker);
  if (!told) co_return refused(told.error());
  if (!told->is_null()) {
    co_return json_response(request.method == "POST" ? 201 : 200, with_metadata(std::move(*told)));
  }
  net::Response nothing;
  nothing.status = 204;
  co_return nothing;
}

Task<net::Response> Server::tell_dev(const Asker& asker) {
  if (!access_.is_dev()) {
    co_return refused({Code::kNotFound, "This pod is no development server (--dev)"});
  }
  auto apps = co_await apps_.list(asker.user_id);
  if (!apps) co_return refused(apps.error());
  Json functions = Json::array();
  Json handlers = Json::array();
  for (const auto& app : *apps) {
    for (const auto& slug : app.functions) {
      functions.push_back(Json::object({{"id", slug}, {"slug", slug}, {"app", app.app}}));
    }
    handlers.push_back(Json::object({{"url", app.url}, {"sdk", app.sdk}, {"appName", app.app}}));
  }
  co_return json_response(200, Json::object({{"version", options_.version},
                                             {"authed", false},
                                             {"functions", std::move(functions)},
                                             {"handlers", std::move(handlers)}}));
}

// As they come: what they say is the app's.
Task<net::Response> Server::take_spans(const net::Request& request) {
  const auto* type = request.headers.find("content-type");
  auto passed = co_await options_.pass_on_spans(
      std::string(request.body), type != nullptr ? *type : std::string("application/json"));
  if (!passed) co_return refused(passed.error());
  co_return json_response(200, Json::object());
}

net::Response Server::publish(const net::Request& request, const Asker& asker) const {
  if (auto done = realtime_.publish(request, asker); !done) return refused(done.error());
  return with_kind(json_response(200, Json::object({{"status", 200}})));
}

net::Response Server::tell_token(const net::Request& request, const Asker& asker) const {
  const auto token = realtime_.make_token(request, asker);
  return token ? with_kind(json_response(201, *token)) : refused(token.error());
}

net::Response Server::protobuf(Result<std::string> body) const {
  if (!body) return refused(body.error());
  net::Response response;
  response.headers.add("content-type", "application/protobuf");
  response.headers.add("cache-control", "no-store");
  response.body = std::move(*body);
  return with_kind(std::move(response));
}

std::optional<net::Response> Server::refuse_upgrade(const net::Request& request) {
  if (options_.names && !options_.names->has(request)) return refused(kWrongHost);
  if (request.path == RealtimeServer::kConnectPath) {
    const auto listening = realtime_.listening_of(request);
    return listening ? std::nullopt : std::optional(refused(listening.error()));
  }
  if (request.path != ConnectServer::kGatewayPath) {
    return refused({Code::kNotFound, "No WebSocket is served here"});
  }
  if (ConnectServer::speaks(request)) return std::nullopt;
  return refused({Code::kBadRequest, fmt::format("Workers speak the WebSocket subprotocol {}",
                                                 ConnectServer::kProtocol)});
}

std::string Server::websocket_protocol(const net::Request& request) {
  return request.path == ConnectServer::kGatewayPath ? std::string(ConnectServer::kProtocol)
                                                     : std::string();
}

Task<void> Server::serve_websocket(const net::Request& request, net::WebSocket& socket) {
  if (request.path == RealtimeServer::kConnectPath) {
    co_await realtime_.serve(request, socket);
  } else {
    co_await connect_.serve(request, socket);
  }
}

}  // namespace synap::inngest

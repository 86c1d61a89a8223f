// What Server answers at each of its routes.
#include <algorithm>

#include "base/json_given.h"
#include "inngest/app_spans.h"
#include "inngest/history.h"
#include "inngest/paths.h"
#include "inngest/posted_events.h"
#include "inngest/query.h"
#include "inngest/server.h"
#include "inngest/ulid.h"
#include "net/ascii.h"
#include "net/url.h"

namespace synap::inngest {

net::Response Server::json_response(int status, const Json& body) {
  net::Response response;
  response.status = status;
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.body = body.dump();
  return response;
}

Task<net::Response> Server::take_events(const net::Request& request, const Asker& asker) {
  auto events = posted_events(request);
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
  if (auto may = apps_.may_call(registration->url); !may) co_return refused(may.error());
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
  auto body = parse_given_json(request.body.empty() ? "{}" : request.body);
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
  auto body = parse_given_json(request.body, {.depth_max = 80}, "timing");
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

Task<net::Response> Server::tell_dev(const net::Request&, const Asker& asker) {
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

// What they say is the app's, but for whose it is.
Task<net::Response> Server::take_spans(const net::Request& request, const Asker& asker) {
  const auto* encoding = request.headers.find("content-encoding");
  if (encoding != nullptr && !net::equal_ignoring_case(*encoding, "identity")) {
    co_return refused({Code::kUnsupportedMediaType, "Spans are sent as they are, not compressed"});
  }
  const auto* said = request.headers.find("content-type");
  std::string type = said != nullptr ? *said : std::string("application/json");
  auto body = with_owner(request.body, type, asker.user_id);
  if (!body) co_return refused(body.error());
  auto passed = co_await options_.pass_on_spans(asker.user_id, std::move(*body), std::move(type));
  if (!passed) co_return refused(passed.error());
  co_return json_response(200, Json::object());
}

Task<net::Response> Server::publish(const net::Request& request, const Asker& asker) {
  if (auto done = realtime_.publish(request, asker); !done) co_return refused(done.error());
  co_return json_response(200, Json::object({{"status", 200}}));
}

// It was taken as it came.
Task<net::Response> Server::end_stream(const net::Request& request, const Asker&) {
  const auto admitted = std::static_pointer_cast<const Admitted>(request.caller);
  if (auto done = admitted->stream->end(); !done) co_return refused(done.error());
  co_return json_response(200, Json::object({{"status", 200}}));
}

Task<net::Response> Server::tell_token(const net::Request& request, const Asker& asker) {
  const auto token = realtime_.make_token(request, asker);
  co_return token ? json_response(201, *token) : refused(token.error());
}

Task<net::Response> Server::listen(const net::Request& request, const Asker&) {
  auto stream = co_await endpoints_.listen(request);
  co_return stream ? std::move(*stream) : refused(stream.error());
}

Task<net::Response> Server::start_connecting(const net::Request& request, const Asker& asker) {
  co_return protobuf(connect_.start(request, asker));
}

Task<net::Response> Server::flush(const net::Request& request, const Asker& asker) {
  co_return protobuf(connect_.flush(request, asker));
}

Task<net::Response> Server::tell_health(const net::Request&, const Asker&) {
  co_return json_response(200, Json::object({{"status", 200}, {"message", "OK"}}));
}

Task<net::Response> Server::tell_history(const net::Request& request, const Asker& asker) {
  auto told = co_await history_.answer(request, asker);
  if (!told) co_return refused(told.error());
  if (!told->is_null()) co_return json_response(200, *told);
  net::Response nothing;
  nothing.status = request.path.starts_with("/v0") ? 204 : 200;
  co_return nothing;
}

Task<net::Response> Server::make_run(const net::Request& request, const Asker& asker) {
  auto made = co_await endpoints_.create(request, asker);
  co_return made ? json_response(200, *made) : refused(made.error());
}

Task<net::Response> Server::take_steps(const net::Request& request, const Asker& asker) {
  auto done = co_await endpoints_.take_steps(request, asker);
  if (!done) co_return refused(done.error());
  co_return json_response(200, Json::object({{"status", 200}}));
}

Task<net::Response> Server::tell_output(const net::Request& request, const Asker&) {
  auto told = co_await endpoints_.output(request);
  co_return told ? std::move(*told) : refused(told.error());
}

net::Response Server::protobuf(Result<std::string> body) const {
  if (!body) return refused(body.error());
  net::Response response;
  response.headers.add("content-type", "application/protobuf");
  response.headers.add("cache-control", "no-store");
  response.body = std::move(*body);
  return response;
}

}  // namespace synap::inngest

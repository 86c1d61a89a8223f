#include "inngest/server.h"

#include <fmt/format.h>

#include <array>

#include "inngest/paths.h"
#include "inngest/request_span.h"
#include "net/ascii.h"
#include "net/cors.h"
#include "net/url.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kQueryBytesMax = 256 << 10;
// Source: Inngest's server.
constexpr std::size_t kSpansBytesMax = 8 << 20;

// A step of a run that streams may take so long, and say nothing.
constexpr std::chrono::minutes kStreamSilenceMax(15);

const Error kWrongHost{Code::kForbidden,
                       "This pod does not go by the name of the request's Host header"};

const Error kOtherNode{
    Code::kServiceUnavailable,
    "Another node of this pod leads, which calls apps and has what is connected: ask that one"};

bool is_below(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// Without a key only pages of this pod itself may, in development (access.cpp).
bool is_for_all_pages(std::string_view path) {
  return is_below(Server::kEventsPrefix, path) && path.size() > Server::kEventsPrefix.size() + 1;
}

const net::CorsPolicy& all_pages() {
  static const net::CorsPolicy policy{.origins = {{"*"}}};
  return policy;
}

template <EndpointServer::Route route>
std::string_view endpoint_methods(std::string_view path) {
  if (EndpointServer::route_of(path) != route) return {};
  return route == EndpointServer::Route::kOutput ? "GET" : "POST";
}

}  // namespace

// One row of what is served: which path it is for and by which methods, who may ask, and what
// answers.
struct Server::Route {
  enum class Who : std::uint8_t { kEveryone, kEventKey, kSigningKey, kListener, kOutputToken };
  using Answer = Task<net::Response> (Server::*)(const net::Request&, const Asker&);
  using Text = std::string_view;

  /// The methods, with a comma between two; empty: it is another path.
  Text (*methods)(Text path);
  Answer answer = nullptr;
  /// What an API key must be good for; where that depends, as scope_of says.
  Text scope = "apps:write";
  Text (*scope_of)(Text path, Text method) = nullptr;
  Who who = Who::kSigningKey;
  std::size_t body_bytes_max = std::numeric_limits<std::size_t>::max();
  /// It begins what this pod has nothing to do with if its functions have their runs elsewhere.
  bool is_of_bus = false;
  /// It belongs to a call, or to a connection, that the node has which calls apps.
  bool is_of_calls = false;
  /// As which a trace has it; empty: it is in none.
  Text span = {};

  static const Route* of(std::string_view path);
};

const Server::Route* Server::Route::of(std::string_view path) {
  using enum Who;
  static const std::array kAll = {
      Route{.methods = [](Text p) -> Text { return is_below(kEventsPrefix, p) ? "POST" : ""; },
            .answer = &Server::take_events,
            .who = kEventKey,
            .span = "POST /e"},
      Route{.methods = [](Text p) -> Text { return p == "/fn/register" ? "POST, PUT" : ""; },
            .answer = &Server::register_app,
            .body_bytes_max = kRegistrationBytesMax,
            .is_of_bus = true},
      Route{.methods = [](Text p) -> Text { return p == "/fn/remove" ? "DELETE" : ""; },
            .answer = &Server::remove_app},
      Route{.methods = [](Text p) -> Text { return p == "/dev" ? "GET" : ""; },
            .answer = &Server::tell_dev,
            .scope = "apps:read"},
      Route{.methods = [](Text p) -> Text { return p == "/health" ? "GET" : ""; },
            .answer = &Server::tell_health,
            .who = kEveryone},
      Route{.methods = [](Text p) -> Text { return p.starts_with("/invoke/") ? "POST" : ""; },
            .answer = &Server::invoke,
            .scope = "runs:write",
            .is_of_bus = true,
            .span = "POST /invoke"},
      Route{.methods = [](Text p) -> Text { return checkpoint_run(p).empty() ? "" : "POST"; },
            .answer = &Server::take_checkpoint,
            .scope = "runs:write",
            .is_of_calls = true},
      Route{.methods = endpoint_methods<EndpointServer::Route::kNew>,
            .answer = &Server::make_run,
            .scope = "runs:write",
            .body_bytes_max = EndpointServer::kBodyBytesMax,
            .is_of_bus = true,
            .is_of_calls = true,
            .span = "POST /v1/checkpoint"},
      Route{.methods = endpoint_methods<EndpointServer::Route::kSteps>,
            .answer = &Server::take_steps,
            .scope = "runs:write",
            .body_bytes_max = EndpointServer::kBodyBytesMax,
            .is_of_calls = true},
      Route{.methods = endpoint_methods<EndpointServer::Route::kOutput>,
            .answer = &Server::tell_output,
            .who = kOutputToken,
            .is_of_calls = true},
      Route{.methods = [](Text p) -> Text { return functions_app(p).empty() ? "" : "GET"; },
            .answer = &Server::tell_functions,
            .scope = "apps:read"},
      Route{.methods = [](Text p) -> Text { return p == ConnectServer::kStartPath ? "POST" : ""; },
            .answer = &Server::start_connecting,
            .body_bytes_max = ConnectServer::kStartBytesMax,
            .is_of_bus = true,
            .is_of_calls = true},
      Route{.methods = [](Text p) -> Text { return p == ConnectServer::kFlushPath ? "POST" : ""; },
            .answer = &Server::flush,
            .scope = "runs:write",
            .is_of_calls = true},
      Route{
          .methods = [](Text p) -> Text { return p == RealtimeServer::kPublishPath ? "POST" : ""; },
          .answer = &Server::publish,
          .scope = "events:write",
          .body_bytes_max = RealtimeServer::kMessageBytesMax,
          .is_of_calls = true},
      Route{.methods = [](Text p) -> Text { return p == RealtimeServer::kTeePath ? "POST" : ""; },
            .answer = &Server::end_stream,
            .scope = "events:write",
            .body_bytes_max = RealtimeServer::kRunStreamBytesMax,
            .is_of_calls = true},
      Route{.methods = [](Text p) -> Text { return p == RealtimeServer::kTokenPath ? "POST" : ""; },
            .answer = &Server::tell_token,
            .scope = "events:read"},
      Route{.methods = [](Text p) -> Text { return p == RealtimeServer::kSsePath ? "GET" : ""; },
            .answer = &Server::listen,
            .who = kListener,
            .is_of_calls = true},
      Route{.methods = [](Text p) -> Text { return p == "/v0/gql" ? "POST" : ""; },
            .answer = &Server::query,
            .scope = "runs:read",
            .body_bytes_max = kQueryBytesMax},
      Route{.methods = [](Text p) -> Text { return p == "/v1/traces/userland" ? "POST" : ""; },
            .answer = &Server::take_spans,
            .body_bytes_max = kSpansBytesMax},
      Route{
          .methods = &Cancellations::methods_of,
          .answer = &Server::cancel_many,
          .scope_of = [](Text, Text m) -> Text { return m == "GET" ? "runs:read" : "runs:write"; }},
      Route{.methods = &History::methods_of,
            .answer = &Server::tell_history,
            .scope_of = &History::scope_of},
  };
  for (const auto& route : kAll) {
    if (!route.methods(path).empty()) return &route;
  }
  return nullptr;
}

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

net::Response Server::refusal_to(const net::Request& head, const Error& error) {
  auto response = refused(error);
  if (is_for_all_pages(head.path)) all_pages().apply(head, response);
  return response;
}

Task<Result<Asker>> Server::asker_of(const Route& route, const net::Request& head) {
  switch (route.who) {
    case Route::Who::kEveryone:
      co_return Asker{};
    case Route::Who::kEventKey: {
      const auto key =
          net::percent_decode(head.path.substr(std::min<std::size_t>(3, head.path.size())));
      co_return co_await access_.by_event_key(head, key.value_or(""));
    }
    case Route::Who::kListener: {
      const auto listening = realtime_.listening_of(head);
      if (!listening) co_return fail(listening.error());
      co_return Asker{listening->user_id, std::nullopt};
    }
    case Route::Who::kOutputToken: {
      auto may = endpoints_.may_read(head);
      if (!may) co_return fail(may.error());
      co_return Asker{};
    }
    case Route::Who::kSigningKey:
      break;
  }
  const auto scope =
      route.scope_of != nullptr ? route.scope_of(head.path, head.method) : route.scope;
  auto asker = co_await access_.by_signing_key(head, scope);
  // It tells of both.
  if (asker && route.answer == &Server::query) {
    asker = co_await access_.by_signing_key(head, "events:read");
  }
  co_return asker;
}

// What the head alone says against a request.
std::optional<Error> Server::objection_to(const Route* route, const net::Request& head) const {
  if (options_.names && !options_.names->has(head)) return kWrongHost;
  if (head.path == ConnectServer::kGatewayPath || head.path == RealtimeServer::kConnectPath) {
    return Error{Code::kBadRequest, "This is opened as a WebSocket"};
  }
  if (route == nullptr) {
    return Error{Code::kNotImplemented,
                 fmt::format("This pod does not answer {} of an Inngest server yet "
                             "(docs/inngest.md)",
                             head.path.substr(0, 100))};
  }
  const auto methods = route->methods(head.path);
  if (!net::list_has(methods, head.method)) {
    return Error{Code::kMethodNotSupported,
                 fmt::format("{} takes {}", head.path.substr(0, 20), methods)};
  }
  if (route->answer == &Server::take_spans && options_.pass_on_spans == nullptr) {
    return Error{Code::kNotImplemented,
                 "This pod sends no traces anywhere (docs/operations.md, otlp_endpoint)"};
  }
  if (route->is_of_calls && !makes_calls()) return kOtherNode;
  if (options_.is_bus_elsewhere && route->is_of_bus) {
    return Error{Code::kConflict,
                 "The bus of this pod is an Inngest server (the setting bus): register the app "
                 "there"};
  }
  return std::nullopt;
}

Task<net::Admission> Server::admit(const net::Request& head) {
  if (!is_for_all_pages(head.path)) co_return co_await admit_anyone(head);
  net::Admission admission;
  const bool is_here = !options_.names || options_.names->has(head);
  if (is_here) admission.answer = all_pages().preflight(head, "*");
  if (admission.answer) co_return admission;
  admission = co_await admit_anyone(head);
  if (admission.answer) all_pages().apply(head, *admission.answer);
  co_return admission;
}

Task<net::Admission> Server::admit_anyone(const net::Request& head) {
  net::Admission admission;
  const auto* route = Route::of(head.path);
  if (const auto error = objection_to(route, head)) {
    admission.answer = refused(*error);
    if (error->code == Code::kMethodNotSupported) {
      admission.answer->headers.add("allow", std::string(route->methods(head.path)));
    }
    co_return admission;
  }
  auto asker = co_await asker_of(*route, head);
  if (!asker) {
    admission.answer = refused(asker.error());
    co_return admission;
  }
  admission.account = asker->user_id;
  admission.body_bytes_max = route->body_bytes_max;
  auto admitted = std::make_shared<Admitted>(std::move(*asker));
  if (route->answer == &Server::end_stream) {
    auto stream = realtime_.begin_stream(head, admitted->asker);
    if (!stream) {
      admission.answer = refused(stream.error());
      co_return admission;
    }
    admitted->stream = std::move(*stream);
    admission.take_piece = [to = admitted->stream](std::string_view piece) { to->put(piece); };
    admission.piece_timeout = kStreamSilenceMax;
  }
  admission.caller = std::move(admitted);
  co_return admission;
}

Task<net::Response> Server::serve(const net::Request& request) {
  const auto* route = Route::of(request.path);
  if (route == nullptr) co_return refused({Code::kNotFound, "Nothing is served here"});
  auto asker = std::static_pointer_cast<const Admitted>(request.caller)->asker;
  const RequestSpan span(route->span.empty() ? nullptr : ingestion_.tracer(), request, asker);
  auto response = co_await (this->*route->answer)(request, asker);
  span.end(std::string(route->span), response.status);
  if (is_for_all_pages(request.path)) all_pages().apply(request, response);
  co_return with_kind(std::move(response));
}

std::optional<net::Response> Server::refuse_upgrade(const net::Request& request) {
  if (options_.names && !options_.names->has(request)) return refused(kWrongHost);
  if (!makes_calls()) return refused(kOtherNode);
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

#include "api/front.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "base/log.h"
#include "net/ascii.h"
#include "net/url.h"
#include "rest/document.h"
#include "rest/server.h"

namespace synap::api {
namespace {

// Whether `path`, still encoded, is `prefix` or below it.
bool is_below(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

net::Response json_response(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.body = std::move(body);
  return response;
}

// Whoever was identified by the head of this request is not looked for again. Whoever was not, and
// asks for something public, was counted then.
Result<ActorRef> actor_of(const Keys& keys, const SessionCookie& cookie,
                          const rpc::Origin& origin) {
  if (origin.caller == nullptr) return keys.find(credential_of(origin, cookie));
  return ActorRef(std::static_pointer_cast<const Actor>(origin.caller));
}

// One key is one call's. Of several calls it would make one: so it is said which one is meant, or
// nothing.
Result<std::string> idempotency_key_of(const rpc::Origin& origin) {
  const std::string* key = origin.headers.find("idempotency-key");
  if (key == nullptr || origin.is_connection) return std::string();
  if (key->empty() || key->size() > rpc::kIdempotencyKeyCharactersMax) {
    return fail(Code::kBadRequest, fmt::format("An Idempotency-Key has 1 to {} characters",
                                               rpc::kIdempotencyKeyCharactersMax));
  }
  if (key->starts_with(rpc::kReservedIdempotencyKeys)) {
    return fail(Code::kBadRequest, fmt::format("An Idempotency-Key must not begin with \"{}\"",
                                               rpc::kReservedIdempotencyKeys));
  }
  if (origin.kind == rpc::Kind::kMutation && origin.paths.size() > 1) {
    return fail(Code::kBadRequest,
                "An Idempotency-Key is one mutation's: send each of them in a request of its own");
  }
  return *key;
}

// What to do with input keys that a procedure does not know: refuse the call, or tell them with its
// answer. Of a WebSocket or an EventSource, which send no header, its connectionParams say it.
Result<bool> refuses_unknown_keys(const rpc::Origin& origin) {
  std::string_view wish = "tell";
  if (const std::string* header = origin.headers.find("synap-unknown-keys")) wish = *header;
  if (origin.connection_params) wish = origin.connection_params->string_or("unknownKeys", wish);
  if (wish == "refuse" || wish == "tell") return wish == "refuse";
  return fail(Code::kBadRequest,
              "What to do with unknown input keys (the header "
              "synap-unknown-keys, or unknownKeys of connectionParams) is "
              "\"refuse\" or \"tell\"");
}

// The event because of which the caller acts. Of a WebSocket it is that of all calls which come
// over it: one that has calls of many reasons says none.
Result<std::optional<Uuid>> caused_by(const rpc::Origin& origin) {
  std::optional<std::string_view> name;
  if (const std::string* header = origin.headers.find("synap-caused-by")) name = *header;
  if (origin.connection_params && origin.connection_params->find("causedBy") != nullptr) {
    name = origin.connection_params->string_or("causedBy", "");
  }
  if (!name) return std::nullopt;
  if (const auto id = Uuid::parse(*name)) return id;
  return fail(Code::kBadRequest,
              "The event because of which a call is made (the header synap-caused-by, or causedBy "
              "of connectionParams) is named by its id, as 01980000-0000-7000-8000-000000000000");
}

// Why the caller acts. A header has no other letters than ASCII's, so there it is percent-encoded.
Result<std::string> reason_of(const rpc::Origin& origin) {
  std::string reason;
  if (const std::string* header = origin.headers.find("synap-reason")) {
    auto decoded = net::percent_decode(*header);
    if (!decoded || !is_valid_utf8(*decoded)) {
      return fail(Code::kBadRequest, "synap-reason: it is text in UTF-8, percent-encoded");
    }
    reason = *std::move(decoded);
  }
  if (origin.connection_params) {
    reason = origin.connection_params->string_or("reason", reason);
  }
  const auto characters = std::ranges::count_if(
      reason, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters <= CallContext::kReasonCharactersMax) return reason;
  return fail(Code::kBadRequest,
              fmt::format("Why a call is made (the header synap-reason, or reason of "
                          "connectionParams) has at most {} characters",
                          CallContext::kReasonCharactersMax));
}

Task<Result<std::shared_ptr<const rpc::Context>>> context_of(const Keys& keys,
                                                             const SessionCookie& cookie,
                                                             Tracer* tracer,
                                                             const rpc::Origin& origin) {
  auto context = std::make_shared<CallContext>(keys);
  context->actor = actor_of(keys, cookie, origin);
  context->peer = origin.peer;
  auto idempotency_key = idempotency_key_of(origin);
  if (!idempotency_key) co_return fail(idempotency_key.error());
  context->idempotency_key = *std::move(idempotency_key);
  auto refuses = refuses_unknown_keys(origin);
  if (!refuses) co_return fail(refuses.error());
  context->refuses_unknown_keys = *refuses;
  auto cause = caused_by(origin);
  if (!cause) co_return fail(cause.error());
  context->caused_by = *cause;
  auto reason = reason_of(origin);
  if (!reason) co_return fail(reason.error());
  context->reason = *std::move(reason);
  context->tracer = tracer;
  // What a connection was opened with says nothing of the calls that come over it.
  if (tracer != nullptr && !origin.is_connection) {
    if (const auto* text = origin.headers.find("traceparent")) {
      context->parent = TraceContext::parse(*text);
    }
  }
  co_return std::shared_ptr<const rpc::Context>(std::move(context));
}

Result<rpc::Caller> caller_of(const Keys& keys, const SessionCookie& cookie,
                              const rpc::Origin& origin) {
  const auto actor = keys.authenticate(credential_of(origin, cookie), origin.peer);
  if (!actor) return fail(actor.error());
  return rpc::Caller{(*actor)->recorded.id, actor->shared()};
}

trpc::Options trpc_options(const FrontOptions& options, const Keys& keys,
                           Counter& origins_refused) {
  trpc::Options trpc;
  trpc.batch_max = options.batch_max;
  // Two pings and a half: by then the network between is gone, whatever the kernel still believes.
  trpc.sse_client_inactivity = trpc.sse_ping * 5 / 2;
  trpc.websocket_batch_max = std::max(options.batch_max, trpc.websocket_calls_max);
  trpc.origins = options.origins;
  trpc.origins_refused = &origins_refused;
  trpc.create_context = [&keys, cookie = options.cookie,
                         tracer = options.tracer](const rpc::Origin& origin) {
    return context_of(keys, cookie, tracer, origin);
  };
  trpc.identify = [&keys, cookie = options.cookie](const rpc::Origin& origin) {
    return caller_of(keys, cookie, origin);
  };
  return trpc;
}

rest::Options rest_options(const FrontOptions& options, const Keys& keys) {
  rest::Options rest;
  rest.create_context = [&keys, cookie = options.cookie,
                         tracer = options.tracer](const rpc::Origin& origin) {
    return context_of(keys, cookie, tracer, origin);
  };
  rest.identify = [&keys, cookie = options.cookie](const rpc::Origin& origin) {
    return caller_of(keys, cookie, origin);
  };
  return rest;
}

// What the official tRPC client and EventSource send; each of them would otherwise stop at its
// preflight.
constexpr const char* kTrpcHeaders =
    "content-type, authorization, trpc-accept, last-event-id, idempotency-key, synap-unknown-keys, "
    "synap-caused-by, synap-reason, traceparent";
constexpr const char* kRestHeaders =
    "content-type, authorization, last-event-id, idempotency-key, synap-unknown-keys, "
    "synap-caused-by, synap-reason, traceparent";

// Answers to a path, whatever else the request says.
class Answers final : public net::Handler {
 public:
  explicit Answers(std::function<Task<net::Response>()> answer) : answer_(std::move(answer)) {}

  Task<net::Response> serve(const net::Request&) override { return answer_(); }
  std::optional<net::Response> refuse_upgrade(const net::Request&) override {
    return no_websocket();
  }
  Task<void> serve_websocket(const net::Request&, net::WebSocket&) override { co_return; }
  net::Response refusal(const Error& error) override { return trpc::Server::error_response(error); }

  static net::Response no_websocket() {
    return trpc::Server::error_response(
        {Code::kNotFound, "A WebSocket is served at /trpc", nullptr});
  }

 private:
  std::function<Task<net::Response>()> answer_;
};

Mount answers(std::string prefix, std::function<Task<net::Response>()> answer) {
  return {.prefix = std::move(prefix),
          .handler = std::make_shared<Answers>(std::move(answer)),
          .authentication = Authentication::kByPath};
}

Mount under_any_name(Mount mount) {
  mount.has_any_name = true;
  return mount;
}

Task<net::Response> healthy() {
  co_return json_response(200, R"({"status":"ok"})");
}

Task<net::Response> ready(const std::function<Task<Result<>>()>& is_ready) {
  auto ready = co_await is_ready();
  if (ready) co_return json_response(200, R"({"status":"ready"})");
  auto response = json_response(
      503, Json::object({{"status", "not ready"}, {"reason", ready.error().message}}).dump());
  response.headers.add("retry-after", "1");
  co_return response;
}

Task<Result<>> leads_and_is_ready(const std::function<bool()>& leads,
                                  const std::function<Task<Result<>>()>& is_ready) {
  if (leads && !leads()) co_return fail(Code::kServiceUnavailable, "Another node leads");
  co_return co_await is_ready();
}

Task<net::Response> no_app() {
  co_return trpc::Server::error_response(
      {Code::kNotFound,
       "Nothing is served here: this pod is no app of an Inngest server (the setting bus)"});
}

}  // namespace

Front::Front(FrontOptions options, const rpc::ProcedureTable& procedures, const Keys& keys,
             std::function<Task<Result<>>()> is_ready)
    : names_(options.names),
      cors_{options.origins},
      rest_(std::make_shared<rest::Server>(rest_options(options, keys), procedures)) {
  mount({.prefix = "/trpc",
         .handler = std::make_shared<trpc::Server>(trpc_options(options, keys, origins_refused_),
                                                   procedures),
         .cors_headers = kTrpcHeaders});
  mount({.prefix = "/api", .handler = rest_, .cors_headers = kRestHeaders});
  mount({.prefix = "/openapi.json",
         .handler = std::make_shared<rest::DocumentServer>(
             rest::DocumentOptions{.public_url = options.names.public_url}, procedures),
         .authentication = Authentication::kByPath});
  mount(under_any_name(answers("/health", healthy)));
  const std::function<Task<Result<>>()> is_leader = [leads = options.leads, is_ready] {
    return leads_and_is_ready(leads, is_ready);
  };
  mount(under_any_name(answers("/ready/leader", [is_leader] { return ready(is_leader); })));
  mount(under_any_name(
      answers("/ready", [is_ready = std::move(is_ready)] { return ready(is_ready); })));
  auto nothing = answers("/api/inngest", no_app);
  nothing.gives_way = true;
  mount(std::move(nothing));
}

void Front::mount(Mount mount) {
  SYNAP_CHECK(
      mount.prefix.empty() || (mount.prefix.starts_with('/') && !mount.prefix.ends_with('/')),
      mount.prefix);
  SYNAP_CHECK(mount.handler != nullptr, mount.prefix);
  SYNAP_CHECK(
      mount.authentication != Authentication::kBySignature || !mount.signature_header.empty(),
      mount.prefix);
  std::erase_if(
      mounts_, [&](const Mount& other) { return other.gives_way && other.prefix == mount.prefix; });
  for (const auto& other : mounts_) SYNAP_CHECK(mount.prefix != other.prefix, mount.prefix);
  mounts_.push_back(std::move(mount));
  // What is below another comes before it.
  std::ranges::sort(mounts_, std::ranges::greater{},
                    [](const Mount& each) { return each.prefix.size(); });
}

const Mount* Front::find(std::string_view path) const {
  const auto at = std::ranges::find_if(
      mounts_, [&](const Mount& mount) { return is_below(mount.prefix, path); });
  return at == mounts_.end() ? nullptr : &*at;
}

Error Front::nothing_here() const {
  std::vector<std::string> served;
  for (const auto& mount : mounts_) {
    const auto is_below_it = [&](const Mount& other) {
      return !other.prefix.empty() && &other != &mount && is_below(other.prefix, mount.prefix);
    };
    if (mount.gives_way || std::ranges::any_of(mounts_, is_below_it)) continue;
    served.push_back(mount.listed_as.empty() ? mount.prefix : mount.listed_as);
  }
  std::ranges::sort(served);
  return {Code::kNotFound,
          fmt::format("Nothing is served here; there are {}", fmt::join(served, ", "))};
}

std::optional<net::Response> Front::wrong_host(const net::Request& head) {
  const auto* mount = find(head.path);
  if (names_.has(head) || (mount != nullptr && mount->has_any_name)) return std::nullopt;
  hosts_refused_.add();
  const auto* host = head.headers.find("host");
  write_log_bounded(Same::kMessage, LogLevel::kInfo, "api",
                    "a request for a host that is not the pod's was refused",
                    {{"host", host == nullptr ? "" : *host}, {"peer", head.peer}});
  net::Handler& handler = mount == nullptr ? *this : *mount->handler;
  return handler.refusal(
      {Code::kForbidden,
       "This pod does not go by the name of the request's Host header; the setting "
       "public_url says where else than at its own address it is found"});
}

Task<net::Admission> Front::admit(const net::Request& head) {
  if (auto refused = wrong_host(head)) co_return net::Admission{.answer = std::move(*refused)};
  const auto* mount = find(head.path);
  if (mount != nullptr && mount->has_own_cors) co_return co_await admit(mount, head);
  if (auto preflight = mount == nullptr
                           ? cors_.preflight(head, "")
                           : cors_.preflight(head, mount->cors_headers, mount->cors_methods)) {
    co_return net::Admission{.answer = std::move(*preflight)};
  }
  auto admission = co_await admit(mount, head);
  if (admission.answer) cors_.apply(head, *admission.answer);
  co_return admission;
}

Task<net::Admission> Front::admit(const Mount* mount, const net::Request& head) {
  net::Admission admission;
  if (mount == nullptr) {
    admission.answer = refusal(nothing_here());
  } else if (mount->authentication == Authentication::kByHandler) {
    admission = co_await mount->handler->admit(head);
  } else if (mount->authentication == Authentication::kByPath) {
    admission.answer = co_await mount->handler->serve(head);
  } else if (head.headers.find(mount->signature_header) == nullptr) {
    admission.answer =
        refusal({Code::kUnauthorized,
                 fmt::format("A signature is needed in the header {}", mount->signature_header)});
  } else {
    admission.body_bytes_max = mount->body_bytes_max;
  }
  co_return admission;
}

Task<net::Response> Front::serve(const net::Request& request) {
  const auto* mount = find(request.path);
  SYNAP_CHECK(mount != nullptr, "only what is mounted is admitted");
  auto response = co_await mount->handler->serve(request);
  if (!mount->has_own_cors) cors_.apply(request, response);
  co_return response;
}

std::optional<net::Response> Front::refuse_upgrade(const net::Request& request) {
  if (auto refused = wrong_host(request)) return refused;
  const auto* mount = find(request.path);
  if (mount == nullptr) return Answers::no_websocket();
  return mount->handler->refuse_upgrade(request);
}

std::string Front::websocket_protocol(const net::Request& request) {
  return find(request.path)->handler->websocket_protocol(request);
}

Task<void> Front::serve_websocket(const net::Request& request, net::WebSocket& socket) {
  co_await find(request.path)->handler->serve_websocket(request, socket);
}

net::Response Front::refusal(const Error& error) {
  return trpc::Server::error_response(error);
}

net::Response Front::refusal_to(const net::Request& head, const Error& error) {
  const auto* mount = find(head.path);
  if (mount != nullptr && mount->has_own_cors) return mount->handler->refusal_to(head, error);
  auto response = mount == nullptr ? refusal(error) : mount->handler->refusal(error);
  cors_.apply(head, response);
  return response;
}

}  // namespace synap::api

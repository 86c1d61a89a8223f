#include "api/front.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "net/ascii.h"

namespace synap::api {
namespace {

constexpr std::string_view kTrpcPath = "/trpc";

// Whether `path`, still encoded, is `prefix` or below it.
bool is_below(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

constexpr std::size_t kIdempotencyKeyCharactersMax = 200;

net::Response json_response(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.body = std::move(body);
  return response;
}

std::string_view bearer_token(const net::Headers& headers) {
  const std::string* header = headers.find("authorization");
  if (header == nullptr) return {};
  std::string_view value = *header;
  constexpr std::string_view kScheme = "bearer ";
  if (!net::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return {};
  value.remove_prefix(kScheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

Result<Caller> caller_of(const Keys& keys, const rpc::Origin& origin) {
  std::string_view token = bearer_token(origin.headers);
  if (token.empty() && origin.connection_params) {
    token = origin.connection_params->string_or("token", "");
  }
  return keys.authenticate(token);
}

// One key is one call's. Of several calls it would make one: so it is said which one is meant, or
// nothing.
Result<std::string> idempotency_key_of(const rpc::Origin& origin) {
  const std::string* key = origin.headers.find("idempotency-key");
  if (key == nullptr || origin.is_connection) return std::string();
  if (key->empty() || key->size() > kIdempotencyKeyCharactersMax) {
    return fail(Code::kBadRequest, fmt::format("An Idempotency-Key has 1 to {} characters",
                                               kIdempotencyKeyCharactersMax));
  }
  if (origin.kind == rpc::Kind::kMutation && origin.paths.size() > 1) {
    return fail(Code::kBadRequest,
                "An Idempotency-Key is one mutation's: send each of them in a request of its own");
  }
  return *key;
}

Task<Result<std::shared_ptr<const rpc::Context>>> context_of(const Keys& keys,
                                                             const rpc::Origin& origin) {
  auto context = std::make_shared<CallContext>(keys);
  context->caller = caller_of(keys, origin);
  auto idempotency_key = idempotency_key_of(origin);
  if (!idempotency_key) co_return fail(idempotency_key.error());
  context->idempotency_key = *std::move(idempotency_key);
  co_return std::shared_ptr<const rpc::Context>(std::move(context));
}

trpc::Options trpc_options(const FrontOptions& options, const Keys& keys) {
  trpc::Options trpc;
  trpc.batch_max = options.batch_max;
  trpc.websocket_batch_max = std::max(options.batch_max, trpc.websocket_calls_max);
  trpc.allowed_origins = options.allowed_origins;
  trpc.create_context = [&keys](const rpc::Origin& origin) { return context_of(keys, origin); };
  trpc.identify = [&keys](const rpc::Origin& origin) -> Result<std::string> {
    auto caller = caller_of(keys, origin);
    if (!caller) return fail(caller.error());
    return caller->key_id;
  };
  return trpc;
}

}  // namespace

Front::Front(FrontOptions options, const rpc::ProcedureTable& procedures, const Keys& keys,
             std::function<Task<Result<>>()> is_ready)
    : cors_{options.allowed_origins},
      is_ready_(std::move(is_ready)),
      trpc_(trpc_options(options, keys), procedures) {}

Task<net::Admission> Front::admit(const net::Request& head) {
  if (auto preflight = cors_.preflight(head)) {
    co_return net::Admission{.answer = std::move(*preflight)};
  }
  net::Admission admission;
  if (is_below(kTrpcPath, head.path)) {
    admission = co_await trpc_.admit(head);
  } else {
    admission.answer = co_await answer_at_once(head);
  }
  if (admission.answer) cors_.apply(head, *admission.answer);
  co_return admission;
}

Task<net::Response> Front::serve(const net::Request& request) {
  auto response = co_await trpc_.serve(request);
  cors_.apply(request, response);
  co_return response;
}

// What needs nothing of a request but its path.
Task<net::Response> Front::answer_at_once(const net::Request& request) {
  if (request.path == "/health") co_return json_response(200, R"({"status":"ok"})");
  if (request.path == "/ready") co_return co_await ready();
  co_return refusal(
      {Code::kNotFound, "Nothing is served here; procedures are under /trpc", nullptr});
}

Task<net::Response> Front::ready() {
  auto is_ready = co_await is_ready_();
  if (is_ready) co_return json_response(200, R"({"status":"ready"})");
  auto response = json_response(
      503, Json::object({{"status", "not ready"}, {"reason", is_ready.error().message}}).dump());
  response.headers.add("retry-after", "1");
  co_return response;
}

std::optional<net::Response> Front::refuse_upgrade(const net::Request& request) {
  if (!is_below(kTrpcPath, request.path)) {
    return refusal({Code::kNotFound, "A WebSocket is served at /trpc", nullptr});
  }
  return trpc_.refuse_upgrade(request);
}

Task<void> Front::serve_websocket(const net::Request& request, net::WebSocket& socket) {
  co_await trpc_.serve_websocket(request, socket);
}

net::Response Front::refusal(const Error& error) {
  return trpc::Server::error_response(error);
}

}  // namespace synap::api

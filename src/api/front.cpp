#include "api/front.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace synap::api {
namespace {

constexpr std::size_t kIdempotencyKeyCharactersMax = 200;

net::Response json_response(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.body = std::move(body);
  return response;
}

std::string_view bearer_token(const net::Request& request) {
  const std::string* header = request.headers.find("authorization");
  if (header == nullptr) return {};
  std::string_view value = *header;
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() < kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = value[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return {};
  }
  value.remove_prefix(kScheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

Task<Result<std::shared_ptr<const rpc::Context>>> context_of(const Keys& keys,
                                                             const trpc::RequestInfo& info) {
  auto context = std::make_shared<CallContext>(keys);
  std::string_view token = bearer_token(*info.http);
  if (token.empty() && info.connection_params) {
    token = info.connection_params->string_or("token", "");
  }
  context->caller = keys.authenticate(token);
  if (const std::string* key = info.http->headers.find("idempotency-key")) {
    if (key->empty() || key->size() > kIdempotencyKeyCharactersMax) {
      co_return fail(Code::kBadRequest, fmt::format("An Idempotency-Key has 1 to {} characters",
                                                    kIdempotencyKeyCharactersMax));
    }
    context->idempotency_key = *key;
  }
  co_return std::shared_ptr<const rpc::Context>(std::move(context));
}

trpc::Options trpc_options(const FrontOptions& options, const Keys& keys) {
  trpc::Options trpc;
  trpc.batch_max = options.batch_max;
  trpc.websocket_batch_max = std::max(options.batch_max, trpc.websocket_calls_max);
  trpc.allowed_origins = options.allowed_origins;
  trpc.create_context = [&keys](const trpc::RequestInfo& info) { return context_of(keys, info); };
  return trpc;
}

}  // namespace

Front::Front(FrontOptions options, const rpc::ProcedureTable& procedures, const Keys& keys,
             std::function<Task<Result<>>()> is_ready)
    : cors_{options.allowed_origins},
      is_ready_(std::move(is_ready)),
      trpc_(trpc_options(options, keys), procedures) {}

Task<net::Response> Front::serve(const net::Request& request) {
  if (auto preflight = cors_.preflight(request)) co_return std::move(*preflight);
  auto response = co_await route(request);
  cors_.apply(request, response);
  co_return response;
}

Task<net::Response> Front::route(const net::Request& request) {
  if (trpc_.owns(request.path)) co_return co_await trpc_.serve(request);
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
  if (!trpc_.owns(request.path)) {
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

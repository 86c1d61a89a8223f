#include "inngest/serve/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/log.h"
#include "inngest/canonical.h"
#include "inngest/query.h"
#include "net/ascii.h"
#include "net/origins.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kSignature = "x-inngest-signature";
constexpr std::string_view kMethods = "GET, POST, PUT";
constexpr JsonLimits kDepth{.depth_max = 80};
// A server sends 4 MiB at most and leaves the rest to be asked for.
constexpr std::size_t kCallBytesMax = 8 << 20;
constexpr std::size_t kSyncBytesMax = 64 << 10;
constexpr std::size_t kHashCharacters = 12;
constexpr std::int64_t kUnsignedPauseMs = 1'000;

bool is_in_band(const net::Request& request) {
  const auto* kind = request.headers.find("x-inngest-sync-kind");
  return kind != nullptr && (*kind == "in_band" || *kind == "in-band");
}

std::string header_or(const net::Request& request, std::string_view name) {
  const auto* value = request.headers.find(name);
  return value != nullptr ? *value : std::string();
}

// What may stand in a URL as it is.
bool is_plain(std::string_view text) {
  return text.size() <= 128 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

net::Response Endpoint::made(int status, std::string body) const {
  net::Response response;
  response.status = status;
  const auto& upstream = rooms_.upstream.options();
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.headers.add("x-inngest-sdk", sdk_name(upstream.version));
  response.headers.add("x-inngest-framework", "synap");
  response.headers.add("x-inngest-req-version", "2");
  response.headers.add("x-inngest-sdk-handled", "true");
  if (upstream.signing_key) {
    response.headers.add(std::string(kSignature),
                         upstream.signing_key->sign(body, upstream.world.unix_ms() / 1'000));
  }
  response.body = std::move(body);
  return response;
}

// Whoever cannot sign is told nothing of what is here.
net::Response Endpoint::unauthorized(std::string_view why) {
  counts_.forbidden.add();
  write_log_bounded(Same::kMessage, LogLevel::kWarn, "inngest",
                    "a call of an Inngest server was refused: {error}", {{"error", why}});
  net::Response response;
  response.status = 401;
  response.headers.add("content-type", "application/json");
  response.headers.add("x-inngest-sdk-handled", "true");
  response.body = Json::object({{"message", "Unauthorized"}}).dump();
  return response;
}

net::Response Endpoint::refusal(const Error& error) {
  return made(info(error.code).http_status,
              canonical_json(Json::object({{"message", error.message}})));
}

std::optional<net::Response> Endpoint::refuse_upgrade(const net::Request&) {
  return refusal({Code::kNotFound, "No WebSocket is served here"});
}

Task<void> Endpoint::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

Task<net::Admission> Endpoint::admit(const net::Request& head) {
  net::Admission admission;
  if (!net::list_has(kMethods, head.method)) {
    admission.answer = refusal({Code::kMethodNotSupported, fmt::format("It takes {}", kMethods)});
    admission.answer->headers.add("allow", std::string(kMethods));
    co_return admission;
  }
  if (!rooms_.upstream.is_keyed()) {
    const bool is_here = net::is_loopback_name(head.peer) || head.peer.starts_with("127.");
    if (!options_.is_dev || !is_here) {
      admission.answer = unauthorized("it is not of this machine, and there is no signing key");
    } else if (net::is_of_other_page(head.headers, options_.public_url)) {
      admission.answer = unauthorized("it is of a web page");
    }
  } else if (head.method == "POST" && head.headers.find(kSignature) == nullptr) {
    admission.answer = unauthorized("it has no signature");
  }
  admission.account = "inngest";
  admission.body_bytes_max = head.method == "POST" ? kCallBytesMax : kSyncBytesMax;
  co_return admission;
}

Result<> Endpoint::check_signature(const net::Request& request) const {
  const auto& upstream = rooms_.upstream.options();
  if (!upstream.signing_key) return {};
  const auto* signature = request.headers.find(kSignature);
  if (signature == nullptr) return fail(Code::kUnauthorized, "it has no signature");
  const auto now = upstream.world.unix_ms() / 1'000;
  const auto is_of = [&](std::string_view body) {
    return upstream.signing_key->verifies(*signature, body, now) ||
           (upstream.fallback_key && upstream.fallback_key->verifies(*signature, body, now));
  };
  if (is_of(request.body)) return {};
  // What was signed may be the body's canonical form.
  if (const auto json = parse_json(request.body, kDepth); json && is_of(canonical_json(*json))) {
    return {};
  }
  return fail(Code::kUnauthorized,
              "its signature is of another key, of another body, or of a clock that is more than "
              "five minutes off");
}

Task<net::Response> Endpoint::serve(const net::Request& request) {
  const auto checked = check_signature(request);
  const bool is_sync = request.method == "PUT" && !is_in_band(request);
  // Anybody may have us tell the server which functions there are; it is told the same each time.
  if (!checked && !is_sync) co_return unauthorized(checked.error().message);
  if (request.method == "GET") co_return introspect(rooms_.upstream.is_keyed());
  if (request.method == "PUT") co_return co_await sync(request, checked.has_value());
  if (query_parameter(request.query, "probe") == "trust") co_return made(200, "");
  const auto began = rooms_.upstream.options().world.now();
  auto answer = co_await call(request);
  counts_.took.observe(rooms_.upstream.options().world.now() - began);
  (answer.status == 200   ? counts_.returned
   : answer.status == 206 ? counts_.stepped
                          : counts_.failed)
      .add();
  auto response = made(answer.status, std::move(answer.body));
  if (answer.no_retry) {
    response.headers.add("x-inngest-no-retry", *answer.no_retry ? "true" : "false");
  }
  if (answer.retry_after_ms) {
    response.headers.add("retry-after", std::to_string(std::max<std::int64_t>(
                                            (*answer.retry_after_ms + 999) / 1'000, 1)));
  }
  co_return response;
}

Task<CallAnswer> Endpoint::call(const net::Request& request) {
  const auto slug = query_parameter(request.query, "fnId");
  const auto* served = rooms_.functions.find(slug);
  if (served == nullptr) {
    co_return failed(
        {Code::kNotFound, fmt::format("There is no function \"{}\" here",
                                      slug.substr(0, valid_utf8_prefix(slug.substr(0, 120))))},
        true);
  }
  auto body = parse_json(request.body, kDepth);
  if (!body) co_return failed(body.error(), true);
  auto asked = CallRequest::read(std::move(*body), query_parameter(request.query, "stepId"));
  if (!asked) co_return failed(asked.error(), true);
  const ServedCall::Rooms rooms{rooms_.engine.runs, *rooms_.engine.pool, rooms_.types,
                                rooms_.functions,   rooms_.store,        rooms_.upstream,
                                rooms_.relay};
  // It goes on where the caller hangs up, and so owns what it uses.
  const auto carry_out = [](std::shared_ptr<ServedCall> one) -> Task<CallAnswer> {
    co_return co_await one->carry_out();
  };
  co_return co_await rooms_.engine.pool->run(
      *served->function,
      carry_out(std::make_shared<ServedCall>(rooms, *served, std::move(*asked))));
}

Task<net::Response> Endpoint::sync(const net::Request& request, bool is_signed) {
  if (is_in_band(request) && is_signed) {
    auto response = in_band();
    response.headers.add("x-inngest-sync-kind", "in_band");
    co_return response;
  }
  // Each costs a request to the server.
  if (!is_signed) {
    const auto now = rooms_.upstream.options().world.unix_ms();
    if (std::abs(now - asked_at_.load()) < kUnsignedPauseMs) {
      co_return refusal({Code::kTooManyRequests,
                         "Somebody has asked for this a moment ago: sign it, or ask again later"});
    }
    asked_at_.store(now);
  }
  auto deploy_id = query_parameter(request.query, "deployId");
  auto kind = header_or(request, "x-inngest-server-kind");
  auto done = co_await rooms_.relay.register_app(
      {is_plain(kind) ? kind : std::string(), is_plain(deploy_id) ? deploy_id : std::string()});
  auto response =
      done ? made(200, canonical_json(Json::object(
                           {{"message", "Successfully registered"}, {"modified", *done}})))
           : made(500, canonical_json(
                           Json::object({{"message", done.error().message}, {"modified", false}})));
  response.headers.add("x-inngest-sync-kind", "out_of_band");
  co_return response;
}

Json Endpoint::inspection() const {
  const auto& upstream = rooms_.upstream.options();
  return Json::object({{"extra", Json::object({{"native_crypto", true}})},
                       {"has_event_key", !upstream.event_key.empty()},
                       {"has_signing_key", upstream.signing_key.has_value()},
                       {"function_count", static_cast<std::int64_t>(rooms_.functions.count())},
                       {"mode", upstream.signing_key ? "cloud" : "dev"},
                       {"schema_version", "2024-05-24"}});
}

net::Response Endpoint::introspect(bool is_signed) const {
  auto told = inspection();
  if (!is_signed) return made(200, canonical_json(told));
  const auto& upstream = rooms_.upstream.options();
  const auto hash = [](std::string_view text) {
    return to_hex(sha256(text)).substr(0, kHashCharacters);
  };
  const auto registration = rooms_.functions.registration(sdk_name(upstream.version));
  told.set("authentication_succeeded", true)
      .set("api_origin", upstream.url)
      .set("event_api_origin", upstream.event_url)
      .set("app_id", rooms_.functions.options().app)
      .set("capabilities", *registration.find("capabilities"))
      .set("env", Json())
      .set("framework", "synap")
      .set("sdk_language", "cpp")
      .set("sdk_version", upstream.version)
      .set("serve_origin", Json())
      .set("serve_path", "/api/inngest")
      .set("signing_key_hash", hash(upstream.signing_key->hashed()))
      .set("signing_key_fallback_hash",
           upstream.fallback_key ? Json(hash(upstream.fallback_key->hashed())) : Json());
  if (!upstream.event_key.empty()) told.set("event_key_hash", to_hex(sha256(upstream.event_key)));
  return made(200, canonical_json(told));
}

net::Response Endpoint::in_band() const {
  const auto& upstream = rooms_.upstream.options();
  auto told = rooms_.functions.registration(sdk_name(upstream.version));
  const Json body = Json::object({{"app_id", rooms_.functions.options().app},
                                  {"appVersion", Json()},
                                  {"capabilities", *told.find("capabilities")},
                                  {"env", Json()},
                                  {"framework", "synap"},
                                  {"functions", *told.find("functions")},
                                  {"inspection", inspection()},
                                  {"platform", Json()},
                                  {"sdk", sdk_name(upstream.version)},
                                  {"sdk_author", "synap"},
                                  {"sdk_language", "cpp"},
                                  {"sdk_version", upstream.version},
                                  {"url", rooms_.functions.options().url}});
  return made(200, canonical_json(body));
}

}  // namespace synap::inngest

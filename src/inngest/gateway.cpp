#include "inngest/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "inngest/memos.h"
#include "net/ascii.h"
#include "net/url.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kUrlBytesMax = 16 * 1024;
constexpr std::size_t kHeadersMax = 100;
// Of an answer that is an error, as much is kept.
constexpr std::size_t kErrorBytesMax = 64 * 1024;
constexpr JsonLimits kDepth{.depth_max = 64};
constexpr std::string_view kErrorName = "GatewayError";
constexpr std::string_view kAiErrorName = "AIGatewayError";

bool is_ai(const ReportedOp& op) {
  return op.op == "AIGateway";
}

std::unexpected<Error> wrong(std::string_view what) {
  return fail(Code::kBadRequest, std::string(what));
}

// Of the connection, and so the client's: an app passes on what it was given.
bool is_of_connection(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "host", "content-length", "transfer-encoding", "connection",      "expect", "upgrade",
      "te",   "trailer",        "keep-alive",        "proxy-connection"};
  return std::ranges::any_of(
      kNames, [name](std::string_view other) { return net::equal_ignoring_case(name, other); });
}

void set_header(outbound::Headers& headers, std::string name, std::string value) {
  std::erase_if(headers, [&](const outbound::Header& header) {
    return net::equal_ignoring_case(header.name, name);
  });
  headers.push_back({std::move(name), std::move(value)});
}

Result<> add_headers(outbound::Request& request, const Json& opts) {
  const Json* all = opts.find("headers");
  if (all == nullptr || all->is_null()) return {};
  if (!all->is_object()) return wrong("headers are an object");
  if (all->as_object().size() > kHeadersMax) {
    return wrong(fmt::format("a request has at most {} headers", kHeadersMax));
  }
  for (const auto& [name, value] : all->as_object()) {
    if (!value.is_string()) return wrong(fmt::format("the header {} is a text", name));
    if (!is_of_connection(name)) set_header(request.headers, name, value.as_string());
  }
  return {};
}

// The key stands where each provider looks for it.
Result<> add_key(outbound::Request& request, const Json& opts) {
  const auto key = opts.string_or("auth_key", "");
  if (key.empty()) return {};
  const auto format = opts.string_or("format", "");
  if (format == "bedrock") return {};  // its requests are signed by who makes them
  if (format == "anthropic") {
    request.headers.push_back({"x-api-key", std::string(key)});
    request.headers.push_back({"anthropic-version", "2023-06-01"});
  } else if (format == "gemini") {
    // The SDK puts it into the address, and Inngest's server does so too: once is enough.
    if (request.url.contains("key=")) return {};
    request.url.push_back(request.url.contains('?') ? '&' : '?');
    request.url.append("key=").append(net::percent_encode(key));
  } else {
    request.headers.push_back({"authorization", fmt::format("Bearer {}", key)});
  }
  return {};
}

void add_agent(outbound::Request& request) {
  std::string agent(kGatewayAgent);
  if (const auto* own = outbound::find(request.headers, "user-agent")) {
    agent = fmt::format("{} {}", *own, agent);
  }
  set_header(request.headers, "user-agent", std::move(agent));
}

// JSON has no other bytes: what is no UTF-8 becomes what a decoder shows for it.
std::string as_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const auto good = valid_utf8_prefix(bytes);
    text.append(bytes.substr(0, good));
    if (good == bytes.size()) break;
    text.append("\xEF\xBF\xBD");
    bytes.remove_prefix(good + 1);
  }
  return text;
}

Json headers_json(const outbound::Headers& headers) {
  Json shown = Json::object();
  for (const auto& header : headers) {
    std::string name = header.name;
    std::ranges::transform(name, name.begin(), net::ascii_lower);
    const auto value = as_text(header.value);
    const Json* before = shown.find(name);
    const auto all = before == nullptr ? value : before->as_string() + ", " + value;
    shown.set(name, all);
  }
  return shown;
}

// SDKs make a Response of it, which refuses any body, an empty one too, with these.
bool has_body(int status) {
  return status != 204 && status != 205 && status != 304;
}

Reply done(Json output) {
  Reply reply;
  reply.kind = Reply::Kind::kDone;
  reply.output = std::move(output);
  return reply;
}

Reply failed(const ReportedOp& op, std::string_view why) {
  Reply reply;
  reply.error = is_ai(op) ? app_error(kAiErrorName, fmt::format("Error making AI request: {}", why))
                          : app_error(kErrorName, fmt::format("Error making request: {}", why));
  return reply;
}

Reply failed_for_good(const ReportedOp& op, std::string_view why) {
  auto reply = failed(op, why);
  reply.may_retry = false;
  return reply;
}

// What would be asked again would be refused again.
bool may_do_better(Code code) {
  return code != Code::kBadRequest && code != Code::kForbidden && code != Code::kPayloadTooLarge;
}

Reply ai_reply(const ReportedOp& op, const outbound::Response& response, std::int64_t unix_ms) {
  auto body = parse_json(response.body, kDepth);
  if (response.status < 300 && body) return done(std::move(*body));
  auto reply = failed(op, response.status < 300
                              ? "the answer is no JSON"
                              : fmt::format("unsuccessful status code: {}", response.status));
  const bool is_kept_whole = body && response.body.size() <= kErrorBytesMax;
  reply.error.set("data", is_kept_whole ? std::move(*body)
                                        : Json(as_text(response.body.substr(0, kErrorBytesMax))));
  if (const auto* after = outbound::find(response.headers, "retry-after")) {
    reply.retry_after_ms = parse_retry_after(*after, unix_ms);
  }
  return reply;
}

}  // namespace

Result<outbound::Request> gateway_request(const ReportedOp& op) {
  const auto& opts = op.opts;
  if (!opts.is_object()) return wrong("it has no opts");
  outbound::Request request{.url = std::string(opts.string_or("url", ""))};
  if (request.url.empty()) return wrong("it has no url");
  if (request.url.size() > kUrlBytesMax) return wrong("its url is too long");
  if (const Json* publish = opts.find("publish"); publish != nullptr && publish->is_object()) {
    return wrong("this pod does not publish what is answered yet (docs/not-yet.md)");
  }
  const Json* body = opts.find("body");
  if (is_ai(op)) {
    request.method = "POST";
    request.headers.push_back({"content-type", "application/json"});
    if (body == nullptr || !body->is_object()) return wrong("its body is an object");
    request.body = body->dump();
    if (auto added = add_key(request, opts); !added) return fail(added.error());
  } else {
    request.method = std::string(opts.string_or("method", "GET"));
    if (body != nullptr && body->is_string()) {
      request.body = body->as_string();
    } else if (body != nullptr && !body->is_null()) {
      return wrong("its body is a text: an app's other bodies cannot be passed on");
    }
  }
  if (auto added = add_headers(request, opts); !added) return fail(added.error());
  add_agent(request);
  return request;
}

Reply gateway_reply(const ReportedOp& op, Result<outbound::Response> response,
                    std::int64_t unix_ms) {
  if (!response) {
    const auto& error = response.error();
    return may_do_better(error.code) ? failed(op, error.message)
                                     : failed_for_good(op, error.message);
  }
  auto reply =
      is_ai(op)
          ? ai_reply(op, *response, unix_ms)
          : done(Json::object(
                {{"url", response->url},
                 {"status_code", response->status},
                 {"headers", headers_json(response->headers)},
                 {"body", has_body(response->status) ? Json(as_text(response->body)) : Json()}}));
  const auto bytes = memo_of("data", reply.output).size();
  if (bytes <= static_cast<std::size_t>(workers::kStepBytesMax)) return reply;
  return failed_for_good(op, fmt::format("the answer has {} bytes; at most {} are kept of a step",
                                         bytes, workers::kStepBytesMax));
}

}  // namespace synap::inngest

#include "inngest/reply.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/json_given.h"
#include "inngest/duration.h"
#include "inngest/error_bounds.h"
#include "net/ascii.h"
#include "workers/pending_steps.h"

namespace synap::inngest {
namespace {

// What a stranger's page says is of use only to find out whose it is.
constexpr std::size_t kExcerptBytes = 200;
constexpr std::int64_t kRetryAfterMsMax = 24 * 60 * 60 * 1'000;
constexpr JsonLimits kDepth{.depth_max = 72};
// Of an op: when it began and ended, in nanoseconds.
constexpr std::string_view kTiming = "timing";

std::string excerpt(std::string_view body) {
  std::string text(net::trimmed(body).substr(0, kExcerptBytes));
  text.resize(valid_utf8_prefix(text));
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

Reply failed(Json error) {
  Reply reply;
  reply.error = std::move(error);
  return reply;
}

Reply misunderstood(const outbound::Response& response, std::string_view why) {
  const auto* type = outbound::find(response.headers, "content-type");
  return failed(
      app_error("InvalidAnswer",
                fmt::format("{} (status {}, {}): {}", why, response.status,
                            type == nullptr ? "no content type" : *type, excerpt(response.body))));
}

Json member(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr ? *value : Json();
}

// An error that was thrown, by what the SDK makes of it.
Json error_of(const Json& body) {
  Json error = app_error(body.string_or("name", "Error"),
                         body.string_or("message", body.string_or("error", "")));
  for (const char* key : {"stack", "cause", "data"}) {
    if (const Json* value = body.find(key)) error.set(key, *value);
  }
  return bounded_error(std::move(error));
}

void read_ops(Reply& reply, const Json& body, const outbound::Response& response) {
  reply.kind = Reply::Kind::kOps;
  const auto add = [&](const Json& json) {
    auto op = read_op(json);
    if (op) reply.ops.push_back(std::move(*op));
    return op.has_value();
  };
  const bool is_whole =
      body.is_array() ? std::ranges::all_of(body.as_array(), add) : body.is_object() && add(body);
  if (!is_whole) reply = misunderstood(response, "The app has answered ops that are none");
}

void read_headers(Reply& reply, const outbound::Headers& headers, std::int64_t unix_ms) {
  const auto* no_retry = outbound::find(headers, "x-inngest-no-retry");
  reply.may_retry = no_retry == nullptr || *no_retry != "true";
  const auto* after = outbound::find(headers, "retry-after");
  if (after != nullptr) reply.retry_after_ms = parse_retry_after(*after, unix_ms);
}

// Takes the answer out of its wrapper. False: it is none.
bool unwrap(outbound::Response& response) {
  auto wrapper = parse_json(net::trimmed(response.body), kDepth);
  if (!wrapper || !wrapper->is_object()) return false;
  const Json* status = wrapper->find("status");
  const Json* body = wrapper->find("body");
  if (status == nullptr || !status->is_integer() || body == nullptr) return false;
  const auto headers = member(*wrapper, "headers");
  if (headers.is_object()) {
    for (const auto& [name, value] : headers.as_object()) {
      if (!value.is_string()) continue;
      std::erase_if(response.headers, [&, &key = name](const outbound::Header& header) {
        return net::equal_ignoring_case(header.name, key);
      });
      response.headers.push_back({name, value.as_string()});
    }
  }
  response.status = static_cast<int>(std::clamp<std::int64_t>(status->as_integer(), 0, 999));
  response.body = body->is_string() ? body->as_string() : body->dump();
  return response.status != 201;
}

Reply read_plain(const outbound::Response& response, std::int64_t unix_ms) {
  const int status = response.status;
  const bool is_success = status >= 200 && status < 300;
  if (is_success && outbound::find(response.headers, "x-inngest-sdk") == nullptr) {
    return misunderstood(response,
                         "What answers at the app's address is no Inngest app: its answer has no "
                         "header x-inngest-sdk");
  }
  if (status >= 300 && status < 400) {
    return misunderstood(response,
                         "The app's address redirects, which is not followed: register the address "
                         "that it leads to");
  }
  const auto text = net::trimmed(response.body);
  // What it has come to is kept; what has failed is told, as far as it can be.
  auto body = text.empty() ? Result<Json>(Json())
              : is_success ? parse_given_json(text, kDepth, kTiming)
                           : parse_json(text, kDepth);
  if (!body && is_success) {
    return misunderstood(response, parse_json(text, kDepth)
                                       ? "The app's answer is not kept. " + body.error().message
                                       : "The app's answer is no JSON");
  }
  Reply reply;
  if (!is_success) {
    const bool is_error = body && body->is_object() &&
                          (body->find("message") != nullptr || body->find("error") != nullptr);
    reply = is_error ? failed(error_of(*body))
                     : misunderstood(response, "The app's address has answered no result");
  } else if (status == 206) {
    read_ops(reply, *body, response);
  } else {
    reply.kind = Reply::Kind::kDone;
    reply.output = std::move(*body);
  }
  read_headers(reply, response.headers, unix_ms);
  return reply;
}

std::optional<std::int64_t> parse_http_date(const std::string& text) {
  struct tm time{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<std::int64_t>(::timegm(&time)) * 1'000;
}

}  // namespace

std::optional<ReportedOp> read_op(const Json& json) {
  const auto hash = workers::parse_hash(json.string_or("id", ""));
  if (!hash || json.string_or("op", "").empty()) return std::nullopt;
  ReportedOp op{.op = std::string(json.string_or("op", "")),
                .hash = *hash,
                .name = std::string(json.string_or("name", "")),
                .opts = member(json, "opts"),
                .data = member(json, "data"),
                .error = bounded_error(member(json, "error"))};
  const auto userland = member(json, "userland");
  const auto display = json.string_or("displayName", op.name);
  op.step_id = std::string(userland.string_or("id", display));
  if (op.step_id.empty()) op.step_id = op.op;
  return op;
}

Json app_error(std::string_view name, std::string_view message) {
  return Json::object({{"name", name}, {"message", message}});
}

std::optional<std::int64_t> parse_retry_after(std::string_view text, std::int64_t unix_ms) {
  text = net::trimmed(text);
  std::int64_t wait = 0;
  constexpr std::size_t kDigitsMax = 7;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wait);
  if (error == std::errc{} && end == text.data() + text.size()) {
    if (wait < 0 || text.size() > kDigitsMax) return std::nullopt;
    wait *= 1'000;
  } else {
    auto moment = parse_iso8601(text);
    if (!moment) moment = parse_http_date(std::string(text));
    if (!moment) return std::nullopt;
    wait = *moment - unix_ms;
  }
  return std::clamp<std::int64_t>(wait, 1'000, kRetryAfterMsMax);
}

Reply read_reply(const outbound::Response& response, std::int64_t unix_ms) {
  if (response.status != 201) return read_plain(response, unix_ms);
  auto inner = response;
  if (!unwrap(inner)) return misunderstood(response, "The app's streamed answer is no answer");
  return read_plain(inner, unix_ms);
}

}  // namespace synap::inngest

#include "inngest/serve/upstream.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/url.h"

namespace synap::inngest {
namespace {

constexpr std::chrono::seconds kPatience(30);
constexpr std::size_t kAnswerBytesMax = 1 << 20;
// State of a run: 32 MiB of memos, and what is around them.
constexpr std::size_t kStateBytesMax = 40 << 20;
constexpr JsonLimits kDepth{.depth_max = 80};
// What SDKs send where there is none.
constexpr std::string_view kNoEventKey = "NO_EVENT_KEY_SET";

// What it says of itself, for people: its own words where it has some.
std::string words_of(const outbound::Response& response) {
  const auto body = parse_json(response.body, kDepth);
  if (body) {
    for (const char* key : {"error", "message"}) {
      const auto text = body->string_or(key, "");
      if (!text.empty()) return std::string(text.substr(0, valid_utf8_prefix(text.substr(0, 300))));
    }
  }
  return body ? "it does not say why" : "its answer is no JSON";
}

Error refusal_of(const outbound::Response& response, std::string_view what) {
  const int status = response.status;
  const auto sentence =
      fmt::format("The Inngest server answered {} to {}: {}", status, what, words_of(response));
  if (status == 401 || status == 403) return {Code::kUnauthorized, sentence};
  if (status == 400 || status == 413 || status == 422) {
    return {Code::kUnprocessableContent, sentence};
  }
  return {Code::kBadGateway, sentence};
}

bool is_success(const outbound::Response& response) {
  return response.status >= 200 && response.status < 300;
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

std::string sdk_name(std::string_view version) {
  return fmt::format("synap:v{}", version);
}

Task<Result<outbound::Response>> Upstream::send_one(const outbound::Request& request,
                                                    std::stop_token stop) {
  co_return co_await client_.send(request, {.deadline = SteadyClock::now() + kPatience,
                                            .stop = std::move(stop),
                                            .response_bytes_max = kAnswerBytesMax,
                                            .redirects_max = 0});
}

// To its API, with the key, and with the other one if that is refused.
Task<Result<outbound::Response>> Upstream::ask(std::string method, std::string path,
                                               std::string body, outbound::Headers more,
                                               std::stop_token stop) {
  outbound::Request request{.method = std::move(method),
                            .url = options_.url + path,
                            .headers = {{"content-type", "application/json"},
                                        {"x-inngest-sdk", sdk_name(options_.version)},
                                        {"x-inngest-framework", "synap"}},
                            .body = std::move(body)};
  for (auto& header : more) request.headers.push_back(std::move(header));
  const auto keyed = [&](const SigningKey& key) {
    auto copy = request;
    copy.headers.push_back({"authorization", "Bearer " + key.hashed()});
    return copy;
  };
  if (!options_.signing_key) co_return co_await send_one(request, stop);
  auto response = co_await send_one(keyed(*options_.signing_key), stop);
  if (!response || (response->status != 401 && response->status != 403) || !options_.fallback_key) {
    co_return response;
  }
  co_return co_await send_one(keyed(*options_.fallback_key), std::move(stop));
}

Task<Result<bool>> Upstream::register_app(std::string body, Asked asked_by, std::stop_token stop) {
  outbound::Headers more = {{"x-inngest-sync-kind", "out_of_band"}};
  if (!asked_by.server_kind.empty()) {
    more.push_back({"x-inngest-expected-server-kind", asked_by.server_kind});
  }
  std::string path = "/fn/register";
  if (!asked_by.deploy_id.empty()) path += "?deployId=" + asked_by.deploy_id;
  auto response =
      co_await ask("POST", std::move(path), std::move(body), std::move(more), std::move(stop));
  if (!response) co_return fail(response.error());
  if (!is_success(*response)) co_return fail(refusal_of(*response, "the registration"));
  const auto said = parse_json(response->body, kDepth);
  if (!said || !said->is_object()) {
    co_return fail(Code::kBadGateway, "What answers at inngest_url is no Inngest server");
  }
  const Json* ok = said->find("ok");
  if (ok != nullptr && *ok == Json(false)) co_return fail(refusal_of(*response, "registration"));
  const Json* modified = said->find("modified");
  co_return modified != nullptr && *modified == Json(true);
}

Task<Result<>> Upstream::send(std::string events, std::size_t count, std::stop_token stop) {
  const auto key = options_.event_key.empty() ? std::string(kNoEventKey) : options_.event_key;
  outbound::Request request{
      .method = "POST",
      .url = fmt::format("{}/e/{}", options_.event_url, net::percent_encode(key)),
      .headers = {{"content-type", "application/json"},
                  {"x-inngest-sdk", sdk_name(options_.version)}},
      .body = std::move(events)};
  auto response = co_await send_one(request, std::move(stop));
  if (!response) co_return fail(response.error());
  if (!is_success(*response)) co_return fail(refusal_of(*response, "events"));
  // A proxy's page may be a 200, too.
  const auto said = parse_json(response->body, kDepth);
  const Json* ids = said ? said->find("ids") : nullptr;
  const Json* status = said ? said->find("status") : nullptr;
  const bool is_whole = ids != nullptr && ids->is_array() && ids->as_array().size() == count &&
                        (status == nullptr || *status == Json(200)) &&
                        said->string_or("error", "").empty();
  if (!is_whole) co_return fail(Code::kBadGateway, refusal_of(*response, "events").message);
  co_return Result<>{};
}

Task<Result<outbound::Response>> Upstream::get_with(std::string path,
                                                    std::optional<SigningKey> key) {
  outbound::Request request{.url = options_.url + path,
                            .headers = {{"x-inngest-sdk", sdk_name(options_.version)}}};
  if (key) request.headers.push_back({"authorization", "Bearer " + key->hashed()});
  auto stream = client_.stream(std::move(request), {.deadline = SteadyClock::now() + kPatience,
                                                    .response_bytes_max = kStateBytesMax,
                                                    .redirects_max = 0});
  outbound::Response response;
  while (auto chunk = co_await stream.next()) {
    if (response.status == 0) static_cast<outbound::Head&>(response) = *chunk->head;
    response.body += chunk->bytes;
  }
  if (const auto& end = stream.end(); !end) co_return fail(end.error());
  co_return response;
}

Task<Result<Json>> Upstream::get(std::string path) {
  auto response = co_await get_with(path, options_.signing_key);
  if (response && (response->status == 401 || response->status == 403) && options_.fallback_key) {
    response = co_await get_with(path, options_.fallback_key);
  }
  if (!response) co_return fail(response.error());
  if (!is_success(*response)) co_return fail(refusal_of(*response, "what a run has stored"));
  auto said = parse_json(response->body, kDepth);
  if (!said) co_return fail(Code::kBadGateway, "What the Inngest server has of a run is no JSON");
  // Newer servers put it into an envelope.
  if (said->is_object() && said->find("metadata") != nullptr && said->find("data") != nullptr) {
    Json inner = *said->find("data");
    co_return inner;
  }
  co_return said;
}

Task<Result<Json>> Upstream::events_of(std::string run_id) {
  co_return co_await get(fmt::format("/v0/runs/{}/batch", run_id));
}

Task<Result<Json>> Upstream::steps_of(std::string run_id) {
  co_return co_await get(fmt::format("/v0/runs/{}/actions", run_id));
}

Task<Result<bool>> Upstream::signal(std::string name, Json data, std::stop_token stop) {
  std::string body = R"({"signal":)" + json_string(name) + R"(,"data":)";
  append_json(body, data);
  body.push_back('}');
  auto response = co_await ask("POST", "/v1/signals", std::move(body), {}, std::move(stop));
  if (!response) co_return fail(response.error());
  if (response->status == 404) co_return false;
  if (!is_success(*response)) co_return fail(refusal_of(*response, "a signal"));
  co_return true;
}

}  // namespace synap::inngest

#include "inngest/endpoints/run_outputs.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crypto.h"
#include "base/first_of.h"
#include "base/json.h"
#include "inngest/run_state.h"
#include "net/ascii.h"

namespace synap::inngest {
namespace {

constexpr JsonLimits kStored{.depth_max = 80};
constexpr std::size_t kHeadersMax = 100;

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// Of the connection, or of the pod, whose address this is.
bool is_own(std::string_view name) {
  constexpr std::array<std::string_view, 14> kOwn = {"connection",
                                                     "content-length",
                                                     "date",
                                                     "keep-alive",
                                                     "set-cookie",
                                                     "transfer-encoding",
                                                     "trailer",
                                                     "upgrade",
                                                     "clear-site-data",
                                                     "content-security-policy",
                                                     "server",
                                                     "service-worker-allowed",
                                                     "strict-transport-security",
                                                     "x-content-type-options"};
  return name.starts_with("access-control-") ||
         std::ranges::any_of(kOwn, [&](auto own) { return net::equal_ignoring_case(name, own); });
}

bool is_field(std::string_view name, std::string_view value) {
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c <= '~' &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
  return is_name && std::ranges::all_of(value, [](char c) {
           return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
         });
}

// A page elsewhere may read it, who has the token; as a page here it is nobody's.
net::Response app_answer(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers = {{"cache-control", "no-store"},
                      {"access-control-allow-origin", "*"},
                      {"x-content-type-options", "nosniff"},
                      {"content-security-policy", "sandbox"}};
  return response;
}

net::Response json_answer(int status, const Json& body) {
  auto response = app_answer(status, body.dump());
  response.headers.add("content-type", "application/json");
  return response;
}

// What SDKs make of an HTTP response: {"status","headers","body"}. Anything else is a result of a
// function, and answered as JSON.
net::Response output_answer(const std::string& text) {
  const auto output = parse_json(text, kStored).value_or(Json());
  const Json* status = output.is_object() ? output.find("status") : nullptr;
  const Json* body = output.is_object() ? output.find("body") : nullptr;
  const bool is_response = status != nullptr && status->is_integer() && body != nullptr &&
                           body->is_string() && status->as_integer() >= 200 &&
                           status->as_integer() <= 599;
  if (!is_response) return json_answer(200, output);
  auto response = app_answer(static_cast<int>(status->as_integer()), body->as_string());
  const Json* headers = output.find("headers");
  if (headers == nullptr || !headers->is_object()) return response;
  for (const auto& [name, value] : headers->as_object()) {
    if (!value.is_string() || is_own(name) || !is_field(name, value.as_string())) continue;
    if (response.headers.size() < kHeadersMax) response.headers.add(name, value.as_string());
  }
  return response;
}

Json error_shown(const std::string& text) {
  const auto error = parse_json(text, kStored).value_or(Json::object());
  return Json::object({{"name", std::string(error.string_or("name", "Error"))},
                       {"message", std::string(error.string_or("message", ""))}});
}

std::string response_event(std::string_view status, const net::Response& response) {
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers) headers.set(name, value);
  const Json data =
      Json::object({{"status", status},
                    {"response", Json::object({{"body", response.body.view()},
                                               {"statusCode", std::int64_t{response.status}},
                                               {"headers", std::move(headers)}})}});
  return "event: inngest.response\ndata: " + data.dump() + "\n\n";
}

}  // namespace

OutputTokens::OutputTokens(std::string_view secret)
    : key_(bytes_of(hmac_sha256(secret, "endpoint output token"))) {}

std::string OutputTokens::sign(const Uuid& run_id, std::string_view expires) const {
  auto text = run_id.to_string();
  text.append("\n").append(expires);
  return to_base64url(bytes_of(hmac_sha256(key_, text)));
}

std::string OutputTokens::make(const Uuid& run_id, std::int64_t unix_seconds) const {
  auto expires = std::to_string(unix_seconds + kSecondsMax);
  const auto signature = sign(run_id, expires);
  return expires.append(".").append(signature);
}

Result<> OutputTokens::check(const Uuid& run_id, std::string_view token,
                             std::int64_t unix_seconds) const {
  const auto dot = std::min(token.find('.'), token.size());
  const auto expires = token.substr(0, dot);
  std::int64_t until = 0;
  const auto [end, error] = std::from_chars(expires.data(), expires.data() + dot, until);
  const bool is_number = error == std::errc{} && end == expires.data() + dot;
  if (!is_number || dot == token.size() ||
      !is_equal_in_constant_time(sign(run_id, expires), token.substr(dot + 1))) {
    return fail(Code::kUnauthorized, "The token is none of this run's");
  }
  if (until <= unix_seconds) return fail(Code::kUnauthorized, "The token has expired");
  return {};
}

Task<Result<RunOutputs::Run>> RunOutputs::look(Uuid run_id) {
  auto found = co_await runs_.database().read([&](db::Tx& tx) -> std::optional<Run> {
    auto rows =
        tx.query("SELECT user_id, status, output, error FROM runs_data WHERE id = $1", run_id);
    if (!rows.next()) return std::nullopt;
    return Run{rows.text(0), rows.text(1), rows.optional_text(2).value_or(""),
               rows.optional_text(3).value_or("")};
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "The run is not there any more");
  co_return std::move(**found);
}

// Nothing: it has not ended.
std::optional<net::Response> RunOutputs::answer_of(const Run& run) {
  switch (run_state_of(run.status)) {
    case RunState::kCompleted:
      return output_answer(run.output);
    case RunState::kFailed:
      return json_answer(500, error_shown(run.error));
    case RunState::kCancelled:
      return json_answer(
          410, Json::object({{"name", "RunCancelled"}, {"message", "The run was cancelled"}}));
    case RunState::kRunning:
      break;
  }
  return std::nullopt;
}

Task<Result<std::optional<std::string>>> RunOutputs::last_event(Uuid run_id) {
  auto run = co_await look(run_id);
  if (!run) co_return fail(run.error());
  const auto answer = answer_of(*run);
  if (!answer) co_return std::nullopt;
  co_return response_event(run->status == "completed" ? "succeeded" : "failed", *answer);
}

std::string RunOutputs::last_event(const workers::EndOfRun& end) {
  if (end.status == "completed") return {};
  const auto answer = answer_of(
      {.user_id = {}, .status = std::string(end.status), .output = {}, .error = end.error});
  return answer ? response_event("failed", *answer) : std::string();
}

Task<Result<net::Response>> RunOutputs::wait(Uuid run_id, std::stop_token gone) {
  auto run = co_await look(run_id);
  if (!run) co_return fail(run.error());
  if (auto answer = answer_of(*run)) co_return std::move(*answer);
  const auto place = ends_.wait(run_id, run->user_id);
  if (!place) co_return fail(place.error());
  auto& world = runs_.world();
  const auto end = world.now() + options_.wait_max;
  while (!gone.stop_requested()) {
    const auto seen = (*place)->value();
    // It may have ended before there was a place.
    run = co_await look(run_id);
    if (!run) co_return fail(run.error());
    if (auto answer = answer_of(*run)) co_return std::move(*answer);
    if (world.now() >= end) {
      co_return json_answer(
          202, Json::object({{"status", "running"}, {"message", "The run has not ended yet"}}));
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - world.now());
    co_await first_of(
        gone, [&](std::stop_token over) { return (*place)->wait_past(seen, over); },
        [&](std::stop_token over) { return world.sleep_for(left, over); });
  }
  co_return fail(Code::kServiceUnavailable, "The pod is being stopped: ask again");
}

}  // namespace synap::inngest

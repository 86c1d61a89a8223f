#include "synap/pod_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/uuid.h"
#include "net/url.h"
#include "outbound/sse.h"
#include "outbound/url.h"
#include "pod/config.h"
#include "pod/description.h"
#include "synap/answer_shape.h"
#include "synap/issue_text.h"
#include "synap/key_source.h"
#include "synap/output.h"
#include "synap/port_holder.h"

namespace synap::cli {
namespace {

constexpr std::string_view kUnreachable = "unreachable";
constexpr std::string_view kIdempotencyKey = "idempotency-key";
constexpr std::string_view kStrange = "What answers there is no pod";

// From tRPC's error shape: {"message","code","data":{"code","httpStatus","details"?,…}}.
Error error_of(const Json& shape, int status) {
  Error error{Code::kInternalServerError, std::string(shape.string_or("message", ""))};
  const Json* data = shape.find("data");
  const Code* code = data == nullptr ? nullptr : code_by_name(data->string_or("code", ""));
  if (code != nullptr) error.code = *code;
  Json details = Json::object();
  if (const Json* given = data == nullptr ? nullptr : data->find("details");
      given != nullptr && given->is_object()) {
    details = *given;
  }
  if (auto issues = issues_of(error.message)) {
    error.message = sentence_of(*issues);
    details.set("issues", std::move(*issues));
  }
  if (error.message.empty()) error.message = fmt::format("The pod answered {}", status);
  if (!details.as_object().empty()) error.details = std::make_shared<Json>(std::move(details));
  return error;
}

Error strange_answer(int status) {
  const Code code = status == 503 ? Code::kServiceUnavailable : Code::kBadGateway;
  return {code, fmt::format("{}: its answer, of status {}, is not tRPC", kStrange, status)};
}

const rpc::Procedure* known_procedure(std::string_view path) {
  static const pod::Description known;
  return known.procedures().find(path);
}

// The text in an input that is no UTF-8, which JSON cannot say: it would become U+FFFD.
std::optional<std::string> no_utf8(const Json& value, const std::string& name) {
  if (value.is_string()) {
    const auto valid = valid_utf8_prefix(value.as_string());
    if (valid == value.as_string().size()) return std::nullopt;
    constexpr std::size_t kShownMax = 60;
    return fmt::format("\"{}\": byte {} of \"{}\" is not UTF-8", name, valid + 1,
                       value.as_string().substr(0, kShownMax));
  }
  if (value.is_array()) {
    for (const auto& item : value.as_array()) {
      if (auto found = no_utf8(item, name)) return found;
    }
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (auto found = no_utf8(Json(key), name)) return found;
      if (auto found = no_utf8(member, key)) return found;
    }
  }
  return std::nullopt;
}

Result<std::string> body_of(const Json& input) {
  if (auto found = no_utf8(input, "input")) return fail(Code::kBadRequest, std::move(*found));
  return input.dump();
}

// What tRPC says of a procedure that there is not; one that this program knows is of a newer pod.
Error of_older_pod(Error error, std::string_view path) {
  constexpr std::string_view kNoProcedure = "No procedure found on path";
  if (error.code == Code::kNotFound && error.message.starts_with(kNoProcedure) &&
      known_procedure(path) != nullptr) {
    error.message = fmt::format("This pod has no \"{}\": it is older than this program", path);
  }
  return error;
}

// What the procedure's answer should be and is not: nobody is told that a list is empty because
// something else answered. Procedures that only the pod knows are taken as they are.
Result<Json> checked(Result<Json> answer, std::string_view path) {
  if (!answer) return fail(of_older_pod(answer.error(), path));
  const auto* procedure = known_procedure(path);
  if (procedure == nullptr || procedure->kind == rpc::Kind::kSubscription) return answer;
  const auto what = unlike(procedure->output.node(), *answer);
  if (!what) return answer;
  return fail(Code::kBadGateway,
              fmt::format("{}: this is not a Synap pod's answer to {}: {}", kStrange, path, *what));
}

// Once for each call; where the pod keeps none, or may not, it would refuse the call for it. A key
// that stands in the input is the caller's own.
void add_idempotency_key(outbound::Request& request, std::string_view path,
                         std::string_view given) {
  const auto* procedure = known_procedure(path);
  const bool keeps = procedure != nullptr && procedure->meta.keeps_idempotency_keys;
  if (given.empty() && (!keeps || request.body.find("\"idempotencyKey\"") != std::string::npos)) {
    return;
  }
  request.headers.push_back(
      {std::string(kIdempotencyKey), given.empty() ? Uuid::v7().to_string() : std::string(given)});
}

bool is_strange(const Error& error) {
  return error.message.starts_with(kStrange);
}

// Of this machine the program that answers can be named.
std::string who_answers(const std::string& url) {
  const auto parts = outbound::parse_url(url);
  const bool is_here = parts && pod::is_loopback(parts->host);
  return fmt::format("{}; --url says where the pod is",
                     is_here ? fmt::format(" ({})", who_has(parts->port)) : "");
}

// Of {"result":{"data":…}} or {"error":…}.
Result<Json> value_of(Json envelope, int status) {
  if (const Json* error = envelope.find("error")) return fail(error_of(*error, status));
  const Json* result = envelope.find("result");
  if (result == nullptr) return fail(strange_answer(status));
  const Json* data = result->find("data");
  return data == nullptr ? Json() : *data;
}

Result<Json> value_of(const HttpResponse& response) {
  auto envelope = parse_json(response.body);
  if (!envelope) return fail(strange_answer(response.status));
  return value_of(std::move(*envelope), response.status);
}

// What REST answers, as tRPC has it: a value is its body, an error a problem (RFC 9457).
HttpResponse as_envelope(HttpResponse response) {
  auto body = parse_json(response.body);
  if (!body) return response;
  if (response.status / 100 == 2) {
    response.body = Json::object({{"result", Json::object({{"data", std::move(*body)}})}}).dump();
    return response;
  }
  if (body->string_or("code", "").empty()) return response;
  const Json* issues = body->find("issues");
  Json data = Json::object({{"code", body->string_or("code", "")}});
  if (const Json* details = body->find("details")) data.set("details", *details);
  const auto message =
      issues != nullptr ? issues->dump() : std::string(body->string_or("detail", ""));
  response.body =
      Json::object({{"error", Json::object({{"message", message}, {"data", std::move(data)}})}})
          .dump();
  return response;
}

// Delivers what has arrived. False: that was all, and `end` says true or what went wrong.
bool deliver(outbound::SseReader& reader, std::string& last_id, const OnItem& on_item,
             Result<bool>& end, const std::function<void()>& on_connected = nullptr) {
  while (auto event = reader.next()) {
    if (event->name == "connected" && on_connected) on_connected();
    if (event->name == "return") {
      end = true;
      return false;
    }
    if (event->name == "serialized-error") {
      auto shape = parse_json(event->data);
      end = fail(shape ? error_of(*shape, 200) : strange_answer(200));
      return false;
    }
    if (event->name == "message") {
      auto item = parse_json(event->data);
      if (!item) {
        end = fail(strange_answer(200));
        return false;
      }
      if (!reader.last_id().empty()) last_id = reader.last_id();
      if (!on_item(std::move(*item))) {
        end = true;
        return false;
      }
    }
  }
  return true;
}

// An event of the log has 512 KiB of data; one that never ends would be kept for ever.
bool is_bounded(const outbound::SseReader& reader, Result<bool>& end) {
  constexpr std::size_t kItemBytesMax = std::size_t{64} << 20;
  if (reader.bytes_kept() <= kItemBytesMax) return true;
  end = fail(Code::kPayloadTooLarge, fmt::format("An item of the stream is too large: it has more "
                                                 "than {} MiB",
                                                 kItemBytesMax >> 20));
  return false;
}

}  // namespace

std::vector<Option> client_options(ClientOptions& options) {
  return {
      {.name = "--url",
       .docs = "Where the pod is. Default: that of the current context, or where the pod of DATA "
               "listens, or http://127.0.0.1:4400",
       .target = &options.url,
       .variable = "SYNAP_URL",
       .value = "URL"},
      {.name = "--context",
       .docs = "One of the pods that `synap login` has signed in to.",
       .target = &options.context,
       .variable = "SYNAP_CONTEXT",
       .value = "NAME"},
      {.name = "--key",
       .docs = "The API key; others on this machine see it here, so SYNAP_KEY is better. "
               "Default: the owner's, from DATA/owner.key",
       .target = &options.key,
       .variable = "SYNAP_KEY",
       .value = "KEY"},
      {.name = "--data",
       .docs = "The pod's directory, for its address and its owner.key. Default: ./synap-data",
       .target = &options.data,
       .variable = "SYNAP_DATA",
       .value = "DIR"},
      {"--json", "Print JSON, errors too (on stderr).", &options.is_json}};
}

std::string data_of(const ClientOptions& options) {
  return options.data.empty() ? "./synap-data" : options.data;
}

PodClient::PodClient(PodAndKey found)
    : url_(std::move(found.url)),
      key_{std::move(found.key), std::move(found.origin)},
      advice_(std::move(found.advice)),
      http_(std::make_unique<HttpClient>()) {}

Result<PodClient> PodClient::make(const ClientOptions& options) {
  auto found = find_pod_and_key(options);
  if (!found) return fail(found.error());
  if (!found->other_pod.empty()) tell(found->other_pod);
  return PodClient(std::move(*found));
}

outbound::Request PodClient::request(std::string_view method, std::string_view path) const {
  outbound::Request request;
  request.method = method;
  request.url = fmt::format("{}/trpc/{}", url_, net::percent_encode(path));
  if (!key_.text.empty()) request.headers.push_back({"authorization", "Bearer " + key_.text});
  // A word that the pod does not know is a mistake of who typed it.
  request.headers.push_back({"synap-unknown-keys", "refuse"});
  if (method != "POST") return request;
  request.headers.push_back({"content-type", "application/json"});
  if (!caused_by_.empty()) request.headers.push_back({"synap-caused-by", caused_by_});
  if (!reason_.empty()) {
    request.headers.push_back({"synap-reason", net::percent_encode(reason_)});
  }
  return request;
}

Result<HttpResponse> PodClient::send(const outbound::Request& request,
                                     const std::function<bool(std::string_view)>& on_event_bytes) {
  auto response = http_->send(request, on_event_bytes);
  // It may have been carried out. With a key that costs nothing to ask again, and once is enough
  // for a connection that a proxy or a restart has cut.
  if (!response && response.error().code == Code::kBadGateway &&
      outbound::find(request.headers, kIdempotencyKey) != nullptr) {
    response = http_->send(request, on_event_bytes);
  }
  if (response) return response;
  if (response.error().code == Code::kPayloadTooLarge ||
      response.error().code == Code::kGatewayTimeout) {
    return fail(with_place(response.error()));
  }
  const bool may_be_done = response.error().code == Code::kBadGateway && request.method == "POST";
  return fail(with_place(
      {Code::kServiceUnavailable,
       may_be_done
           ? fmt::format("The pod at {} did not end its answer ({}); whether what was asked was "
                         "done is not known",
                         url_, response.error().message)
           : fmt::format("No pod answers at {} ({}); start one with `synap serve`, or say with "
                         "--url where it is",
                         url_, response.error().message),
       std::make_shared<Json>(Json::object({{std::string(kUnreachable), true}}))}));
}

// Where the mistake may be one of the place or the key, which come from defaults, variables and
// files: what was used of them.
Error PodClient::with_place(Error error) const {
  // What is copied from a browser may have a page behind the address.
  if (error.code == Code::kNotFound && error.message.starts_with("Nothing is served here")) {
    error.message = fmt::format(
        "Nothing of a pod is served at {}: --url is its address alone, as http://127.0.0.1:4400",
        url_);
  }
  const bool is_refused = error.code == Code::kUnauthorized || error.code == Code::kForbidden ||
                          error.code == Code::kBadGateway;
  if (!is_refused && !is_unreachable(error)) return error;
  if (error.code == Code::kUnauthorized) {
    if (key_.text.empty() && !advice_.empty()) {
      error.message = fmt::format("An API key is needed; {}", advice_);
    } else if (!key_.text.empty() && !key_.text.starts_with("synap_")) {
      error.message += "; it is no key at all: they begin with synap_";
    } else if (!key_.text.empty()) {
      error.message += "; it is of another pod, or was revoked or has expired";
    }
  }
  if (is_strange(error)) error.message += who_answers(url_);
  error.message += is_refused ? fmt::format(" [pod: {}, key: {}]", url_, key_.origin)
                              : fmt::format(" [key: {}]", key_.origin);
  Json details = error.details != nullptr ? *error.details : Json::object();
  details.set("url", url_).set("key", key_.origin);
  error.details = std::make_shared<Json>(std::move(details));
  return error;
}

Result<Json> PodClient::answer_of(const HttpResponse& response, std::string_view path) const {
  auto value = checked(value_of(response), path);
  if (!value) return fail(with_place(value.error()));
  return value;
}

// An address has an end: of the head of a request the pod takes 64 KiB, and proxies less. What is
// longer goes as a body, which REST has for queries too.
Result<HttpResponse> PodClient::ask(std::string_view path, std::string input,
                                    const std::function<bool(std::string_view)>& on_event_bytes) {
  constexpr std::size_t kUrlInputMax = 4'000;
  const auto encoded = net::percent_encode(input);
  const auto* procedure = known_procedure(path);
  const bool is_stream = procedure != nullptr && procedure->kind == rpc::Kind::kSubscription;
  if (is_stream || encoded.size() <= kUrlInputMax) {
    auto get = request("GET", path);
    if (!input.empty()) get.url += "?input=" + encoded;
    return send(get, on_event_bytes);
  }
  auto post = request("POST", path);
  post.url = fmt::format("{}/api/{}", url_, net::percent_encode(path));
  post.body = std::move(input);
  auto response = send(post, on_event_bytes);
  if (!response) return response;
  return as_envelope(std::move(*response));
}

Result<Json> PodClient::query(std::string_view path, const Json& input) {
  auto body = body_of(input);
  if (!body) return fail(body.error());
  auto response = ask(path, std::move(*body));
  if (!response) return fail(response.error());
  return answer_of(*response, path);
}

Result<Json> PodClient::mutate(std::string_view path, const Json& input,
                               std::string_view idempotency_key) {
  auto body = body_of(input);
  if (!body) return fail(body.error());
  auto post = request("POST", path);
  post.body = std::move(*body);
  add_idempotency_key(post, path, idempotency_key);
  auto response = send(post);
  if (!response) return fail(response.error());
  return answer_of(*response, path);
}

Result<std::vector<Result<Json>>> PodClient::query_batch(std::string_view path,
                                                         const std::vector<Json>& inputs) {
  std::string paths;
  Json all = Json::object();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    paths.append(i == 0 ? "" : ",").append(path);
    all.set(std::to_string(i), inputs[i]);
  }
  auto get = request("GET", "");
  const auto body = body_of(all);
  if (!body) return fail(body.error());
  get.url += paths + "?batch=1&input=" + net::percent_encode(*body);
  auto response = send(get);
  if (!response) return fail(response.error());
  const std::vector<std::string_view> asked(inputs.size(), path);
  return answers_of(*response, asked);
}

Result<std::vector<Result<Json>>> PodClient::mutate_batch(std::vector<Mutation> mutations) {
  std::string paths;
  Json all = Json::object();
  for (std::size_t i = 0; i < mutations.size(); ++i) {
    paths.append(i == 0 ? "" : ",").append(mutations[i].path);
    all.set(std::to_string(i), std::move(mutations[i].input));
  }
  auto post = request("POST", "");
  post.url += paths + "?batch=1";
  auto body = body_of(all);
  if (!body) return fail(body.error());
  post.body = std::move(*body);
  auto response = send(post);
  if (!response) return fail(response.error());
  std::vector<std::string_view> asked;
  asked.reserve(mutations.size());
  for (const auto& mutation : mutations) asked.push_back(mutation.path);
  return answers_of(*response, asked);
}

Result<std::vector<Result<Json>>> PodClient::answers_of(
    const HttpResponse& response, const std::vector<std::string_view>& paths) const {
  auto answers = parse_json(response.body);
  if (!answers) return fail(with_place(strange_answer(response.status)));
  // What is wrong with the whole request is said once.
  if (!answers->is_array() || answers->as_array().size() != paths.size()) {
    if (answers->is_array() && !answers->as_array().empty())
      *answers = Json(answers->as_array()[0]);
    auto refusal = value_of(std::move(*answers), response.status);
    return fail(with_place(refusal ? strange_answer(response.status) : refusal.error()));
  }
  std::vector<Result<Json>> values;
  for (auto& answer : answers->as_array()) {
    auto value = checked(value_of(std::move(answer), response.status), paths[values.size()]);
    if (!value) value = fail(with_place(value.error()));
    values.push_back(std::move(value));
  }
  return values;
}

Result<bool> PodClient::is_mutation(std::string_view path) {
  if (const auto* procedure = known_procedure(path)) {
    return procedure->kind == rpc::Kind::kMutation;
  }
  // It may be one of a newer pod, which describes its procedures to everybody.
  auto page = get("/openapi.json");
  if (!page) return fail(page.error());
  const auto document = parse_json(page->body);
  const Json* at = document ? document->find("paths") : nullptr;
  if (at != nullptr) at = at->find(fmt::format("/api/{}", path));
  if (at == nullptr || !at->is_object()) return true;  // the pod says itself that there is none
  return std::ranges::any_of(at->as_object(), [](const auto& operation) {
    return operation.second.string_or("x-synap-kind", "") == rpc::kind_name(rpc::Kind::kMutation);
  });
}

Result<std::optional<Json>> PodClient::call(std::string_view path, const std::optional<Json>& input,
                                            const OnItem& on_item) {
  auto body = input ? body_of(*input) : Result<std::string>("");
  if (!body) return fail(body.error());
  // Known before it is asked: a request by the wrong method is refused, and counted as an error.
  const auto has_effects = is_mutation(path);
  if (!has_effects) return fail(has_effects.error());
  outbound::SseReader reader;
  std::string last_id;
  Result<bool> end = false;
  const auto on_bytes = [&](std::string_view bytes) {
    reader.add(bytes);
    return deliver(reader, last_id, on_item, end) && is_bounded(reader, end);
  };
  auto post = request("POST", path);
  if (*has_effects) {
    if (input) post.body = *body;
    add_idempotency_key(post, path, "");
  }
  auto response =
      *has_effects ? send(post, on_bytes) : ask(path, input ? *body : std::string(), on_bytes);
  if (!response) return fail(response.error());
  if (!end) return fail(with_place(end.error()));
  if (response->is_event_stream) return std::nullopt;
  auto value = answer_of(*response, path);
  if (!value) return fail(value.error());
  return std::optional(std::move(*value));
}

Result<bool> PodClient::subscribe(std::string_view path, const std::optional<Json>& input,
                                  std::string& last_id, const OnItem& on_item,
                                  const std::function<void()>& on_connected) {
  auto get = request("GET", path);
  const auto body = input ? body_of(*input) : Result<std::string>("");
  if (!body) return fail(body.error());
  if (input) get.url += "?input=" + net::percent_encode(*body);
  if (!last_id.empty()) get.headers.push_back({"last-event-id", last_id});
  outbound::SseReader reader;
  Result<bool> end = false;
  auto response = send(get, [&](std::string_view bytes) {
    reader.add(bytes);
    return deliver(reader, last_id, on_item, end, on_connected) && is_bounded(reader, end);
  });
  if (!response) return fail(response.error());
  if (!end) return fail(with_place(end.error()));
  if (response->is_event_stream) return end;
  auto value = answer_of(*response, path);
  return fail(value ? with_place(strange_answer(response->status)) : value.error());
}

Result<HttpResponse> PodClient::get(std::string_view page) {
  return send({.method = "GET", .url = url_ + std::string(page), .headers = {}, .body = {}});
}

bool PodClient::is_pod() {
  auto get = request("GET", "pod.none");
  const auto response = send(get);
  const auto envelope = response ? parse_json(response->body) : fail(response.error());
  const Json* error = envelope ? envelope->find("error") : nullptr;
  const Json* data = error != nullptr ? error->find("data") : nullptr;
  return data != nullptr && data->string_or("code", "") == info(Code::kNotFound).name;
}

// Any question that needs a key would do: it is denied only after the key is known.
Result<bool> PodClient::try_key() {
  const auto known = query("keys.list", Json::object({{"limit", 1}}));
  if (known) return true;
  if (known.error().code == Code::kForbidden) return false;
  return fail(known.error());
}

Result<std::int64_t> PodClient::end_of_log() {
  // A correlation that nobody has: the answer is that everything up to its end was looked at.
  auto page =
      query("events.list", Json::object({{"correlationId", Uuid{}.to_string()}, {"limit", 1}}));
  if (!page) return fail(page.error());
  const Json* end = page->find("nextAfter");
  if (end == nullptr || !end->is_integer()) return fail(with_place(strange_answer(200)));
  return end->as_integer();
}

bool is_passing(const Error& error) {
  switch (error.code) {
    case Code::kTimeout:
    case Code::kTooManyRequests:
    case Code::kBadGateway:
    case Code::kServiceUnavailable:
    case Code::kGatewayTimeout:
      return true;
    default:
      return false;
  }
}

bool is_unreachable(const Error& error) {
  return error.details != nullptr && error.details->find(kUnreachable) != nullptr;
}

}  // namespace synap::cli

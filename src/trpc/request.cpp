#include "trpc/request.h"

#include <algorithm>

#include "base/json_given.h"
#include "base/log.h"
#include "net/ascii.h"
#include "net/url.h"
#include "trpc/multipart.h"
#include "trpc/url.h"

namespace synap::trpc {
namespace {

std::string_view without_outer_slashes(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// The part of the path that names procedures, decoded.
Result<std::string> procedure_path(const Options& options, std::string_view path) {
  auto rest = without_outer_slashes(path);
  const auto base = without_outer_slashes(options.base_path);
  rest = without_outer_slashes(rest.substr(std::min(base.size(), rest.size())));
  auto decoded = net::percent_decode(rest);
  if (!decoded) {
    return fail(Code::kBadRequest, "Invalid URL-encoding in path \"" + to_valid_utf8(rest) + "\"");
  }
  return *std::move(decoded);
}

Result<BodyKind> body_kind(const net::Request& request) {
  const std::string* header = request.headers.find("content-type");
  const auto type = header == nullptr
                        ? std::string_view()
                        : net::trimmed(std::string_view(*header).substr(0, header->find(';')));
  if (net::equal_ignoring_case(type, "application/json")) return BodyKind::kJson;
  if (net::equal_ignoring_case(type, "multipart/form-data")) return BodyKind::kForm;
  if (net::equal_ignoring_case(type, "application/octet-stream")) return BodyKind::kBytes;
  // Whatever a GET says its missing body is, it can be opened from an address bar.
  if (request.method == "GET") return BodyKind::kJson;
  return fail(Code::kUnsupportedMediaType,
              header == nullptr ? "Missing content-type header"
                                : "Unsupported content-type \"" + to_valid_utf8(*header));
}

bool wants_jsonl(const net::Request& request) {
  constexpr std::string_view kJsonl = "application/jsonl";
  if (const auto* own = request.headers.find("trpc-accept")) return *own == kJsonl;
  const auto* accept = request.headers.find("accept");
  if (accept == nullptr) return false;
  std::string_view rest = *accept;
  for (;;) {
    const auto comma = rest.find(',');
    if (net::trimmed(rest.substr(0, comma)) == kJsonl) return true;
    if (comma == std::string_view::npos) return false;
    rest.remove_prefix(comma + 1);
  }
}

std::string last_event_id(const net::Request& request, const QueryParameters& query) {
  if (const auto* header = request.headers.find("last-event-id")) return to_valid_utf8(*header);
  if (const auto* value = query.find("lastEventId")) return *value;
  if (const auto* value = query.find("Last-Event-Id")) return *value;
  return {};
}

std::string_view accepted_methods(const Options& options, rpc::Kind kind) {
  if (kind == rpc::Kind::kMutation) return "POST";
  return options.method_override ? "GET, POST" : "GET";
}

bool accepts(const Options& options, rpc::Kind kind, std::string_view method) {
  if (method == "POST") return kind == rpc::Kind::kMutation || options.method_override;
  return method == "GET" && kind != rpc::Kind::kMutation;
}

PlannedCall plan(const Options& options, const rpc::ProcedureTable& procedures,
                 const net::Request& request, std::string path, DecodedRequest& decoded) {
  PlannedCall call;
  call.path = std::move(path);
  call.procedure = procedures.find(call.path);
  if (call.procedure == nullptr) {
    call.refusal = Error{Code::kNotFound, "No procedure found on path \"" + call.path + "\""};
    return call;
  }
  const auto kind = call.procedure->kind;
  if (!accepts(options, kind, request.method)) {
    decoded.allow = accepted_methods(options, kind);
    call.refusal =
        Error{Code::kMethodNotSupported, "Unsupported " + to_valid_utf8(request.method) +
                                             "-request to " + std::string(rpc::kind_name(kind)) +
                                             " procedure at path \"" + call.path + "\""};
  } else if (kind == rpc::Kind::kSubscription && decoded.is_batch) {
    call.refusal = Error{Code::kBadRequest, "Cannot batch subscription calls"};
  }
  return call;
}

// The kind that all calls have; kBadRequest if there are several.
Result<std::optional<rpc::Kind>> common_kind(const std::vector<PlannedCall>& calls) {
  std::vector<rpc::Kind> kinds;
  for (const auto& call : calls) {
    if (call.procedure == nullptr) continue;
    if (std::ranges::find(kinds, call.procedure->kind) == kinds.end()) {
      kinds.push_back(call.procedure->kind);
    }
  }
  if (kinds.empty()) return std::optional<rpc::Kind>();
  if (kinds.size() == 1) return std::optional(kinds.front());
  std::string names;
  for (const auto kind : kinds) names.append(names.empty() ? "" : ", ").append(kind_name(kind));
  return fail(Code::kBadRequest, "Cannot mix procedure types in call: " + names);
}

// An upload: one call, whatever the query says, and always a mutation's.
Result<DecodedRequest> decode_upload(const Options& options, const rpc::ProcedureTable& procedures,
                                     const net::Request& request, BodyKind body, std::string path) {
  if (request.method != "POST") {
    return fail(Code::kMethodNotSupported,
                body == BodyKind::kForm
                    ? "Only POST requests are supported for multipart/form-data requests"
                    : "Only POST requests are supported for application/octet-stream requests");
  }
  // A form is the one body with which a page of another origin can POST with the user's cookies
  // without asking first.
  if (body == BodyKind::kForm) {
    if (auto allowed = check_origin(options, request); !allowed) return fail(allowed.error());
  }
  DecodedRequest decoded;
  decoded.body = body;
  decoded.kind = rpc::Kind::kMutation;
  decoded.calls.push_back(plan(options, procedures, request, std::move(path), decoded));
  return decoded;
}

Result<std::optional<Json>> connection_params(const QueryParameters& query) {
  const std::string* text = query.find("connectionParams");
  if (text == nullptr) return std::optional<Json>();
  const auto value = parse_json(*text);
  if (!value) return fail(Code::kParseError, "Not JSON-parsable query params");
  return check_connection_params(&*value);
}

// The one JSON value that the inputs of all calls are in; nothing if it was left out.
Result<std::optional<Json>> whole_input(const DecodedRequest& decoded,
                                        const net::Request& request) {
  const QueryParameters query(request.query);
  const std::string* text = &request.body;
  if (request.method == "GET") text = query.find("input");
  if (text == nullptr || text->empty()) return std::optional<Json>();
  auto value = parse_given_json(*text);
  if (!value) return fail(value.error());
  if (decoded.is_batch && !value->is_object()) {
    return fail(Code::kBadRequest, "\"input\" needs to be an object when doing a batch call");
  }
  return std::optional(*std::move(value));
}

std::optional<Json> take_member(Json& object, std::string_view key) {
  for (auto& [name, value] : object.as_object()) {
    if (name == key) return std::move(value);
  }
  return std::nullopt;
}

Result<rpc::Input> upload_input(BodyKind body, const net::Request& request) {
  rpc::Input input;
  if (body == BodyKind::kBytes) {
    input.bytes = request.body;
    return input;
  }
  auto form = parse_multipart(*request.headers.find("content-type"), request.body);
  if (!form) return fail(form.error());
  input.form = *std::move(form);
  return input;
}

}  // namespace

Result<DecodedRequest> decode_request(const Options& options, const rpc::ProcedureTable& procedures,
                                      const net::Request& request) {
  auto path = procedure_path(options, request.path);
  if (!path) return fail(path.error());
  const auto body = body_kind(request);
  if (!body) return fail(body.error());

  DecodedRequest decoded;
  if (*body == BodyKind::kJson) {
    const QueryParameters query(request.query);
    const auto* batch = query.find("batch");
    decoded.is_batch = batch != nullptr && *batch == "1";
    std::string_view rest = *path;
    for (;;) {
      const auto comma = decoded.is_batch ? rest.find(',') : std::string_view::npos;
      if (decoded.calls.size() == options.batch_max) {
        return fail(Code::kBadRequest, "Batch call exceeds maximum size");
      }
      decoded.calls.push_back(
          plan(options, procedures, request, std::string(rest.substr(0, comma)), decoded));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    auto kind = common_kind(decoded.calls);
    if (!kind) return fail(kind.error());
    decoded.kind = *kind;
    auto params = connection_params(query);
    if (!params) return fail(params.error());
    decoded.connection_params = *std::move(params);
    decoded.last_event_id = last_event_id(request, query);
  } else {
    auto upload = decode_upload(options, procedures, request, *body, *std::move(path));
    if (!upload) return upload;
    decoded = *std::move(upload);
  }

  if (decoded.is_batch && !options.allow_batching) {
    return fail(Code::kBadRequest, "Batching is not enabled on the server");
  }
  decoded.wants_jsonl = wants_jsonl(request);
  if (decoded.wants_jsonl && !decoded.is_batch) {
    return fail(Code::kBadRequest, "Streaming requests must be batched (you can do a batch of 1)");
  }
  return decoded;
}

std::vector<Result<rpc::Input>> decode_inputs(const DecodedRequest& decoded,
                                              const net::Request& request) {
  std::vector<Result<rpc::Input>> inputs(decoded.calls.size());
  const auto reads_input = [](const PlannedCall& call) {
    return !call.refusal && rpc::takes_input(*call.procedure);
  };
  if (std::ranges::none_of(decoded.calls, reads_input)) return inputs;
  if (decoded.body != BodyKind::kJson) {
    inputs.front() = upload_input(decoded.body, request);
    return inputs;
  }

  auto whole = whole_input(decoded, request);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& call = decoded.calls[i];
    if (!reads_input(call)) continue;
    // Moved from below only where there is no batch, and so no second call.
    if (!whole) {  // NOLINT(bugprone-use-after-move)
      inputs[i] = fail(whole.error());
      continue;
    }
    auto& json = inputs[i]->json;
    if (!decoded.is_batch) {
      json = *std::move(whole);
    } else if (*whole) {
      json = take_member(**whole, std::to_string(i));
    }
    if (call.procedure->kind == rpc::Kind::kSubscription) {
      set_last_event_id(json, decoded.last_event_id);
    }
  }
  return inputs;
}

Result<std::optional<Json>> connection_params_of(const net::Request& request) {
  return connection_params(QueryParameters(request.query));
}

void set_last_event_id(std::optional<Json>& input, std::string_view last_event_id) {
  if (last_event_id.empty()) return;
  if (!input || input->is_null()) input = Json::object();
  if (input->is_object()) input->set("lastEventId", last_event_id);
}

Result<std::optional<Json>> check_connection_params(const Json* value) {
  if (value != nullptr && value->is_null()) return std::optional<Json>();
  const bool is_right = value != nullptr && value->is_object() &&
                        std::ranges::all_of(value->as_object(), [](const Json::Member& member) {
                          return member.second.is_string();
                        });
  if (!is_right) return fail(Code::kParseError, "Invalid connection params shape");
  return std::optional(*value);
}

Result<> check_origin(const Options& options, const net::Request& request) {
  if (options.origins.allows(request)) return {};
  const auto& origin = *request.headers.find("origin");
  if (options.origins_refused != nullptr) options.origins_refused->add();
  write_log_bounded(Same::kMessage, LogLevel::kInfo, "trpc", "a page of another origin was refused",
                    {{"origin", origin}, {"peer", request.peer}});
  return fail(Code::kForbidden,
              "Pages of the origin \"" + to_valid_utf8(origin) + "\" are not allowed here");
}

}  // namespace synap::trpc

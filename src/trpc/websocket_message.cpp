#include "trpc/websocket_message.h"

#include <utility>

#include "base/json_given.h"
#include "trpc/request.h"

namespace synap::trpc {
namespace {

// It comes back with every answer.
constexpr std::size_t kIdBytesMax = 1024;

std::unexpected<Error> refuse(std::string reason) {
  return fail(Code::kParseError, std::move(reason));
}

bool is_id(const Json* id) {
  return id != nullptr && (id->is_string() || id->is_number());
}

bool is_jsonrpc_2(const Json* version) {
  return version != nullptr && version->is_string() && version->as_string() == "2.0";
}

Result<rpc::Kind> kind_of(const Json* method) {
  if (method != nullptr && method->is_string()) {
    for (const auto kind : {rpc::Kind::kQuery, rpc::Kind::kMutation, rpc::Kind::kSubscription}) {
      if (method->as_string() == rpc::kind_name(kind)) return kind;
    }
  }
  return refuse("Invalid procedure type");
}

Result<ClientMessage> parse_message(Json& value) {
  if (!value.is_object()) return refuse("Not an object");
  ClientMessage message;
  const Json* id = value.find("id");
  if (id == nullptr || !(is_id(id) || id->is_null())) return refuse("Invalid request id");
  message.has_id = !id->is_null();
  message.from.id = id->dump();
  if (message.from.id.size() > kIdBytesMax) return refuse("The request id is too long");
  const Json* version = value.find("jsonrpc");
  if (version != nullptr && !is_jsonrpc_2(version)) return refuse("Must be JSONRPC 2.0");
  message.from.is_jsonrpc = version != nullptr;

  const Json* method = value.find("method");
  if (method != nullptr && method->is_string() && method->as_string() == "subscription.stop") {
    message.is_stop = true;
    return message;
  }
  const auto kind = kind_of(method);
  if (!kind) return fail(kind.error());
  message.kind = *kind;
  Json* params = value.find("params");
  if (params == nullptr || !params->is_object()) return refuse("Not an object");
  Json* path = params->find("path");
  if (path == nullptr || !path->is_string()) return refuse("Invalid string");
  if (path->as_string().size() > rpc::kPathBytesMax) {
    message.refusal = Error{Code::kNotFound, "No procedure has so long a path"};
    return message;
  }
  message.path = std::move(path->as_string());
  const Json* last_event_id = params->find("lastEventId");
  if (last_event_id != nullptr && !last_event_id->is_string()) return refuse("Invalid string");
  if (Json* input = params->find("input")) message.input = std::move(*input);
  if (last_event_id != nullptr) set_last_event_id(message.input, last_event_id->as_string());
  return message;
}

// Those of an array that is too long who can be told: they have an id and wait for an answer.
std::vector<Addressee> addressees(Json::Array& values) {
  std::vector<Addressee> all;
  for (auto& value : values) {
    const Json* id = value.find("id");
    if (is_id(id) && id->dump().size() <= kIdBytesMax &&
        value.string_or("method", "") != "subscription.stop") {
      all.push_back({id->dump(), is_jsonrpc_2(value.find("jsonrpc"))});
    }
  }
  if (all.empty()) all.emplace_back();
  return all;
}

}  // namespace

Result<ClientFrame> parse_client_frame(std::string_view text, std::size_t batch_max) {
  auto json = parse_given_json(text);
  if (!json) return refuse(json.error().message);
  ClientFrame frame;
  if (!json->is_array()) {
    auto message = parse_message(*json);
    if (!message) return fail(message.error());
    frame.messages.push_back(*std::move(message));
    return frame;
  }
  auto& values = json->as_array();
  if (values.size() > batch_max) {
    frame.refused = addressees(values);
    return frame;
  }
  for (auto& value : values) {
    auto message = parse_message(value);
    if (!message) return fail(message.error());
    frame.messages.push_back(*std::move(message));
  }
  return frame;
}

Result<std::optional<Json>> parse_connection_params_message(std::string_view text) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return refuse("Malformed TRPCConnectionParamsMessage");
  return check_connection_params(json->find("data"));
}

}  // namespace synap::trpc

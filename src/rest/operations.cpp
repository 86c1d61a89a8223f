#include "rest/operations.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include "net/http.h"
#include "rest/parameters.h"
#include "rest/problem.h"
#include "rest/request.h"
#include "rpc/origin.h"
#include "schema/export.h"

namespace synap::rest {
namespace {

Json reference(std::string_view place, std::string_view name) {
  return Json::object({{"$ref", fmt::format("#/components/{}/{}", place, name)}});
}

Json content(std::string_view type, Json of_type) {
  return Json::object({{std::string(type), std::move(of_type)}});
}

Json problem_content() {
  return content(kProblemType, Json::object({{"schema", reference("schemas", "Problem")}}));
}

// What any call can come to, whichever procedure it is.
struct CommonProblem {
  Code code;
  std::string_view name;
  std::string_view when;
  bool is_strangers = false;  // comes to nobody where a procedure is public
};
constexpr std::array kCommonProblems = {
    CommonProblem{Code::kBadRequest, "BadRequest", "The input is not as its schema says."},
    CommonProblem{Code::kUnauthorized, "Unauthorized", "There is no valid API key.", true},
    CommonProblem{Code::kForbidden, "Forbidden", "The API key is not for that.", true},
    CommonProblem{Code::kTooManyRequests, "TooManyRequests",
                  "The key asks too often, or too much of it is under way; Retry-After says when "
                  "to come again."},
    CommonProblem{Code::kInternalServerError, "InternalServerError",
                  "A mistake of the pod, not of the caller."},
    CommonProblem{Code::kServiceUnavailable, "ServiceUnavailable",
                  "There is no room just now; Retry-After says when to come again."},
};

Json problem_response_of(Code code, std::string_view description) {
  Json response = Json::object({{"description", description}});
  if (!net::retry_after_seconds(info(code).http_status).empty()) {
    const Json header = Json::object(
        {{"description", "Seconds."}, {"schema", Json::object({{"type", "integer"}})}});
    response.set("headers", Json::object({{"Retry-After", header}}));
  }
  return response.set("content", problem_content());
}

Json examples_of(const rpc::Procedure& procedure, std::string rpc::Example::* part) {
  Json examples = Json::object();
  int number = 0;
  for (const auto& example : procedure.meta.examples) {
    ++number;
    if ((example.*part).empty()) continue;
    auto value = parse_json(example.*part);
    SYNAP_CHECK(value.has_value(), procedure.path + ": an example is no JSON");
    examples.set(fmt::format("example{}", number), Json::object({{"value", *std::move(value)}}));
  }
  return examples;
}

Json json_content(const rpc::Procedure& procedure, const Schema& schema, Side side) {
  Json media = Json::object({{"schema", json_schema_part(schema, side, kSchemaPrefix)}});
  Json examples =
      examples_of(procedure, side == Side::kInput ? &rpc::Example::input : &rpc::Example::output);
  if (!examples.as_object().empty()) media.set("examples", std::move(examples));
  return content("application/json", std::move(media));
}

// OpenAPI 3.1 can say of a stream that it is one, not what its items are.
Json stream_of(const rpc::Procedure& procedure) {
  const Json media = Json::object(
      {{"schema", Json::object({{"type", "string"}})},
       {"x-synap-item", json_schema_part(procedure.output, Side::kOutput, kSchemaPrefix)}});
  return Json::object({{"description",
                        "Server-Sent Events until somebody leaves: each `data` is an item, `id` "
                        "what to resume behind. The event `problem` tells an error, `end` that no "
                        "more will come."},
                       {"content", content("text/event-stream", media)}});
}

void add_success(const rpc::Procedure& procedure, Json& responses) {
  if (procedure.kind == rpc::Kind::kSubscription) {
    responses.set("200", stream_of(procedure));
    return;
  }
  const bool may_be_nothing =
      procedure.output.is_undefined() || procedure.output.kind() == SchemaKind::kOptional;
  if (!procedure.output.is_undefined()) {
    responses.set(
        "200",
        Json::object({{"description", "The answer."},
                      {"content", json_content(procedure, procedure.output, Side::kOutput)}}));
  }
  if (may_be_nothing) {
    responses.set("204", Json::object({{"description", "Done; there is nothing to answer."}}));
  }
}

Json responses_of(const rpc::Procedure& procedure) {
  Json responses = Json::object();
  add_success(procedure, responses);
  // Several failures may have one status.
  std::map<int, std::pair<Code, std::string>> own;
  for (const auto& error : procedure.meta.errors) {
    auto& [code, when] = own[info(error.code).http_status];
    code = error.code;
    when.append(when.empty() ? "" : " ").append(error.when);
  }
  for (const auto& common : kCommonProblems) {
    if (common.is_strangers && procedure.is_public()) continue;
    const int status = info(common.code).http_status;
    if (const auto at = own.find(status); at != own.end()) {
      at->second.second.append(" ").append(common.when);
    } else {
      responses.set(std::to_string(status), reference("responses", common.name));
    }
  }
  for (const auto& [status, said] : own) {
    responses.set(std::to_string(status), problem_response_of(said.first, said.second));
  }
  return responses.set("default", reference("responses", "Problem"));
}

Json parameters_in_query(const rpc::Procedure& procedure) {
  Json parameters = Json::array();
  for (const auto& parameter : parameters_of(procedure.input)) {
    const auto& field = *parameter.field;
    Json schema = json_schema_part(Schema(parameter.schema), Side::kInput, kSchemaPrefix);
    if (field.presence == SchemaField::Presence::kDefaulted) {
      schema.set("default", field.default_value);
    }
    Json out = Json::object({{"name", field.name}, {"in", "query"}});
    if (!field.docs.empty()) out.set("description", field.docs);
    out.set("required", field.presence == SchemaField::Presence::kRequired);
    parameters.push_back(out.set("schema", std::move(schema)));
  }
  return parameters;
}

std::string description_of(const rpc::Procedure& procedure) {
  std::string text = procedure.meta.docs;
  const auto add = [&](std::string_view sentence) {
    if (!sentence.empty()) text.append(text.empty() ? "" : "\n\n").append(sentence);
  };
  add(procedure.meta.deprecated);
  if (procedure.meta.access == rpc::Access::kOwner) add("For owners of the pod.");
  return text;
}

Json operation(const rpc::Procedure& procedure, std::string id) {
  const auto& meta = procedure.meta;
  Json out =
      Json::object({{"operationId", std::move(id)}, {"tags", Json::Array{group_of(procedure)}}});
  if (!meta.summary.empty()) out.set("summary", meta.summary);
  if (auto text = description_of(procedure); !text.empty()) out.set("description", std::move(text));
  if (!meta.deprecated.empty()) out.set("deprecated", true);
  if (procedure.is_public()) out.set("security", Json::array());
  out.set("x-synap-kind", rpc::kind_name(procedure.kind));
  out.set("x-synap-effects", rpc::effects_name(meta.effects));
  out.set("x-synap-access", rpc::access_name(meta.access));
  if (!meta.appends.empty()) {
    Json types = Json::array();
    for (const auto& type : meta.appends) types.push_back(type);
    out.set("x-synap-appends", std::move(types));
  }
  if (!procedure.is_public() && !meta.has_scope_of_input) {
    out.set("x-synap-scope", rpc::scope_of(procedure));
  }
  if (meta.may_be_proposed) out.set("x-synap-proposing-scope", rpc::proposing_scope_of(procedure));
  return out;
}

Json by_get(const rpc::Procedure& procedure) {
  Json out = operation(procedure, procedure.path);
  Json parameters = parameters_in_query(procedure);
  if (procedure.is_tracked) parameters.push_back(reference("parameters", "LastEventId"));
  if (!parameters.as_array().empty()) out.set("parameters", std::move(parameters));
  return out.set("responses", responses_of(procedure));
}

Json by_post(const rpc::Procedure& procedure) {
  // The id of an operation is its own.
  Json out = operation(procedure, takes_get(procedure) ? procedure.path + ".post" : procedure.path);
  Json parameters = Json::array();
  if (procedure.meta.keeps_idempotency_keys) {
    parameters.push_back(reference("parameters", "IdempotencyKey"));
  }
  const bool has_cause =
      procedure.kind == rpc::Kind::kMutation || procedure.meta.effects == rpc::Effects::kAppends;
  if (has_cause && !procedure.is_public()) {
    parameters.push_back(reference("parameters", "CausedBy"));
    parameters.push_back(reference("parameters", "Reason"));
  }
  if (!parameters.as_array().empty()) out.set("parameters", std::move(parameters));
  if (rpc::takes_input(procedure)) {
    out.set("requestBody",
            Json::object({{"required", procedure.input.kind() != SchemaKind::kOptional},
                          {"content", json_content(procedure, procedure.input, Side::kInput)}}));
  }
  return out.set("responses", responses_of(procedure));
}

}  // namespace

std::string group_of(const rpc::Procedure& procedure) {
  const auto dot = procedure.path.find('.');
  return dot == std::string::npos ? "pod" : procedure.path.substr(0, dot);
}

Json path_item(const rpc::Procedure& procedure) {
  Json item = Json::object();
  if (takes_get(procedure)) item.set("get", by_get(procedure));
  if (takes_post(procedure)) item.set("post", by_post(procedure));
  return item;
}

Json shared_responses() {
  Json responses = Json::object();
  for (const auto& common : kCommonProblems) {
    responses.set(common.name, problem_response_of(common.code, common.when));
  }
  return responses.set("Problem",
                       Json::object({{"description",
                                      "Anything else that went wrong: the request was no "
                                      "request, too large, too slow."},
                                     {"content", problem_content()}}));
}

Json shared_parameters() {
  const Json key =
      Json::object({{"type", "string"},
                    {"minLength", 1},
                    {"maxLength", static_cast<std::int64_t>(rpc::kIdempotencyKeyCharactersMax)}});
  return Json::object(
      {{"IdempotencyKey",
        Json::object({{"name", "Idempotency-Key"},
                      {"in", "header"},
                      {"description",
                       "The caller's name for this one call: a repeat with it is answered as the "
                       "first was, and does nothing."},
                      {"schema", key}})},
       {"CausedBy",
        Json::object({{"name", "Synap-Caused-By"},
                      {"in", "header"},
                      {"description",
                       "The id of the event of yours because of which the call is made: what it "
                       "appends has it as its causationId, and shares its correlationId."},
                      {"schema", Json::object({{"type", "string"}, {"format", "uuid"}})}})},
       {"Reason",
        Json::object({{"name", "Synap-Reason"},
                      {"in", "header"},
                      {"description",
                       "Why the change is wanted, as UTF-8 that is percent-encoded: kept with what "
                       "the call appends, or with the proposal, where the key may only propose. "
                       "2,000 characters at most."},
                      {"schema", Json::object({{"type", "string"},
                                               {"pattern", "^([^%]|%[0-9A-Fa-f]{2})*$"}})}})},
       {"LastEventId",
        Json::object({{"name", "Last-Event-ID"},
                      {"in", "header"},
                      {"description", "The id of the last item seen: what follows is sent."},
                      {"schema", Json::object({{"type", "string"}})}})}});
}

}  // namespace synap::rest

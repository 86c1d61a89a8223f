// The wire of OpenAI's Responses.
//
//   event: response.output_text.delta
//   data: {"type":"response.output_text.delta","output_index":0,"delta":"Hel"}
//   event: response.completed
//   data: {"type":"response.completed","response":{"usage":{"input_tokens":9,...}}}
//
// Source: platform.openai.com/docs/api-reference/responses-streaming.
#include "models/decoder.h"
#include "models/wire.h"

namespace synap::models {
namespace {

Json content_of(const Message& message) {
  const bool is_own = message.role == "assistant";
  Json content = Json::array();
  for (const auto& part : parts_of(message)) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      content.push_back(
          Json::object({{"type", is_own ? "output_text" : "input_text"}, {"text", text->text}}));
    } else {
      content.push_back(Json::object(
          {{"type", "input_image"}, {"image_url", url_of(std::get<ImagePart>(part))}}));
    }
  }
  return content;
}

void add_message(Json& input, const Message& message) {
  if (message.role == "tool") {
    input.push_back(Json::object({{"type", "function_call_output"},
                                  {"call_id", message.tool_call_id.value_or("")},
                                  {"output", message.text.value_or("")}}));
    return;
  }
  if (message.text || !message.parts.empty()) {
    input.push_back(Json::object({{"role", message.role}, {"content", content_of(message)}}));
  }
  for (const auto& call : message.tool_calls) {
    input.push_back(Json::object({{"type", "function_call"},
                                  {"call_id", call.id},
                                  {"name", call.name},
                                  {"arguments", call.arguments}}));
  }
}

Json tool_of(const Tool& tool) {
  return Json::object({{"type", "function"},
                       {"name", tool.name},
                       {"description", tool.description},
                       {"parameters", tool.parameters},
                       {"strict", false}});
}

Json choice_of(const std::string& choice) {
  if (choice == "auto" || choice == "none" || choice == "required") return choice;
  return Json::object({{"type", "function"}, {"name", choice}});
}

class ResponsesDecoder final : public Decoder {
 protected:
  Result<> read_event(const std::string& event, const Json& json) override {
    const auto type = json.string_or("type", event);
    const auto index = count_of(&json, "output_index");
    if (type == "response.output_text.delta") {
      add_text(text_at(json, "delta"));
    } else if (type == "response.refusal.delta") {
      add_text(text_at(json, "delta"));
      has_refused_ = true;
    } else if (type == "response.output_item.added") {
      if (const auto* item = json.find("item")) begin_item(index, *item);
    } else if (type == "response.function_call_arguments.delta") {
      add_arguments(index, text_at(json, "delta"));
    } else if (type == "response.completed" || type == "response.incomplete") {
      if (const auto* response = json.find("response")) end(*response);
    } else if (type == "response.failed" || type == "error") {
      const auto* response = json.find("response");
      if (response != nullptr) note(*response);
      complain(complaint_of(response != nullptr ? *response : json));
    } else if (type == "response.created") {
      if (const auto* response = json.find("response")) note(*response);
    }
    return {};
  }

 private:
  void begin_item(std::int64_t index, const Json& item) {
    if (text_at(item, "type") != "function_call") return;
    has_calls_ = true;
    begin_call(index, text_at(item, "call_id"), text_at(item, "name"));
    add_arguments(index, text_at(item, "arguments"));
  }

  void note(const Json& response) {
    if (const auto model = text_at(response, "model"); !model.empty()) set_answered_by(model);
    const auto* usage = response.find("usage");
    if (usage == nullptr || !usage->is_object()) return;
    set_usage({.input = count_of(usage, "input_tokens"),
               .output = count_of(usage, "output_tokens"),
               .cached = count_of(usage->find("input_tokens_details"), "cached_tokens")});
  }

  void end(const Json& response) {
    note(response);
    const auto* why = response.find("incomplete_details");
    const auto reason = why != nullptr ? text_at(*why, "reason") : std::string_view();
    complete(has_refused_ || reason == "content_filter" ? "filtered"
             : reason == "max_output_tokens"            ? "length"
             : !reason.empty()                          ? "other"
             : has_calls_                               ? "tools"
                                                        : "stop");
    set_over();
  }

  bool has_calls_ = false;
  bool has_refused_ = false;
};

}  // namespace

Result<Json> responses_body(const Provider& provider, const Ask& ask) {
  if (!ask.stop.empty()) {
    return fail(Code::kUnprocessableContent,
                "stop: the wire \"responses\" has no texts at which an answer ends");
  }
  Json input = Json::array();
  for (const auto& message : ask.messages) add_message(input, message);
  Json body = Json::object({{"model", provider.model},
                            {"input", std::move(input)},
                            {"stream", true},
                            {"store", false},
                            {"max_output_tokens", tokens_max_of(provider, ask)}});
  if (ask.temperature) body.set("temperature", *ask.temperature);
  if (!ask.tools.empty()) {
    Json tools = Json::array();
    for (const auto& tool : ask.tools) tools.push_back(tool_of(tool));
    body.set("tools", std::move(tools));
    if (ask.tool_choice) body.set("tool_choice", choice_of(*ask.tool_choice));
  }
  if (ask.output_schema) {
    body.set("text",
             Json::object({{"format", Json::object({{"type", "json_schema"},
                                                    {"name", "answer"},
                                                    {"schema", *ask.output_schema},
                                                    {"strict", is_strict(*ask.output_schema)}})}}));
  }
  return body;
}

std::unique_ptr<Decoder> make_responses_decoder() {
  return std::make_unique<ResponsesDecoder>();
}

}  // namespace synap::models

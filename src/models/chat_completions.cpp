// The wire of OpenAI's Chat Completions, which most others speak too: Gemini, Ollama, llama.cpp,
// vLLM, LiteLLM.
//
//   data: {"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}
//   data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}
//   data: [DONE]
//
// Source: platform.openai.com/docs/api-reference/chat-streaming.
#include <fmt/format.h>

#include "models/decoder.h"
#include "models/wire.h"

namespace synap::models {
namespace {

Json content_of(const Message& message) {
  if (message.parts.empty()) return message.text.value_or("");
  Json content = Json::array();
  for (const auto& part : parts_of(message)) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      content.push_back(Json::object({{"type", "text"}, {"text", text->text}}));
    } else {
      const auto& image = std::get<ImagePart>(part);
      content.push_back(Json::object(
          {{"type", "image_url"}, {"image_url", Json::object({{"url", url_of(image)}})}}));
    }
  }
  return content;
}

Json message_of(const Message& message) {
  Json json = Json::object({{"role", message.role}, {"content", content_of(message)}});
  if (message.tool_call_id) json.set("tool_call_id", *message.tool_call_id);
  if (message.tool_calls.empty()) return json;
  if (!message.text) json.set("content", nullptr);
  Json calls = Json::array();
  for (const auto& call : message.tool_calls) {
    calls.push_back(Json::object(
        {{"id", call.id},
         {"type", "function"},
         {"function", Json::object({{"name", call.name}, {"arguments", call.arguments}})}}));
  }
  json.set("tool_calls", std::move(calls));
  return json;
}

// Templates of some local models take one message of the system, and that as the first alone.
Json messages_of(const Ask& ask) {
  Json messages = Json::array();
  const Message* before = nullptr;
  for (const auto& message : ask.messages) {
    if (before != nullptr && before->role == "system" && message.role == "system") {
      auto& last = messages.as_array().back();
      last.set("content",
               fmt::format("{}\n{}", last.string_or("content", ""), message.text.value_or("")));
    } else {
      messages.push_back(message_of(message));
    }
    before = &message;
  }
  return messages;
}

Json tool_of(const Tool& tool) {
  return Json::object({{"type", "function"},
                       {"function", Json::object({{"name", tool.name},
                                                  {"description", tool.description},
                                                  {"parameters", tool.parameters}})}});
}

Json choice_of(const std::string& choice) {
  if (choice == "auto" || choice == "none" || choice == "required") return choice;
  return Json::object({{"type", "function"}, {"function", Json::object({{"name", choice}})}});
}

std::string_view finish_of(std::string_view reason) {
  if (reason == "stop") return "stop";
  if (reason == "length") return "length";
  if (reason == "tool_calls" || reason == "function_call") return "tools";
  if (reason == "content_filter") return "filtered";
  return "other";
}

class ChatDecoder final : public Decoder {
 protected:
  Result<> read_event(const std::string&, const Json& json) override {
    if (json.find("error") != nullptr && !json.find("error")->is_null()) {
      complain(complaint_of(json));
      return {};
    }
    if (const auto model = text_at(json, "model"); !model.empty()) set_answered_by(model);
    if (const auto* usage = json.find("usage"); usage != nullptr && usage->is_object()) {
      set_usage({.input = count_of(usage, "prompt_tokens"),
                 .output = count_of(usage, "completion_tokens"),
                 .cached = count_of(usage->find("prompt_tokens_details"), "cached_tokens")});
    }
    const auto* choices = json.find("choices");
    if (choices == nullptr || !choices->is_array()) return {};
    for (const auto& choice : choices->as_array()) {
      // Only one was asked for.
      if (count_of(&choice, "index") == 0) read_choice(choice);
    }
    return {};
  }

 private:
  void read_choice(const Json& choice) {
    if (const auto* delta = choice.find("delta"); delta != nullptr) {
      add_text(text_at(*delta, "content"));
      if (const auto refusal = text_at(*delta, "refusal"); !refusal.empty()) {
        add_text(refusal);
        has_refused_ = true;
      }
      if (const auto* calls = delta->find("tool_calls"); calls != nullptr && calls->is_array()) {
        for (const auto& call : calls->as_array()) read_call(call);
      }
    }
    const auto reason = text_at(choice, "finish_reason");
    if (reason.empty()) return;
    const auto finish = finish_of(reason);
    // Some servers say "stop" whatever the model wants.
    const bool wants_tools = last_call_ >= 0 && finish == "stop";
    complete(has_refused_ ? "filtered" : wants_tools ? "tools" : finish);
  }

  void read_call(const Json& call) {
    const auto id = text_at(call, "id");
    const auto* index = call.find("index");
    const auto* function = call.find("function");
    const auto name = function != nullptr ? text_at(*function, "name") : std::string_view();
    const bool is_other = !id.empty() && id != last_id_;
    std::int64_t key = last_call_;
    if (index != nullptr && index->is_integer()) {
      key = index->as_integer();
      // Whole calls that all have the same index are calls of their own.
      if (key == last_index_ && is_other && !last_id_.empty()) {
        key = ++made_up_;
      } else if (key == last_index_) {
        key = last_call_;
      }
      last_index_ = index->as_integer();
    } else if (is_other || last_call_ < 0) {
      key = ++made_up_;
    }
    if (!id.empty()) last_id_ = id;
    last_call_ = key;
    begin_call(key, id, name);
    if (function != nullptr) add_arguments(key, text_at(*function, "arguments"));
  }

  // Keys of calls that the server does not tell apart; beyond every index.
  std::int64_t made_up_ = std::int64_t{1} << 40;
  std::int64_t last_call_ = -1;
  std::int64_t last_index_ = -1;
  std::string last_id_;
  bool has_refused_ = false;
};

}  // namespace

Result<Json> chat_body(const Provider& provider, const Ask& ask) {
  Json body = Json::object({{"model", provider.model},
                            {"messages", messages_of(ask)},
                            {"stream", true},
                            {"stream_options", Json::object({{"include_usage", true}})},
                            {provider.tokens_field, tokens_max_of(provider, ask)}});
  if (ask.temperature) body.set("temperature", *ask.temperature);
  if (!ask.stop.empty()) {
    Json stop = Json::array();
    for (const auto& text : ask.stop) stop.push_back(text);
    body.set("stop", std::move(stop));
  }
  if (!ask.tools.empty()) {
    Json tools = Json::array();
    for (const auto& tool : ask.tools) tools.push_back(tool_of(tool));
    body.set("tools", std::move(tools));
    if (ask.tool_choice) body.set("tool_choice", choice_of(*ask.tool_choice));
  }
  if (ask.output_schema) {
    body.set(
        "response_format",
        Json::object({{"type", "json_schema"},
                      {"json_schema", Json::object({{"name", "answer"},
                                                    {"schema", *ask.output_schema},
                                                    {"strict", is_strict(*ask.output_schema)}})}}));
  }
  return body;
}

std::unique_ptr<Decoder> make_chat_decoder() {
  return std::make_unique<ChatDecoder>();
}

}  // namespace synap::models

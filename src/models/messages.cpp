// The wire of Anthropic's Messages, which Ollama speaks too.
//
//   event: content_block_delta
//   data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}
//   event: message_delta
//   data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}
//
// It has no structured output that all who speak it know, so the model is made to call a tool whose
// arguments are the answer (kAnswerTool); they are handed on as the text.
//
// Source: docs.anthropic.com/en/api/messages-streaming.
#include <algorithm>

#include "models/decoder.h"
#include "models/wire.h"

namespace synap::models {
namespace {

Json image_of(const ImagePart& image) {
  Json source = image.url ? Json::object({{"type", "url"}, {"url", *image.url}})
                          : Json::object({{"type", "base64"},
                                          {"media_type", image.media_type.value_or("")},
                                          {"data", image.data.value_or("")}});
  return Json::object({{"type", "image"}, {"source", std::move(source)}});
}

Json kept() {
  return Json::object({{"type", "ephemeral"}});
}

// Arguments that are no object cannot be said; the model is told that they were none.
Json input_of(const ToolCall& call) {
  ToolCall read = call;
  read_arguments(read);
  if (read.input) return std::move(*read.input);
  return Json::object({{"unreadable_arguments", call.arguments}});
}

void add_blocks(Json& blocks, const Message& message) {
  const auto first = blocks.as_array().size();
  if (message.role == "tool") {
    blocks.push_back(Json::object({{"type", "tool_result"},
                                   {"tool_use_id", message.tool_call_id.value_or("")},
                                   {"content", message.text.value_or("")}}));
  } else {
    for (const auto& part : parts_of(message)) {
      if (const auto* text = std::get_if<TextPart>(&part)) {
        // An empty block is refused.
        if (text->text.empty()) continue;
        blocks.push_back(Json::object({{"type", "text"}, {"text", text->text}}));
      } else {
        blocks.push_back(image_of(std::get<ImagePart>(part)));
      }
    }
  }
  for (const auto& call : message.tool_calls) {
    blocks.push_back(Json::object(
        {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", input_of(call)}}));
  }
  if (message.is_cached && blocks.as_array().size() > first) {
    blocks.as_array().back().set("cache_control", kept());
  }
}

Json tool_of(const Tool& tool) {
  return Json::object(
      {{"name", tool.name}, {"description", tool.description}, {"input_schema", tool.parameters}});
}

Json choice_of(const std::string& choice) {
  if (choice == "auto" || choice == "none") return Json::object({{"type", choice}});
  if (choice == "required") return Json::object({{"type", "any"}});
  return Json::object({{"type", "tool"}, {"name", choice}});
}

// Tools stand before all messages, and are the same where the instructions behind them are not: so
// they are kept for themselves where instructions are.
bool keeps_tools(const Ask& ask) {
  const auto& first = ask.messages.front();
  return first.role == "system" && first.is_cached &&
         std::ranges::count_if(ask.messages, &Message::is_cached) < kCachedMax;
}

void add_tools(Json& body, const Ask& ask) {
  if (ask.tools.empty() && !ask.output_schema) return;
  Json tools = Json::array();
  for (const auto& tool : ask.tools) tools.push_back(tool_of(tool));
  if (ask.output_schema) {
    tools.push_back(tool_of({.name = std::string(kAnswerTool),
                             .description = "Gives the answer. It is called once, at the end.",
                             .parameters = *ask.output_schema}));
    const bool is_only = ask.tools.empty() || ask.tool_choice == "none";
    body.set("tool_choice", choice_of(is_only ? std::string(kAnswerTool) : "required"));
  } else if (ask.tool_choice) {
    body.set("tool_choice", choice_of(*ask.tool_choice));
  }
  if (keeps_tools(ask)) tools.as_array().back().set("cache_control", kept());
  body.set("tools", std::move(tools));
}

class MessagesDecoder final : public Decoder {
 protected:
  Result<> read_event(const std::string& event, const Json& json) override {
    const auto type = json.string_or("type", event);
    const auto index = count_of(&json, "index");
    if (type == "content_block_delta") {
      if (const auto* delta = json.find("delta")) read_delta(index, *delta);
    } else if (type == "content_block_start") {
      if (const auto* block = json.find("content_block")) begin_block(index, *block);
    } else if (type == "message_start") {
      if (const auto* message = json.find("message")) begin(*message);
    } else if (type == "message_delta") {
      end(json);
    } else if (type == "message_stop") {
      set_over();
    } else if (type == "error") {
      complain(complaint_of(json));
    }
    return {};
  }

 private:
  void begin(const Json& message) {
    if (const auto model = text_at(message, "model"); !model.empty()) set_answered_by(model);
    if (const auto* tokens = message.find("usage")) {
      const auto cached = count_of(tokens, "cache_read_input_tokens");
      const auto written = count_of(tokens, "cache_creation_input_tokens");
      counted().input = count_of(tokens, "input_tokens") + cached + written;
      counted().cached = cached;
      counted().cache_written = written;
    }
  }

  void begin_block(std::int64_t index, const Json& block) {
    const auto type = text_at(block, "type");
    if (type == "text") {
      add_text(text_at(block, "text"));
    } else if (type == "tool_use" && text_at(block, "name") == kAnswerTool) {
      answer_ = index;
    } else if (type == "tool_use") {
      has_calls_ = true;
      begin_call(index, text_at(block, "id"), text_at(block, "name"));
      const auto* input = block.find("input");
      // Whole at once, where no pieces follow.
      if (input != nullptr && input->is_object() && !input->as_object().empty()) {
        add_arguments(index, input->dump());
      }
    }
  }

  void read_delta(std::int64_t index, const Json& delta) {
    const auto type = text_at(delta, "type");
    if (type == "text_delta") {
      add_text(text_at(delta, "text"));
    } else if (type == "input_json_delta" && index == answer_) {
      add_text(text_at(delta, "partial_json"));
    } else if (type == "input_json_delta") {
      add_arguments(index, text_at(delta, "partial_json"));
    }
  }

  void end(const Json& json) {
    if (const auto* tokens = json.find("usage"); tokens != nullptr && tokens->is_object()) {
      counted().output = count_of(tokens, "output_tokens");
      if (usage().input == 0) counted().input = count_of(tokens, "input_tokens");
      counted().is_estimated = false;
    }
    const auto* delta = json.find("delta");
    const auto reason = delta != nullptr ? text_at(*delta, "stop_reason") : std::string_view();
    if (reason.empty()) return;
    const bool is_stop = reason == "end_turn" || reason == "stop_sequence";
    complete(reason == "tool_use"     ? (has_calls_ ? "tools" : "stop")
             : is_stop                ? "stop"
             : reason == "max_tokens" ? "length"
             : reason == "refusal"    ? "filtered"
                                      : "other");
  }

  std::int64_t answer_ = -1;  // the block of kAnswerTool
  bool has_calls_ = false;
};

}  // namespace

// Messages of one role that follow each other are one: answers of tools belong into one of the
// user.
Result<Json> messages_body(const Provider& provider, const Ask& ask) {
  Json system = Json::array();
  Json messages = Json::array();
  for (const auto& message : ask.messages) {
    if (message.role == "system") {
      add_blocks(system, message);
      continue;
    }
    const std::string_view role = message.role == "assistant" ? "assistant" : "user";
    auto& all = messages.as_array();
    if (all.empty() || text_at(all.back(), "role") != role) {
      messages.push_back(Json::object({{"role", role}, {"content", Json::array()}}));
    }
    add_blocks(*messages.as_array().back().find("content"), message);
  }
  Json body = Json::object({{"model", provider.model},
                            {"messages", std::move(messages)},
                            {"stream", true},
                            {"max_tokens", tokens_max_of(provider, ask)}});
  if (!system.as_array().empty()) body.set("system", std::move(system));
  if (ask.temperature) body.set("temperature", *ask.temperature);
  if (!ask.stop.empty()) {
    Json stop = Json::array();
    for (const auto& text : ask.stop) stop.push_back(text);
    body.set("stop_sequences", std::move(stop));
  }
  add_tools(body, ask);
  return body;
}

std::unique_ptr<Decoder> make_messages_decoder() {
  return std::make_unique<MessagesDecoder>();
}

}  // namespace synap::models

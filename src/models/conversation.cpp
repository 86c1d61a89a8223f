#include "models/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schema/json_validator.h"

namespace synap::models {
namespace {

constexpr const char* kUnfit = "MODEL_OUTPUT_UNFIT";

constexpr std::size_t kMessagesMax = 1'000;
constexpr std::size_t kTextMax = 4 * 1024 * 1024;
constexpr std::size_t kToolsMax = 128;
constexpr std::size_t kToolNameMax = 64;  // what all providers take
constexpr std::size_t kStopsMax = 4;
constexpr std::int64_t kTokensMax = 1'000'000;
// A picture costs about so many tokens with those who say it.
constexpr std::int64_t kImageTokens = 1'500;

bool is_tool_name(std::string_view text) {
  return !text.empty() && text.size() <= kToolNameMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

StringSchema tool_name_schema() {
  return string().pattern("^[a-zA-Z0-9_-]{1,64}$", is_tool_name,
                          "1 to 64 letters, digits, _ and -, as create_note");
}

Error wrong(std::string message) {
  return {Code::kBadRequest, std::move(message)};
}

Result<> check_image(const ImagePart& image, std::size_t at) {
  const bool has_data = image.data.has_value();
  if (has_data == image.url.has_value()) {
    return fail(wrong(fmt::format("messages[{}]: an image has either data or a url", at)));
  }
  if (has_data && !image.media_type) {
    return fail(wrong(fmt::format("messages[{}]: an image with data needs its mediaType", at)));
  }
  if (image.url && !image.url->starts_with("https://")) {
    return fail(wrong(fmt::format("messages[{}]: the url of an image begins with https://", at)));
  }
  return {};
}

Result<> check_message(const Message& message, std::size_t at, std::set<std::string>& called) {
  const auto say = [at](std::string_view what) {
    return fail(wrong(fmt::format("messages[{}]: {}", at, what)));
  };
  if (!message.tool_calls.empty() && message.role != "assistant") {
    return say("only an assistant's message has toolCalls");
  }
  if (message.tool_call_id.has_value() != (message.role == "tool")) {
    return say("toolCallId is of a message of role tool, and of no other");
  }
  if (message.tool_call_id && !called.contains(*message.tool_call_id)) {
    return say("no toolCall before it has this toolCallId");
  }
  if (!message.parts.empty() && message.role != "user") return say("only a user's has parts");
  if (!message.text && message.parts.empty() && message.tool_calls.empty()) {
    return say("it says nothing: it needs text, parts or toolCalls");
  }
  for (const auto& part : message.parts) {
    const auto* image = std::get_if<ImagePart>(&part);
    if (image == nullptr) continue;
    if (auto checked = check_image(*image, at); !checked) return checked;
  }
  for (const auto& call : message.tool_calls) called.insert(call.id);
  return {};
}

}  // namespace

const ObjectSchema<TextPart>& describe(Type<TextPart>) {
  static const auto schema = object<TextPart>("ModelTextPart")
                                 .tag("type", "text")
                                 .field("text", &TextPart::text, string().max(kTextMax));
  return schema;
}

const ObjectSchema<ImagePart>& describe(Type<ImagePart>) {
  static const auto schema =
      object<ImagePart>("ModelImagePart")
          .tag("type", "image")
          .field("mediaType", &ImagePart::media_type,
                 one_of({"image/png", "image/jpeg", "image/gif", "image/webp"}), "Of data.")
          .field("data", &ImagePart::data, string().min(1), "Its bytes, in base64.")
          .field("url", &ImagePart::url, string().min(1).max(2'000),
                 "Instead of data: where the provider fetches it.");
  return schema;
}

const PlainSchema& describe(Type<Part>) {
  static const auto schema =
      discriminated_union("type", {schema_of<TextPart>(), schema_of<ImagePart>()});
  return schema;
}

const ObjectSchema<ToolCall>& describe(Type<ToolCall>) {
  static const auto schema =
      object<ToolCall>("ModelToolCall")
          .field("id", &ToolCall::id, string().min(1).max(256))
          .field("name", &ToolCall::name, string().min(1).max(256))
          .field_or("arguments", &ToolCall::arguments, string().max(kTextMax), "",
                    "As the model wrote them.")
          .field("input", &ToolCall::input, any(),
                 "The arguments as the object that they are; absent if they are none.")
          .field("error", &ToolCall::error, string(), "Why the arguments are no object.");
  return schema;
}

const ObjectSchema<Message>& describe(Type<Message>) {
  static const auto schema =
      object<Message>("ModelMessage")
          .field("role", &Message::role, one_of({"system", "user", "assistant", "tool"}))
          .field("text", &Message::text, string().max(kTextMax))
          .field_or("parts", &Message::parts, array(schema_of<Part>()).max(100), {},
                    "Of a user: further texts and images, behind text.")
          .field_or("toolCalls", &Message::tool_calls, array(schema_of<ToolCall>()).max(kToolsMax),
                    {}, "Of an assistant: as an earlier answer had them.")
          .field("toolCallId", &Message::tool_call_id, string().min(1).max(256),
                 "Of a tool: the id of the call that text answers.")
          .field_or("cache", &Message::is_cached, boolean(), false,
                    "All up to here will come again: a provider that keeps prompts shall keep it. "
                    "4 messages at most.");
  return schema;
}

const ObjectSchema<Tool>& describe(Type<Tool>) {
  static const auto schema =
      object<Tool>("ModelTool")
          .field("name", &Tool::name, tool_name_schema())
          .field_or("description", &Tool::description, string().max(16'000), "",
                    "What it does, and when it is to be called.")
          .field("parameters", &Tool::parameters, record(any()), "JSON Schema of its arguments.");
  return schema;
}

const ObjectSchema<Ask>& describe(Type<Ask>) {
  static const auto schema =
      object<Ask>("ModelAsk")
          .field("messages", &Ask::messages, array(schema_of<Message>()).min(1).max(kMessagesMax))
          .field_or("tools", &Ask::tools, array(schema_of<Tool>()).max(kToolsMax), {})
          .field("toolChoice", &Ask::tool_choice, tool_name_schema(),
                 "auto, none, required, or the name of the tool that must be called.")
          .field("outputSchema", &Ask::output_schema, record(any()),
                 "JSON Schema: the answer is JSON that fits it, or an error.")
          .field("tokensMax", &Ask::tokens_max, integer().min(1).max(kTokensMax),
                 "Of the answer. Absent: what the settings say.")
          .field("temperature", &Ask::temperature, number().min(0).max(2))
          .field_or("stop", &Ask::stop, array(string().min(1).max(200)).max(kStopsMax), {},
                    "Texts at which the answer ends.");
  return schema;
}

const ObjectSchema<Usage>& describe(Type<Usage>) {
  static const auto schema =
      object<Usage>("ModelUsage")
          .field("input", &Usage::input, integer(), "Tokens of what was asked.")
          .field("output", &Usage::output, integer(), "Tokens of the answer.")
          .field("cached", &Usage::cached, integer(), "Of input: what the provider had kept.")
          .field_or("cacheWritten", &Usage::cache_written, integer(), 0,
                    "Of input: what the provider has begun to keep.")
          .field("estimated", &Usage::is_estimated, boolean(),
                 "True: the provider did not say it.");
  return schema;
}

const ObjectSchema<Answer>& describe(Type<Answer>) {
  static const auto schema =
      object<Answer>("ModelAnswer")
          .field("callId", &Answer::call_id, string().uuid(), "Of the event model.called.")
          .field("text", &Answer::text)
          .field("toolCalls", &Answer::tool_calls, array(schema_of<ToolCall>()))
          .field("output", &Answer::output, any(), "With an outputSchema: the answer as JSON.")
          .field("finish", &Answer::finish,
                 one_of({"stop", "length", "tools", "filtered", "other"}),
                 "length: tokensMax was reached; tools: it waits for the answers of tools.")
          .field("usage", &Answer::usage, schema_of<Usage>())
          .field("cost", &Answer::cost, number(), "By the prices of the settings.")
          .field("provider", &Answer::provider)
          .field("model", &Answer::model)
          .field("answeredBy", &Answer::answered_by, string(),
                 "The model as the provider names it.")
          .field("ms", &Answer::ms, integer());
  return schema;
}

Result<> check(const Ask& ask) {
  std::set<std::string> called;
  int cached = 0;
  for (std::size_t at = 0; at < ask.messages.size(); ++at) {
    if (auto checked = check_message(ask.messages[at], at, called); !checked) return checked;
    cached += ask.messages[at].is_cached ? 1 : 0;
  }
  if (cached > kCachedMax) {
    return fail(wrong(fmt::format("messages: {} have cache, and {} may", cached, kCachedMax)));
  }
  if (std::ranges::all_of(ask.messages, [](const auto& m) { return m.role == "system"; })) {
    return fail(wrong("messages: there is nothing to answer, but for instructions of role system"));
  }
  std::set<std::string> names;
  for (const auto& tool : ask.tools) {
    if (!names.insert(tool.name).second) {
      return fail(wrong(fmt::format("tools: {} is there twice", tool.name)));
    }
  }
  const auto& choice = ask.tool_choice;
  if (choice && *choice != "auto" && *choice != "none") {
    if (ask.tools.empty()) return fail(wrong("toolChoice: there are no tools"));
    if (*choice != "required" && !names.contains(*choice)) {
      return fail(wrong(fmt::format("toolChoice: there is no tool {}", *choice)));
    }
  }
  if (ask.output_schema) {
    auto compiled = JsonValidator::compile(*ask.output_schema, "outputSchema");
    if (!compiled) return fail(compiled.error());
  }
  return {};
}

bool is_unfit(const Error& error) {
  return error.details != nullptr && error.details->string_or("reason", "") == kUnfit;
}

Result<Json> checked_output(const Json& schema, const std::string& text) {
  auto compiled = JsonValidator::compile(schema, "outputSchema");
  if (!compiled) return fail(compiled.error());
  const auto details = [](const Json* issues) {
    Json json = Json::object({{"reason", kUnfit}});
    if (issues != nullptr) json.set("issues", *issues);
    return std::make_shared<const Json>(std::move(json));
  };
  auto output = parse_json(text);
  if (!output) {
    return fail(Error{Code::kBadGateway,
                      fmt::format("The model's answer is no JSON, though it was asked for it: {}",
                                  output.error().message),
                      details(nullptr)});
  }
  if (auto fits = compiled->validate(*output, "output"); !fits) {
    const auto& error = fits.error();
    const Json* issues = error.details != nullptr ? error.details->find("issues") : nullptr;
    return fail(Error{Code::kBadGateway,
                      "The model's answer does not fit outputSchema: " + error.message,
                      details(issues)});
  }
  return output;
}

void read_arguments(ToolCall& call) {
  call.input.reset();
  call.error.reset();
  // A tool without parameters is often called with nothing at all.
  auto read = parse_json(call.arguments.empty() ? "{}" : std::string_view(call.arguments));
  if (!read) {
    call.error = fmt::format("The arguments are no JSON: {}", read.error().message);
  } else if (!read->is_object()) {
    call.error = "The arguments are JSON, but no object";
  } else {
    call.input = std::move(*read);
  }
}

std::int64_t estimated_tokens(std::size_t bytes) {
  return static_cast<std::int64_t>((bytes + 3) / 4);
}

std::int64_t estimated_tokens(const Ask& ask) {
  std::size_t bytes = 0;
  std::int64_t images = 0;
  for (const auto& message : ask.messages) {
    bytes += 16 + message.text.value_or("").size();  // and the marks around it
    for (const auto& call : message.tool_calls) bytes += call.name.size() + call.arguments.size();
    for (const auto& part : message.parts) {
      const auto* text = std::get_if<TextPart>(&part);
      bytes += text != nullptr ? text->text.size() : 0;
      images += text != nullptr ? 0 : 1;
    }
  }
  for (const auto& tool : ask.tools) {
    bytes += tool.name.size() + tool.description.size() + json_bytes(tool.parameters);
  }
  if (ask.output_schema) bytes += json_bytes(*ask.output_schema);
  return estimated_tokens(bytes) + images * kImageTokens;
}

}  // namespace synap::models

// What a language model is asked and what it answers, whichever provider's wire carries it: the one
// form that people, functions and agents of the pod know. What a provider adds to it is left out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/schema.h"

namespace synap::models {

/// A piece of text in a message.
struct TextPart {
  std::string text;
};
const ObjectSchema<TextPart>& describe(Type<TextPart>);

/// A picture in a message: its bytes (`data`, base64, with `media_type`), or where the provider
/// finds it. The pod itself fetches nothing.
struct ImagePart {
  std::optional<std::string> media_type;
  std::optional<std::string> data;
  std::optional<std::string> url;
};
const ObjectSchema<ImagePart>& describe(Type<ImagePart>);

using Part = std::variant<TextPart, ImagePart>;
const PlainSchema& describe(Type<Part>);

/// A model asks that a tool be called. `arguments` is what it wrote, meant to be a JSON object.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;
  /// `arguments`, read; absent where they are no JSON object, and then `error` says why.
  std::optional<Json> input;
  std::optional<std::string> error;
};
const ObjectSchema<ToolCall>& describe(Type<ToolCall>);

/// Anthropic takes so many marks of what is to be kept.
inline constexpr int kCachedMax = 4;

/// One message of a conversation. `text` stands before `parts`.
struct Message {
  std::string role;  // "system", "user", "assistant" or "tool"
  std::optional<std::string> text;
  std::vector<Part> parts;                  // of a user
  std::vector<ToolCall> tool_calls;         // of an assistant
  std::optional<std::string> tool_call_id;  // of a tool: whose answer it is
  /// A hint: all up to here comes again, and is worth being kept by a provider that keeps prompts.
  bool is_cached = false;
};
const ObjectSchema<Message>& describe(Type<Message>);

/// A tool that the model may ask for.
struct Tool {
  std::string name;
  std::string description;
  Json parameters;  // JSON Schema of an object
};
const ObjectSchema<Tool>& describe(Type<Tool>);

/// What is asked of a model, all in all.
struct Ask {
  std::vector<Message> messages;
  std::vector<Tool> tools;
  /// "auto", "none", "required", or the name of the tool that must be called.
  std::optional<std::string> tool_choice;
  /// The answer must be JSON of this schema.
  std::optional<Json> output_schema;
  std::optional<std::int64_t> tokens_max;  // of the answer; absent: the provider's setting
  std::optional<double> temperature;
  std::vector<std::string> stop;
  /// Not told to the provider: how long all tries together may take, where that is less than the
  /// settings leave it; in a step it is not tried again then. Absent: what the settings say.
  std::optional<std::chrono::milliseconds> time_max = std::nullopt;
};
const ObjectSchema<Ask>& describe(Type<Ask>);

/// Tokens as the provider counted them, or, where it did not come to tell them, estimated.
struct Usage {
  std::int64_t input = 0;   // of the prompt, those that were kept from before among them
  std::int64_t output = 0;  // of the answer
  std::int64_t cached = 0;  // of `input`: what the provider had kept
  /// Of `input`, beside those: what the provider has begun to keep, for which some charge more.
  std::int64_t cache_written = 0;
  bool is_estimated = false;
};
const ObjectSchema<Usage>& describe(Type<Usage>);

/// A whole answer.
struct Answer {
  std::string call_id;  // of the event model.called
  std::string text;
  std::vector<ToolCall> tool_calls;
  std::optional<Json> output;  // of an Ask with output_schema
  std::string finish;          // "stop", "length", "tools", "filtered" or "other"
  Usage usage;
  double cost = 0;          // in the currency of the settings
  std::string provider;     // its name in the settings
  std::string model;        // that was asked
  std::string answered_by;  // the model as the provider names it; empty: it does not
  std::int64_t ms = 0;
};
const ObjectSchema<Answer>& describe(Type<Answer>);

/// A piece of an answer as it comes.
struct TextDelta {
  std::string text;
};
/// A piece of the `index`th tool call. Its id and name come with the first piece.
struct ToolDelta {
  int index = 0;
  std::string id;
  std::string name;
  std::string arguments;
};
using Delta = std::variant<TextDelta, ToolDelta>;

/// kBadRequest: what cannot be asked of any model, and where it stands.
Result<> check(const Ask& ask);

/// The answer's JSON, if it is one of the schema that was asked for. kBadGateway, with what is
/// wrong: the model did not do as it was told.
Result<Json> checked_output(const Json& schema, const std::string& text);
/// Whether this is such an error.
bool is_unfit(const Error& error);

/// Reads the arguments, or notes why they cannot be.
void read_arguments(ToolCall& call);

/// Roughly how many tokens a text has: for budgets and for calls that broke off. Languages differ;
/// four bytes a token is English.
std::int64_t estimated_tokens(std::size_t bytes);
/// Of all that is asked.
std::int64_t estimated_tokens(const Ask& ask);

}  // namespace synap::models

#include "models/wire.h"

#include <algorithm>

namespace synap::models {
namespace {

std::string_view path_of(Wire wire) {
  switch (wire) {
    case Wire::kChatCompletions:
      return "/chat/completions";
    case Wire::kResponses:
      return "/responses";
    case Wire::kMessages:
      return "/messages";
  }
  return "";
}

Result<Json> body_of(const Provider& provider, const Ask& ask) {
  switch (provider.wire) {
    case Wire::kChatCompletions:
      return chat_body(provider, ask);
    case Wire::kResponses:
      return responses_body(provider, ask);
    case Wire::kMessages:
      return messages_body(provider, ask);
  }
  return fail(Code::kInternalServerError, "");
}

}  // namespace

Result<outbound::Request> request_of(const Provider& provider, const Ask& ask) {
  auto body = body_of(provider, ask);
  if (!body) return fail(body.error());
  outbound::Request request{
      .method = "POST",
      .url = provider.url + std::string(path_of(provider.wire)),
      .headers = {{"content-type", "application/json"}, {"accept", "text/event-stream"}},
      .body = body->dump()};
  if (provider.wire == Wire::kMessages) {
    // The version of the wire as it is read here, which its server keeps.
    request.headers.push_back({"anthropic-version", "2023-06-01"});
    if (!provider.key.empty()) request.headers.push_back({"x-api-key", provider.key});
  } else if (!provider.key.empty()) {
    request.headers.push_back({"authorization", "Bearer " + provider.key});
  }
  return request;
}

bool is_strict(const Json& schema) {
  if (!schema.is_object()) return true;
  if (const auto* properties = schema.find("properties");
      properties != nullptr && properties->is_object()) {
    const auto* more = schema.find("additionalProperties");
    if (more == nullptr || !more->is_bool() || more->as_bool()) return false;
    const auto* required = schema.find("required");
    for (const auto& [name, inner] : properties->as_object()) {
      const bool is_required = required != nullptr && required->is_array() &&
                               std::ranges::any_of(required->as_array(), [&name](const Json& one) {
                                 return one.is_string() && one.as_string() == name;
                               });
      if (!is_required || !is_strict(inner)) return false;
    }
  } else if (schema.string_or("type", "") == "object") {
    return false;
  }
  for (const auto key : {"items", "anyOf", "$defs"}) {
    const auto* inner = schema.find(key);
    if (inner == nullptr) continue;
    if (inner->is_array()) {
      if (!std::ranges::all_of(inner->as_array(), is_strict)) return false;
    } else if (std::string_view(key) == "$defs" && inner->is_object()) {
      for (const auto& [_, one] : inner->as_object()) {
        if (!is_strict(one)) return false;
      }
    } else if (!is_strict(*inner)) {
      return false;
    }
  }
  return true;
}

std::string url_of(const ImagePart& image) {
  if (image.url) return *image.url;
  return "data:" + image.media_type.value_or("") + ";base64," + image.data.value_or("");
}

std::vector<Part> parts_of(const Message& message) {
  std::vector<Part> parts;
  if (message.text) parts.push_back(TextPart{*message.text});
  parts.insert(parts.end(), message.parts.begin(), message.parts.end());
  return parts;
}

std::int64_t tokens_max_of(const Provider& provider, const Ask& ask) {
  return ask.tokens_max.value_or(answer_tokens_max(provider));
}

}  // namespace synap::models

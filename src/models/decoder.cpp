#include "models/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace synap::models {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The value of \uXXXX at `at`, or -1.
int escaped_unit(std::string_view text, std::size_t at) {
  if (text.size() < at + 6 || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_high(int unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low(int unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

}  // namespace

std::string mended(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] == '\\') {
      const int unit = escaped_unit(json, at);
      if (is_high(unit) && is_low(escaped_unit(json, at + 6))) {
        text.append(json.substr(at, 12));
        at += 12;
      } else if (is_high(unit) || is_low(unit)) {
        text.append(kReplacement);
        at += 6;
      } else {
        const auto size = std::min<std::size_t>(unit < 0 ? 2 : 6, json.size() - at);
        text.append(json.substr(at, size));
        at += size;
      }
      continue;
    }
    const auto point = first_code_point(json.substr(at));
    text.append(point.is_valid ? json.substr(at, point.bytes) : kReplacement);
    at += point.bytes;
  }
  return text;
}

std::int64_t count_of(const Json* json, std::string_view key) {
  const Json* value = json != nullptr ? json->find(key) : nullptr;
  constexpr std::int64_t kMost = 1'000'000'000;
  if (value == nullptr || !value->is_integer()) return 0;
  return std::clamp<std::int64_t>(value->as_integer(), 0, kMost);
}

std::string model_name(std::string_view text) {
  constexpr std::size_t kBytesMax = 200;
  text = text.substr(0, kBytesMax);
  return std::string(text.substr(0, valid_utf8_prefix(text)));
}

std::string_view text_at(const Json& json, std::string_view key) {
  return json.string_or(key, "");
}

Complaint complaint_of(const Json& json) {
  const Json* error = json.find("error");
  if (error != nullptr && error->is_string()) return {"", error->as_string()};
  const Json& inner = error != nullptr && error->is_object() ? *error : json;
  auto code = text_at(inner, "code");
  if (code.empty()) code = text_at(inner, "type");
  auto message = text_at(inner, "message");
  if (message.empty()) message = text_at(inner, "detail");
  return {std::string(code), std::string(message)};
}

std::unique_ptr<Decoder> Decoder::make(Wire wire) {
  switch (wire) {
    case Wire::kChatCompletions:
      return make_chat_decoder();
    case Wire::kResponses:
      return make_responses_decoder();
    case Wire::kMessages:
      return make_messages_decoder();
  }
  return nullptr;
}

Result<> Decoder::read(std::string_view bytes) {
  events_.add(bytes);
  while (!is_over_ && !complaint_) {
    const auto event = events_.next();
    if (!event) break;
    if (auto done = read_data(*event); !done) return done;
    if (has_excess_) {
      return fail(Code::kPayloadTooLarge,
                  fmt::format("The model's answer is larger than {} bytes", kBytesMax));
    }
  }
  if (events_.bytes_kept() > kEventBytesMax) {
    return fail(Code::kPayloadTooLarge, fmt::format("An event of the model's answer is larger "
                                                    "than {} bytes",
                                                    kEventBytesMax));
  }
  return {};
}

Result<> Decoder::read_data(const outbound::SseEvent& event) {
  if (event.data == "[DONE]") {
    is_over_ = true;
    return {};
  }
  if (event.data.empty()) return {};
  auto json = parse_json(event.data);
  if (!json) json = parse_json(mended(event.data));
  if (!json) {
    return fail(Code::kBadGateway,
                fmt::format("An event of the model's answer is no JSON: {}", json.error().message));
  }
  return read_event(event.name, *json);
}

Decoder::Call* Decoder::find(std::int64_t key) {
  const auto at = std::ranges::find(calls_, key, &Call::key);
  return at != calls_.end() ? &*at : nullptr;
}

void Decoder::add_text(std::string_view text) {
  if (text.empty()) return;
  bytes_ += text.size();
  if (bytes_ > kBytesMax) has_excess_ = true;
  if (has_excess_) return;
  text_.append(text);
  deltas_.push_back(TextDelta{std::string(text)});
}

void Decoder::begin_call(std::int64_t key, std::string_view id, std::string_view name) {
  constexpr std::size_t kNameMax = 256;
  if (find(key) != nullptr) return;
  if (calls_.size() >= kToolCallsMax) {
    has_excess_ = true;
    return;
  }
  // Some servers give no id; whoever answers the call needs one.
  auto known = id.empty() ? fmt::format("call_{}", calls_.size()) : std::string(id);
  known.resize(valid_utf8_prefix(std::string_view(known).substr(0, kNameMax)));
  Call call{key, {.id = std::move(known), .name = std::string(name.substr(0, kNameMax))}};
  call.call.name.resize(valid_utf8_prefix(call.call.name));
  if (call.call.name.empty()) call.call.name = "unnamed";
  deltas_.push_back(ToolDelta{
      .index = static_cast<int>(calls_.size()), .id = call.call.id, .name = call.call.name});
  calls_.push_back(std::move(call));
}

void Decoder::add_arguments(std::int64_t key, std::string_view text) {
  if (text.empty()) return;
  auto* call = find(key);
  if (call == nullptr) return;
  bytes_ += text.size();
  if (bytes_ > kBytesMax) has_excess_ = true;
  if (has_excess_) return;
  call->call.arguments.append(text);
  deltas_.push_back(
      ToolDelta{.index = static_cast<int>(call - calls_.data()), .arguments = std::string(text)});
}

void Decoder::complete(std::string_view finish) {
  is_complete_ = true;
  finish_ = finish;
}

std::vector<ToolCall> Decoder::tool_calls() const {
  std::vector<ToolCall> calls;
  for (const auto& one : calls_) {
    calls.push_back(one.call);
    read_arguments(calls.back());
  }
  return calls;
}

}  // namespace synap::models

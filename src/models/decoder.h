// Decoder: reads the stream of one answer, as one wire has it, into what it says: pieces to hand on
// at once, and the whole at the end.
//
// Whatever comes in is a provider's, who may be broken: it is bounded, and what is no JSON is an
// error. Fields that are not known are passed over.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/conversation.h"
#include "models/provider.h"
#include "outbound/sse.h"

namespace synap::models {

/// What a provider says went wrong, in its own words. Not bounded, not redacted.
struct Complaint {
  std::string code;  // "overloaded_error"; empty: it says none
  std::string message;
};

/// The complaint in a body or an event: {"error":{"message",...}} and the like.
Complaint complaint_of(const Json& json);

/// A model as its provider names it: as much of that as is kept.
std::string model_name(std::string_view text);

/// One answer. One thread at a time.
class Decoder {
 public:
  /// Texts and arguments of one answer; more is an error.
  static constexpr std::size_t kBytesMax = std::size_t{8} * 1024 * 1024;
  /// Of one event: a whole answer may be repeated in the last one.
  static constexpr std::size_t kEventBytesMax = 2 * kBytesMax;
  static constexpr std::size_t kToolCallsMax = 256;

  static std::unique_ptr<Decoder> make(Wire wire);
  virtual ~Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Reads bytes as they come, cut anywhere. kBadGateway: they are no such stream;
  /// kPayloadTooLarge. Where the provider itself says in the stream that it failed, complaint()
  /// has its words.
  Result<> read(std::string_view bytes);
  /// Pieces since the last call.
  std::vector<Delta> take_deltas() { return std::exchange(deltas_, {}); }

  /// The model has come to its end: nothing of the answer is missing.
  bool is_complete() const { return is_complete_; }
  /// Nothing more of interest comes.
  bool is_over() const { return is_over_; }
  const std::optional<Complaint>& complaint() const { return complaint_; }

  // What was read so far:
  const std::string& text() const { return text_; }
  std::vector<ToolCall> tool_calls() const;
  const std::string& finish() const { return finish_; }
  const std::string& answered_by() const { return answered_by_; }
  /// What the provider has counted; nothing of it: is_estimated.
  const Usage& usage() const { return usage_; }
  /// Of all texts and arguments.
  std::size_t bytes() const { return bytes_; }

 protected:
  Decoder() { usage_.is_estimated = true; }

  /// One event that is JSON.
  virtual Result<> read_event(const std::string& name, const Json& json) = 0;

  void add_text(std::string_view text);
  /// The call that the wire knows by `key`; made by the first that names it.
  void begin_call(std::int64_t key, std::string_view id, std::string_view name);
  void add_arguments(std::int64_t key, std::string_view text);
  void set_answered_by(std::string_view model) { answered_by_ = model_name(model); }
  void set_usage(Usage usage) { usage_ = usage; }
  Usage& counted() { return usage_; }
  void complete(std::string_view finish);
  void set_over() { is_over_ = true; }
  void complain(Complaint complaint) { complaint_ = std::move(complaint); }

 private:
  struct Call {
    std::int64_t key = 0;
    ToolCall call;
  };
  Call* find(std::int64_t key);
  Result<> read_data(const outbound::SseEvent& event);

  outbound::SseReader events_;
  std::vector<Delta> deltas_;
  std::string text_;
  std::vector<Call> calls_;
  std::string finish_ = "other";
  std::string answered_by_;
  Usage usage_;
  std::optional<Complaint> complaint_;
  std::size_t bytes_ = 0;
  bool has_excess_ = false;
  bool is_complete_ = false;
  bool is_over_ = false;
};

/// The text of JSON that was cut in the middle of a character: bytes that are no UTF-8 and halves
/// of surrogate pairs are U+FFFD. Some servers cut tokens so.
std::string mended(std::string_view json);

/// A number of tokens, as a provider says it: 0 if it says none, a thousand million at most.
std::int64_t count_of(const Json* json, std::string_view key);
/// A member of an object as text; empty if there is none.
std::string_view text_at(const Json& json, std::string_view key);

std::unique_ptr<Decoder> make_chat_decoder();
std::unique_ptr<Decoder> make_responses_decoder();
std::unique_ptr<Decoder> make_messages_decoder();

/// With structured output over the wire of Anthropic, the model answers by a tool of this name.
inline constexpr std::string_view kAnswerTool = "synap_answer";

}  // namespace synap::models

// Provider: where a language model is found, as the settings say it. No model is named in the
// program, and a pod without any provider starts and does all else.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/conversation.h"

namespace synap::models {

/// What a provider speaks.
enum class Wire : std::uint8_t {
  kChatCompletions,  // POST /chat/completions of OpenAI, and of all that are compatible with it
  kResponses,        // POST /responses of OpenAI
  kMessages,         // POST /messages of Anthropic
};
std::string_view wire_name(Wire wire);  // "chat-completions"
std::optional<Wire> wire_by_name(std::string_view name);

/// Of a million tokens, in whichever currency the owner counts.
struct Price {
  double input = 0;
  double output = 0;
  std::optional<double> cached = std::nullopt;         // absent: as others of the input
  std::optional<double> cache_written = std::nullopt;  // the same
};

/// Money in billionths of the currency, so that sums are exact.
std::int64_t cost_nanos(const Price& price, const Usage& usage);
double money(std::int64_t nanos);

/// One model at one address.
struct Provider {
  std::string name;  // how people know it; unique among those of its capability
  Wire wire = Wire::kChatCompletions;
  std::string url;  // what stands before "/chat/completions": "http://127.0.0.1:11434/v1"
  std::string model;
  std::string key;  // secret: shown to nobody; empty: none is needed
  Price price = {};
  /// All in all, and until the next byte comes.
  std::chrono::milliseconds timeout{300'000};
  std::chrono::seconds silence{60};
  /// How often a call is tried again, before the next provider is.
  int retries = 2;
  /// Of an answer, where the caller says nothing.
  std::int64_t tokens_max = 4'096;
  /// Of a question and its answer together. Nothing: more than agents ask with (agents::Limits).
  std::optional<std::int64_t> context_tokens = std::nullopt;
  /// What chat completions call that: newer models of OpenAI want "max_completion_tokens".
  std::string tokens_field = "max_tokens";
  // Of the capability `embed`:
  std::size_t dimension = 0;           // of its vectors
  std::size_t input_tokens_max = 512;  // what is beyond is not read
  std::size_t batch = 64;              // texts a request
};

/// What a user, and one of his keys, may take in a day (UTC), over all capabilities. Absent: all.
struct Budget {
  std::optional<std::int64_t> tokens = std::nullopt;
  std::optional<double> cost = std::nullopt;

  bool is_set() const { return tokens || cost; }
};

/// All that the settings say of language models.
struct Options {
  std::vector<Provider> chat = {};  // asked in this order
  std::vector<Provider> embed = {};
  Budget of_user = {};
  Budget of_key = {};
  Budget of_chain = {};  // of runs of agents (agents/chain.h), however many days it lasts
};

/// Of an answer, where the caller says nothing: a fourth of a small context at most.
std::int64_t answer_tokens_max(const Provider& provider);

/// Of a question that any of them takes, whichever answers, by the estimate of it: `most` of them,
/// or fewer.
std::int64_t question_tokens_max(const Options& options, std::int64_t most);

/// The host and port of a provider, as the list of allowed addresses has them ("127.0.0.1:11434"):
/// the owner has named it, so the guard lets the pod go there, and nowhere else beside it.
std::string destination_of(const Provider& provider);

}  // namespace synap::models

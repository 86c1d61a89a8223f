#include "models/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "outbound/url.h"

namespace synap::models {
namespace {

constexpr std::array<std::pair<Wire, std::string_view>, 3> kWires = {{
    {Wire::kChatCompletions, "chat-completions"},
    {Wire::kResponses, "responses"},
    {Wire::kMessages, "messages"},
}};

}  // namespace

std::string_view wire_name(Wire wire) {
  for (const auto& [one, name] : kWires) {
    if (one == wire) return name;
  }
  return "";
}

std::optional<Wire> wire_by_name(std::string_view name) {
  for (const auto& [wire, one] : kWires) {
    if (one == name) return wire;
  }
  return std::nullopt;
}

std::int64_t cost_nanos(const Price& price, const Usage& usage) {
  // Of a million tokens in units of the currency is of a token in millionths of it.
  constexpr double kNanosOfMicro = 1'000;
  const auto fresh = static_cast<double>(usage.input - usage.cached - usage.cache_written);
  const auto cost =
      fresh * price.input + static_cast<double>(usage.cached) * price.cached.value_or(price.input) +
      static_cast<double>(usage.cache_written) * price.cache_written.value_or(price.input) +
      static_cast<double>(usage.output) * price.output;
  // A sum of a million such is still a number of the database.
  constexpr double kMost = 1e12 * 1e3;
  return std::llround(std::min(cost * kNanosOfMicro, kMost));
}

double money(std::int64_t nanos) {
  return static_cast<double>(nanos) / 1e9;
}

std::int64_t answer_tokens_max(const Provider& provider) {
  constexpr std::int64_t kShare = 4;
  if (!provider.context_tokens) return provider.tokens_max;
  return std::min(provider.tokens_max, *provider.context_tokens / kShare);
}

std::int64_t question_tokens_max(const Options& options, std::int64_t most) {
  for (const auto& one : options.chat) {
    if (!one.context_tokens) continue;
    // The estimate is four bytes a token, and languages other than English have fewer.
    constexpr std::int64_t kTenths = 8;
    most = std::min(most, (*one.context_tokens - answer_tokens_max(one)) * kTenths / 10);
  }
  return most;
}

std::string destination_of(const Provider& provider) {
  const auto url = outbound::parse_url(provider.url);
  if (!url) return "";
  return url->host.contains(':') ? fmt::format("[{}]:{}", url->host, url->port)
                                 : fmt::format("{}:{}", url->host, url->port);
}

}  // namespace synap::models

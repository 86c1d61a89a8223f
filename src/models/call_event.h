// What the log keeps of each call of a model: an event of the user for whom it was made. It has
// neither the prompt nor the answer nor a key.
#pragma once

#include <string>

#include "events/types.h"
#include "projections/projection.h"

namespace synap::models {

/// The data of model.called.
struct ModelCall {
  std::string call_id;
  std::string capability;  // "chat" or "embed"
  std::string provider;
  std::string wire;
  std::string model;
  std::optional<std::string> answered_by;
  std::string day;  // whose budget it is of: "2026-11-27", UTC
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cached = 0;
  std::optional<std::int64_t> cache_written = std::nullopt;  // of input; absent: nothing
  bool is_estimated = false;
  std::int64_t cost_nanos = 0;  // billionths of the currency
  std::int64_t ms = 0;
  std::optional<std::int64_t> first_ms;  // until the first piece was there
  /// As of an Answer, or "error", "cancelled" (nobody waited any more) or "interrupted" (the
  /// process ended).
  std::string finish;
  std::optional<std::string> error;       // the code: "BAD_GATEWAY"
  std::optional<std::string> reason;      // "MODEL_STREAM_CUT"
  std::optional<std::int64_t> status;     // of HTTP
  std::optional<std::string> request_id;  // the provider's
  std::string request_hash;               // SHA-256 of what was sent; empty: nothing was
  std::int64_t attempts = 0;              // requests, of all providers
  /// The chain of runs of agents that it is of: its first run. Absent: of none.
  std::optional<std::string> chain = std::nullopt;
  /// The key whose budget it is of, where another acted: Caller::key. Absent: of the key that did.
  std::optional<std::string> key = std::nullopt;
  /// How many secrets were left out of what was asked. Absent: none.
  std::optional<std::int64_t> secrets = std::nullopt;
};
const ObjectSchema<ModelCall>& describe(Type<ModelCall>);

inline constexpr events::EventType<ModelCall> kModelCalled{"model.called"};

/// The aggregate of all calls of a user, so that one row of the account is of one aggregate.
Uuid account_of(const std::string& user_id);
inline constexpr std::string_view kAccountType = "model-account";

/// model_usage: tokens and money of each user by day, key, capability, provider and model.
projections::Projection usage_projection();

/// model_chains: tokens and money of each chain of runs of agents.
projections::Projection chains_projection();

/// "2026-11-27", UTC.
std::string day_of(std::int64_t unix_ms);

}  // namespace synap::models

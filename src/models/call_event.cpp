#include "models/call_event.h"

#include "base/clock.h"

namespace synap::models {
namespace {

void fold(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kModelCalled);
  if (!data) return tx.abort(data.error());
  const auto& call = **data;
  const bool is_by_key = event.actor && event.actor->kind == events::Actor::Kind::kKey;
  const std::string key = call.key.value_or(is_by_key ? event.actor->id : "");
  const std::int64_t failed = call.error ? 1 : 0;
  tx.run(
      "INSERT INTO model_usage_data(user_id, day, key_id, capability, provider, model, calls, "
      "failed, input, output, cached, cost) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, "
      "$11) ON CONFLICT (user_id, day, key_id, capability, provider, model) DO UPDATE SET "
      "calls = model_usage_data.calls + excluded.calls, "
      "failed = model_usage_data.failed + excluded.failed, "
      "input = model_usage_data.input + excluded.input, "
      "output = model_usage_data.output + excluded.output, "
      "cached = model_usage_data.cached + excluded.cached, "
      "cost = model_usage_data.cost + excluded.cost",
      event.user_id, call.day, key, call.capability, call.provider, call.model, failed, call.input,
      call.output, call.cached, call.cost_nanos);
}

void fold_chain(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kModelCalled);
  if (!data) return tx.abort(data.error());
  const auto& call = **data;
  const auto chain = call.chain ? Uuid::parse(*call.chain) : std::nullopt;
  if (!chain) return;
  tx.run(
      "INSERT INTO model_chains_data(chain, user_id, tokens, cost) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (chain) DO UPDATE SET tokens = model_chains_data.tokens + excluded.tokens, "
      "cost = model_chains_data.cost + excluded.cost",
      *chain, event.user_id, call.input + call.output, call.cost_nanos);
}

}  // namespace

const ObjectSchema<ModelCall>& describe(Type<ModelCall>) {
  static const auto schema =
      object<ModelCall>("ModelCall")
          .field("callId", &ModelCall::call_id, string().uuid())
          .field("capability", &ModelCall::capability, one_of({"chat", "embed"}))
          .field("provider", &ModelCall::provider)
          .field("wire", &ModelCall::wire)
          .field("model", &ModelCall::model)
          .field("answeredBy", &ModelCall::answered_by, string(),
                 "The model as the provider names it.")
          .field("day", &ModelCall::day, string(), "Of whose budget it is, UTC.")
          .field("input", &ModelCall::input, integer().min(0), "Tokens.")
          .field("output", &ModelCall::output, integer().min(0), "Tokens.")
          .field("cached", &ModelCall::cached, integer().min(0), "Of input.")
          .field("cacheWritten", &ModelCall::cache_written, integer().min(0),
                 "Of input: what the provider has begun to keep. Absent: nothing.")
          .field("estimated", &ModelCall::is_estimated, boolean(),
                 "True: the provider did not come to say how many tokens.")
          .field("costNanos", &ModelCall::cost_nanos, integer().min(0),
                 "Billionths of the currency of the settings.")
          .field("ms", &ModelCall::ms, integer().min(0))
          .field("firstMs", &ModelCall::first_ms, integer().min(0),
                 "Until the first piece of the answer was there.")
          .field("finish", &ModelCall::finish,
                 one_of({"stop", "length", "tools", "filtered", "other", "error", "cancelled",
                         "interrupted"}))
          .field("error", &ModelCall::error, string(), "Its code.")
          .field("reason", &ModelCall::reason, string())
          .field("status", &ModelCall::status, integer(), "Of HTTP.")
          .field("requestId", &ModelCall::request_id, string(), "The provider's.")
          .field("requestHash", &ModelCall::request_hash, string(),
                 "SHA-256 of what was sent, hexadecimal.")
          .field("attempts", &ModelCall::attempts, integer().min(0),
                 "Requests, of all providers that were tried.")
          .field("chain", &ModelCall::chain, string().uuid(),
                 "The chain of runs of agents that it is of: its first run.")
          .field("key", &ModelCall::key, string(),
                 "The key whose budget it is of, where another acted: a session of that key, or an "
                 "agent's run that was asked for by it.")
          .field("secrets", &ModelCall::secrets, integer().min(1),
                 "So many keys and the like were left out of what was asked.");
  return schema;
}

Uuid account_of(const std::string& user_id) {
  return Uuid::derived(0, "synap model account\n" + user_id);
}

projections::Projection usage_projection() {
  using db::ColumnType;
  return {
      .name = "model_usage",
      .kind = projections::Projection::Kind::kInline,
      .tables = {{.name = "model_usage",
                  .columns = {{"user_id"},
                              {"day"},
                              {"key_id"},
                              {"capability"},
                              {"provider"},
                              {"model"},
                              {"calls", ColumnType::kInteger},
                              {"failed", ColumnType::kInteger},
                              {"input", ColumnType::kInteger},
                              {"output", ColumnType::kInteger},
                              {"cached", ColumnType::kInteger},
                              {"cost", ColumnType::kInteger}},
                  .primary_key = {"user_id", "day", "key_id", "capability", "provider", "model"}}},
      .types = {std::string(kModelCalled.name)},
      .fold = fold};
}

projections::Projection chains_projection() {
  using db::ColumnType;
  return {.name = "model_chains",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "model_chains",
                      .columns = {{"chain", ColumnType::kBytes},
                                  {"user_id"},
                                  {"tokens", ColumnType::kInteger},
                                  {"cost", ColumnType::kInteger}},
                      .primary_key = {"chain"}}},
          .types = {std::string(kModelCalled.name)},
          .fold = fold_chain};
}

std::string day_of(std::int64_t unix_ms) {
  return to_iso8601(unix_ms).substr(0, 10);
}

}  // namespace synap::models
